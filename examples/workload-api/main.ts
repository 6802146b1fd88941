import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createTrustDomain, serveWorkloadApi } from "@firsthand/testing";

// In place of SPIRE: one Workload API for each process, on a socket of its own.
const trustDomain = await createTrustDomain("shop.example");
const [orders, checkout, newsletter] = await Promise.all(
  ["/orders", "/checkout", "/newsletter"].map((workload) =>
    serveWorkloadApi({ trustDomain, workloads: [workload] }),
  ),
);
if (orders === undefined || checkout === undefined || newsletter === undefined) throw new Error();

const service = start("orders.ts", { SPIFFE_ENDPOINT_SOCKET: orders.address });
const said = linesOf(service);
const origin = await until(/orders listens on (.*)/);

await expectExit(0, await placeOrder(checkout.address));
await expectExit(1, await placeOrder(newsletter.address));

console.log("the credentials of orders are replaced, and nothing restarts");
await orders.rotate();
await until(/orders is ready/);
await expectExit(0, await placeOrder(checkout.address));

console.log("the registration entry of orders is deleted");
await orders.withdraw();
await until(/orders is expired (workload_unregistered)/);
const ready = await fetch(`${origin}/ready`);
console.log(`/ready: ${ready.status} ${await ready.text()}`);
if (ready.status !== 503) process.exitCode = 1;

service.kill();
for (const agent of [orders, checkout, newsletter]) await agent.close();

function start(file: string, environment: NodeJS.ProcessEnv): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  return spawn(process.execPath, [...process.execArgv, path], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function placeOrder(socket: string): Promise<number> {
  const client = start("checkout.ts", { SPIFFE_ENDPOINT_SOCKET: socket, ORDERS: origin });
  client.stdout?.pipe(process.stdout, { end: false });
  const [code] = (await once(client, "exit")) as [number];
  return code;
}

function expectExit(expected: number, code: number): void {
  if (code !== expected) throw new Error(`exit code ${code} instead of ${expected}`);
}

function linesOf({ stdout }: ChildProcess): AsyncIterator<string> {
  if (stdout === null) throw new Error("the process says nothing");
  return createInterface({ input: stdout })[Symbol.asyncIterator]();
}

/** Prints what orders says until it says this. */
async function until(wanted: RegExp): Promise<string> {
  for (;;) {
    const { done, value } = await said.next();
    if (done) throw new Error(`orders ended before it said ${wanted}`);
    console.log(value);
    const match = wanted.exec(value);
    if (match !== null) return match[1] ?? value;
  }
}
