import { measureMemory } from "./memory.mjs";
import { measureTightLoop } from "./tight-loop.mjs";

console.log(
  process.version,
  await measureTightLoop("on", { rounds: 40, count: 5000 }),
  "mem",
  await measureMemory(10000),
);
process.exit();
