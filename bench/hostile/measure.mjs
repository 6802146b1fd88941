import { createTrustDomain } from "@firsthand/testing";
import { runProgram } from "../harness/child.mjs";
import { nodePath } from "../harness/node-versions.mjs";
import { printTable } from "../harness/report.mjs";
import { summary } from "../harness/statistics.mjs";
import { createBenchTrust } from "../services/trust.mjs";
import { measureFlood } from "./flood.mjs";

const program = new URL("program.mjs", import.meta.url);
const malformed = ["no token", "not base64url"];
const floodKinds = {
  "not base64url": { change: "not base64url", connections: 64 },
  "bad signature": { change: "bad signature", connections: 64 },
  "bad signature, 8 connections": { change: "bad signature", connections: 8 },
};
const sizes = {
  smoke: { rounds: 2, batch: 3, flood: { rounds: 1, seconds: 0.05, honestPerSecond: 100 } },
  short: { rounds: 300, batch: 10, flood: { rounds: 7, seconds: 1, honestPerSecond: 200 } },
  full: { rounds: 1000, batch: 10, flood: { rounds: 15, seconds: 2, honestPerSecond: 200 } },
};

/** What refusing costs beside accepting, and what honest callers notice of a flood. */
export async function measure(size) {
  const { rounds, batch, flood } = sizes[size];
  const trust = await createBenchTrust();
  const stranger = await (await createTrustDomain("elsewhere.example")).identity("/checkout");
  const execPath = nodePath(size === "smoke" ? "here" : "24");
  const data = { trust: { ...trust, stranger: stranger.material() }, rounds, batch };
  const { samples, codes, node } = await runProgram(program, { execPath, data });
  const accept = summary(samples.accept).median;
  const rows = Object.fromEntries(
    Object.entries(samples).map(([name, values]) => {
      const { median, low, high } = summary(values);
      return [name, { code: codes[name], CPU: median, low, high, "÷ accept": median / accept }];
    }),
  );
  printTable(`refusing, µs of CPU, Node ${node}`, rows);
  const floods = await measureFlood({ execPath, trust, ...flood, kinds: floodKinds });
  printTable("honest callers", floods.rows);
  console.log(floods.ratios);
  const costs = malformed.map((name) => rows[name]["÷ accept"]);
  return { node, rows, floods, ratios: { "malformed ÷ accept": Math.max(...costs) } };
}
