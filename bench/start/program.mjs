// Imports one package and says what that took.
import { data } from "../harness/program.mjs";

const start = performance.now();
const before = process.cpuUsage();
if (data.name !== undefined) await import(data.name);
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  JSON.stringify({
    wall: performance.now() - start,
    cpu: (user + system) / 1000,
    memory: process.memoryUsage.rss() / 2 ** 20,
  }),
);
