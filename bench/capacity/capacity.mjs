const proofSeconds = 60;
const skewSeconds = 30;
const rates = [1e3, 1e5, 1e6];

/** Cores at work for one second of so many requests, with `microseconds` of CPU each. */
const cores = (perSecond, microseconds) => (perSecond * microseconds) / 1e6;

/**
 * What so many requests per second between services cost, from the costs that the bench measured.
 * Proxies are counted by `servicePairs`, the number of pairs that the requests are spread over.
 */
export function capacityOf({ sidecar, primitives, replay }, { servicePairs = 100 } = {}) {
  const { loads, memory } = sidecar.runs.at(-1);
  const { signedBytes } = primitives.runs[0];
  const cpuOf = (mode) => ({
    saturated: loads.saturated[mode]["added CPU µs"],
    moderate: loads["1,000 requests/s"][mode]["added CPU µs"],
  });
  const bytesOf = (rows) => Object.values(rows).at(-1)?.["bytes an id"];
  const inMemory = bytesOf(replay.rows);
  const inRedis = bytesOf(replay.redis.rows);
  return rates.map((perSecond) => {
    const live = perSecond * (proofSeconds + skewSeconds);
    const designs = Object.fromEntries(
      ["firsthand", "sessions", "haproxy", "envoy"].map((mode) => {
        const { saturated, moderate } = cpuOf(mode);
        return [
          mode,
          {
            "cores, saturated": cores(perSecond, saturated),
            "cores, each at 1,000/s": cores(perSecond, moderate),
            "proxy memory, GiB": (2 * servicePairs * (memory[mode] ?? 0)) / 1024,
          },
        ];
      }),
    );
    return {
      perSecond,
      designs,
      "proof bytes, Mbit/s": (perSecond * (signedBytes + 90) * 8) / 1e6,
      "live proofs": live,
      "guards in memory, MiB": (live * inMemory) / 2 ** 20,
      "Redis, claims/s": perSecond,
      "Redis memory, GiB": inRedis && (live * inRedis) / 2 ** 30,
    };
  });
}
