import { received } from "./received.mjs";

const origin = "https://orders.bench.example";
const elsewhere = "https://payments.bench.example";
const content = Buffer.from('{"order":42}');

/** What is done to a proved request, or how else it differs from a good one. */
const attacks = {
  "another method": { change: (request) => ({ ...request, method: "PUT" }) },
  "another path": {
    change: ({ target, ...rest }) => ({ ...rest, target: target.replace("42", "43") }),
  },
  "another query": {
    change: ({ target, ...rest }) => ({ ...rest, target: target.replace("lines", "all") }),
  },
  "another content type": {
    change: ({ headers, ...rest }) => ({
      ...rest,
      headers: headers.map(([name, value]) =>
        name === "content-type" ? [name, "text/plain"] : [name, value],
      ),
    }),
  },
  "other content": { change: (request) => ({ ...request, body: Buffer.from('{"order":43}') }) },
  "the same again": { times: 2 },
  "an hour old": { secondsAgo: 3600 },
  "made for another service": { by: "elsewhere", to: elsewhere },
  "by a key of nobody trusted": { by: "impostor" },
  "by a caller who may not": { by: "stranger" },
};

/** Why a way refuses each attack; null where it does not. It has to accept what nobody changed. */
export async function refusalsOf(way) {
  const issued = await way.issue();
  const refusal = await refusalOf(way, issued, {});
  if (refusal !== null) throw new Error(`a good request was refused: ${refusal}`);
  const refusals = {};
  for (const [name, attack] of Object.entries(attacks)) {
    refusals[name] = await refusalOf(way, issued, attack);
  }
  return refusals;
}

async function refusalOf(way, { service, callers }, attack) {
  const { by = "caller", to = origin, secondsAgo = 0, change = (same) => same, times = 1 } = attack;
  const request = requestTo(to);
  const proof = await earlier(secondsAgo, async () => {
    const sign = await way.signerOf(callers[by], to);
    return sign(request);
  });
  const arriving = change(received(request, proof));
  const verify = await way.verifierOf(service, origin);
  for (let time = 1; time < times; time++) await verify(arriving);
  return verify(arriving).then(
    () => null,
    ({ code, message }) => code ?? message,
  );
}

function requestTo(to) {
  const url = new URL("/v1/orders/42?expand=lines", to);
  const headers = [
    ["host", url.host],
    ["content-type", "application/json"],
  ];
  return { method: "POST", url, headers, content };
}

/** Does something as long ago: every way asks the machine what time it is. */
async function earlier(seconds, act) {
  const { Date: Now } = globalThis;
  globalThis.Date = class extends Now {
    constructor(...given) {
      super(...(given.length === 0 ? [Now.now() - seconds * 1000] : given));
    }
    static now() {
      return Now.now() - seconds * 1000;
    }
  };
  try {
    return await act();
  } finally {
    globalThis.Date = Now;
  }
}
