/** Milliseconds since the process began. */
export const started = performance.now();

/** Prints what this process needed to get its SVID, and ends it. */
export function report(imported, id) {
  const arrived = performance.now();
  const { user, system } = process.cpuUsage();
  const figures = {
    id,
    "import ms": imported - started,
    "fetch ms": arrived - imported,
    "start to SVID ms": arrived,
    "CPU ms": (user + system) / 1000,
    "RSS MiB": process.memoryUsage.rss() / 2 ** 20,
  };
  process.stdout.write(JSON.stringify(figures), () => process.exit(0));
}
