/**
 * Calls again and again with `inFlight` at a time, or `perSecond` of them whatever happens. Answers
 * with how long each took, in microseconds; in an open loop from when it should have begun.
 */
export async function drive(call, { count, inFlight, perSecond }) {
  const took = [];
  const start = performance.now();
  if (perSecond === undefined) {
    let next = 0;
    const worker = async () => {
      while (next++ < count) {
        const began = performance.now();
        await call();
        took.push((performance.now() - began) * 1000);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
  } else {
    await openLoop(call, count, perSecond, took);
  }
  return { took, seconds: (performance.now() - start) / 1000 };
}

function openLoop(call, count, perSecond, took) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let begun = 0;
    let ended = 0;
    const timer = setInterval(() => {
      const elapsed = (performance.now() - start) / 1000;
      const due = Math.min(count, Math.floor(elapsed * perSecond) + 1); // the first is due at once
      for (; begun < due; begun++) void one(start + (begun * 1000) / perSecond);
      if (begun === count) clearInterval(timer);
    }, 1);
    async function one(dueAt) {
      try {
        await call();
        took.push((performance.now() - dueAt) * 1000);
      } catch (error) {
        clearInterval(timer);
        reject(error);
        return;
      }
      ended++;
      if (ended === count) resolve();
    }
  });
}
