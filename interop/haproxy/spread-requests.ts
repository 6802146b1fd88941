import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "../process/free-port.js";
import { startProgram } from "../process/program.js";
import { type Scope, temporaryDirectory } from "../runner/scope.js";
import { waitUntil } from "../runner/wait.js";
import type { HaproxyProgram } from "./install-haproxy.js";

const startMilliseconds = 10_000;

/** Starts HAProxy in front of replicas: one request to each of them in turn, also of one connection. */
export async function spreadRequests(
  port: number,
  replicaPorts: readonly number[],
  haproxy: HaproxyProgram,
  scope: Scope,
): Promise<void> {
  const configuration = join(await temporaryDirectory(), "haproxy.cfg");
  const servers = replicaPorts.map((to, i) => `  server replica${i} 127.0.0.1:${to}`);
  await writeFile(configuration, [...head, `  bind 127.0.0.1:${port}`, ...servers, ""].join("\n"));
  const program = startProgram("haproxy", haproxy.file, ["-db", "-f", configuration]);
  scope.defer(() => program.stop());
  const listening = waitUntil("HAProxy listens", startMilliseconds, () => accepts(port));
  await program.during(startMilliseconds, "start", listening);
}

const head = [
  "defaults",
  "  mode http",
  "  timeout connect 5s",
  "  timeout client 20s",
  "  timeout server 20s",
  "listen replicas",
  "  balance roundrobin",
  "  option redispatch",
  "  retries 3",
];

/** Ports that nobody listens on. */
export async function reservePorts(count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let i = 0; i < count; i++) ports.push(await freePort());
  return ports;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
