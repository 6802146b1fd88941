import { measureHandler } from "./handler.mjs";
import { measureMemory } from "./memory.mjs";
import { measureTightLoop } from "./tight-loop.mjs";

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const round = (value) => Math.round(value * 10) / 10;

console.log(`Node ${process.version}`);

const session = await measureTightLoop("on", { rounds: 15, count: 20_000 });
const signed = await measureTightLoop("off", { rounds: 5, count: 2000 });
for (const { format, best, median } of [session, signed]) {
  console.log(`prove and verify, ${format}: best ${round(best)} µs, median ${round(median)} µs`);
}

console.log(`memory of a session: ${Math.round(await measureMemory(20_000))} bytes`);

const { plain, verified } = await measureHandler({ rounds: 9, count: 8000 });
const ratios = plain.map(({ rate }, i) => verified[i].rate / rate);
const cpu = plain.map((one, i) => one.cpu / verified[i].cpu);
console.log(
  `node:http handler, requests in a second: ${Math.round(median(plain.map((it) => it.rate)))} plain, ` +
    `${Math.round(median(verified.map((it) => it.rate)))} verified, ratio ${median(ratios).toFixed(2)}; ` +
    `CPU of the server, plain ÷ verified: ${median(cpu).toFixed(2)}`,
);
process.exit();
