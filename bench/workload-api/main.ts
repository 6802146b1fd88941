import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createTrustDomain, serveWorkloadApi } from "@firsthand/testing";

type Figures = Readonly<Record<string, number | string>>;

const programs = ["node", "firsthand", "grpc-js", "connect"];
const expected = "spiffe://shop.example/checkout";
const runs = Number(process.argv[2] ?? 31);

const trustDomain = await createTrustDomain("shop.example");
for (const name of ["partner.example", "bank.example"]) {
  trustDomain.federate(await createTrustDomain(name));
}
const agent = await serveWorkloadApi({ trustDomain, workloads: ["/checkout"] });
const env = { ...process.env, SPIFFE_ENDPOINT_SOCKET: agent.address };

async function measure(program: string): Promise<Figures> {
  const path = fileURLToPath(new URL(`${program}.mjs`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [path], { env });
  const { id, ...figures } = JSON.parse(stdout) as Figures;
  if (id !== expected) throw new Error(`${program} got ${id}`);
  return figures;
}

function medianOf(measured: readonly Figures[], name: string): number {
  const values = measured.map((figures) => Number(figures[name])).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? Number.NaN;
}

const results = new Map<string, Figures[]>(programs.map((program) => [program, []]));
for (const program of programs) await measure(program); // fills the file cache
for (let run = 0; run < runs; run++) {
  for (const program of programs) results.get(program)?.push(await measure(program));
}
await agent.close();

console.log(`Node ${process.version}, medians of ${runs} processes each`);
console.table(
  Object.fromEntries(
    [...results].map(([program, measured]) => [
      program,
      Object.fromEntries(
        Object.keys(measured[0] ?? {}).map((name) => [
          name,
          Math.round(medianOf(measured, name) * 10) / 10,
        ]),
      ),
    ]),
  ),
);
