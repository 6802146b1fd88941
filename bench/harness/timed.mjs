/** An act that does a batch of operations: wall and CPU time of one of them, in microseconds. */
export function timed(operation, batch) {
  return async (given) => {
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    for (let at = 0; at < batch; at++) await operation(given, at);
    const wall = performance.now() - start;
    const { user, system } = process.cpuUsage(cpuBefore);
    return { wall: (wall * 1000) / batch, cpu: (user + system) / batch };
  };
}
