import { median, summary } from "../harness/statistics.mjs";

const total = ({ cpu }) => Object.values(cpu).reduce((sum, used) => sum + used, 0);

/**
 * What each mode adds to a direct call of the same round: latency in microseconds, and CPU time of all
 * processes. A hundred microseconds of CPU a request are one second for 10,000 requests.
 */
export function figuresOf(samples) {
  const { direct } = samples;
  return Object.fromEntries(
    Object.entries(samples).map(([name, blocks]) => {
      const added = (figure) => blocks.map((block, round) => figure(block) - figure(direct[round]));
      const p50 = summary(added((block) => block.p50));
      const cpu = summary(added(total));
      return [
        name,
        {
          "p50 µs": median(blocks.map((block) => block.p50)),
          "added p50 µs": p50.median,
          "p50 low": p50.low,
          "p50 high": p50.high,
          "added p99 µs": median(added((block) => block.p99)),
          "CPU µs": median(blocks.map(total)),
          "added CPU µs": cpu.median,
          "CPU low": cpu.low,
          "CPU high": cpu.high,
          "requests/s": median(blocks.map((block) => block.perSecond)),
          ...perProcess(blocks),
        },
      ];
    }),
  );
}

/** CPU seconds for 10,000 requests, process by process. */
function perProcess(blocks) {
  const names = Object.keys(blocks[0].cpu);
  return Object.fromEntries(
    names.map((name) => [`${name} s/10k`, median(blocks.map(({ cpu }) => cpu[name])) / 100]),
  );
}
