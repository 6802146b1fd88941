import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import type { ClaimingReport } from "./support/claiming-process.js";
import { connect } from "./support/clients.js";
import { openGuard } from "./support/guard.js";
import {
  describeWithRedis,
  type RedisServer,
  startRedis,
  stopServers,
} from "./support/redis-server.js";

afterAll(stopServers);

const program = fileURLToPath(new URL("support/claiming-process.ts", import.meta.url));
const pairs = 10_000;

/** Two processes that claim the same proofs at the same time, in step. */
async function race(
  server: RedisServer,
  underway: (step: number) => Promise<void> = async () => undefined,
): Promise<{ readonly firsts: readonly number[]; readonly reports: readonly ClaimingReport[] }> {
  await openGuard({ client: (await connect(server)).client }); // so that the record has begun
  const execArgv = ["--conditions=@firsthand/source", "--import", "tsx"];
  const children = [1, 2].map(() => fork(program, [server.socket, `${pairs}`], { execArgv }));
  for (let step = 0; ; step++) {
    const messages = await Promise.all(children.map(nextMessage));
    const reports = messages.filter((message) => message !== "ready");
    if (reports.length > 0) return { firsts: firstsIn(reports), reports };
    for (const child of children) child.send("go");
    await underway(step);
  }
}

function nextMessage(child: ChildProcess): Promise<"ready" | ClaimingReport> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`a process ended with ${code}`));
    child.once("exit", ended);
    child.once("message", (message: "ready" | ClaimingReport) => {
      child.off("exit", ended);
      resolve(message);
    });
  });
}

/** How many processes were the first, for each proof. */
function firstsIn(reports: readonly ClaimingReport[]): number[] {
  return Array.from(
    { length: pairs },
    (_, i) => reports.filter(({ outcomes }) => outcomes[i] === "first").length,
  );
}

/** Ends the server in the middle, and starts it again. */
function crash(server: RedisServer): (step: number) => Promise<void> {
  return async (step) => {
    if (step !== 10) return;
    await server.kill();
    await server.restart();
  };
}

describeWithRedis("two processes with one server", () => {
  it(`take each of ${pairs} proofs once, which they all claim at the same time`, async () => {
    const { firsts, reports } = await race(await startRedis());
    expect(firsts.filter((count) => count !== 1)).toEqual([]);
    expect(reports.map(({ failures }) => failures)).toEqual([0, 0]);
    const all = reports.flatMap(({ outcomes }) => outcomes);
    expect(all.filter((outcome) => outcome === "replayed")).toHaveLength(pairs);
  });

  it("take none twice when the server crashes in the middle and has its disk", async () => {
    const server = await startRedis("--appendonly yes --appendfsync always");
    const { firsts, reports } = await race(server, crash(server));
    expect(firsts.filter((count) => count > 1)).toEqual([]);
    expect(firsts.filter((count) => count === 1).length).toBeGreaterThan(pairs / 2);
    expect(reports.some(({ failures }) => failures > 0)).toBe(true);
  });

  it("take none twice when the server crashes in the middle and comes back empty", async () => {
    const server = await startRedis();
    const { firsts, reports } = await race(server, crash(server));
    expect(firsts.filter((count) => count > 1)).toEqual([]);
    expect(firsts).toContain(1);
    expect(reports.some(({ failures }) => failures > 0)).toBe(true);
    expect(reports.some(({ outcomes }) => outcomes.includes("before_start"))).toBe(true);
  });
});
