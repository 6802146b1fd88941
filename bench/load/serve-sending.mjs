import { serveQuestions } from "../harness/program.mjs";
import { median, quantile } from "../harness/statistics.mjs";
import { bodyOf, changes } from "./bad-proofs.mjs";
import { drive } from "./drive.mjs";
import { createPreparer } from "./prepared-requests.mjs";
import { openConnection } from "./raw-connection.mjs";

/**
 * Sends prepared requests as fast as a server takes them, or so many a second. `signerFor(port)` makes
 * what answers with the header fields that prove a request to the server there.
 */
export function serveSending(signerFor) {
  const pools = new Map();

  async function poolOf(port) {
    if (!pools.has(port)) {
      pools.set(port, { idle: [], prepare: createPreparer(await signerFor(port), port) });
    }
    return pools.get(port);
  }

  serveQuestions("ready", async ({ port, load, kind = {} }) => {
    const { idle, prepare } = await poolOf(port);
    const content = bodyOf(kind.bodyBytes);
    const change = changes[kind.change ?? "none"];
    const requests = await prepare(load.count, { isProved: kind.isProved, content, change });
    const statuses = {};
    let next = 0;
    const open = Math.min(load.inFlight ?? 64, 256);
    while (idle.length < open) idle.push(await openConnection(port));
    const cpuBefore = process.cpuUsage();
    const { took, seconds } = await drive(async () => {
      const connection = await connectionOf(idle, port);
      const status = await connection.send(requests[next++]);
      statuses[status] = (statuses[status] ?? 0) + 1;
      idle.push(connection);
    }, load);
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      p50: median(took),
      p99: quantile(took, 0.99),
      perSecond: load.count / seconds,
      senderCpu: (user + system) / load.count,
      statuses,
    };
  });
}

/** A connection that waits, unless the server has closed it in the meantime. */
async function connectionOf(idle, port) {
  while (idle.length > 0) {
    const connection = idle.pop();
    if (connection.isOpen()) return connection;
  }
  return openConnection(port);
}
