import { startProgram } from "../harness/child.mjs";
import { freePort } from "../harness/free-port.mjs";
import { interleave } from "../harness/interleave.mjs";
import { usageDuring } from "../harness/process-usage.mjs";
import { serversOf } from "./figures.mjs";
import { ways } from "./ways.mjs";

const program = new URL("server.mjs", import.meta.url);
const sender = new URL("sender.mjs", import.meta.url);
const bare = "no check";

/** Requests per second and CPU of one Express server, bare and behind each way. */
export async function measureServers(execPath, { rounds, inFlight, count, warmup }) {
  const servers = {};
  const held = {};
  const stops = [];
  try {
    for (const title of [bare, ...Object.keys(ways)]) {
      const name = title === bare ? undefined : title;
      const { service, callers } = (await ways[title]?.issue()) ?? {};
      const port = await freePort();
      const server = await startProgram(program, { execPath, data: { name, service, port } });
      stops.push(server.stop);
      servers[title] = { pid: server.pid, port, isProved: name !== undefined };
      held[port] = { name, caller: callers?.caller };
    }
    const client = await startProgram(sender, { execPath, data: { servers: held } });
    stops.unshift(client.stop);
    for (const server of Object.values(servers)) {
      await block(client, server, { count: warmup, inFlight: 32 });
    }
    const runs = [];
    for (const flight of inFlight) {
      const load = { count, inFlight: flight };
      const acts = Object.entries({ ...servers, [`${bare}, again`]: servers[bare] }).map(
        ([title, server]) => [title, () => block(client, server, load)],
      );
      const samples = await interleave(Object.fromEntries(acts), { rounds });
      runs.push({ inFlight: flight, ...serversOf(samples, bare) });
    }
    return runs;
  } finally {
    for (const stop of stops) await stop();
  }
}

async function block(client, { pid, port, isProved }, load) {
  const { result, cpu } = await usageDuring({ pid }, () =>
    client.ask({ port, load, kind: { isProved } }),
  );
  if (result.statuses[200] !== load.count) throw new Error(JSON.stringify(result.statuses));
  return { ...result, cpu: cpu.pid / load.count };
}
