import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../process/free-port.js";
import { type Program, startProgram } from "../process/program.js";
import { type Scope, temporaryDirectory } from "../runner/scope.js";
import { waitUntil } from "../runner/wait.js";
import type { HaproxyProgram } from "./install-haproxy.js";

const startMilliseconds = 10_000;

export interface GatewayOptions {
  readonly haproxy: HaproxyProgram;
  /** Certificates, then the key, for `localhost`. */
  readonly pem: string;
  /** What each gateway does to what passes: lines of a `listen` section, by its name. */
  readonly rules: Readonly<Record<string, readonly string[]>>;
  /** Where requests go. */
  readonly servicePort: number;
}

/** Gateways that end TLS, by name: the origin that clients use. */
export type Gateways = ReadonlyMap<string, string>;

/** Reserves a port for each gateway, since a service has to know its origins before it starts. */
export async function reserveGateways(names: readonly string[]): Promise<Gateways> {
  const origins = new Map<string, string>();
  for (const name of names) origins.set(name, `https://localhost:${await freePort()}`);
  return origins;
}

/** Starts one HAProxy with all of the gateways. It ends with the scope. */
export async function openGateways(
  gateways: Gateways,
  { haproxy, pem, rules, servicePort }: GatewayOptions,
  scope: Scope,
): Promise<Program> {
  const directory = await temporaryDirectory();
  const certificate = join(directory, "gateway.pem");
  const configuration = join(directory, "haproxy.cfg");
  await writeFile(certificate, pem, { mode: 0o600 });
  const sections = [...gateways].map(([name, origin]) => [
    `listen ${name}`,
    `  bind 127.0.0.1:${new URL(origin).port} ssl crt ${certificate}`,
    ...(rules[name] ?? []).map((rule) => `  ${rule}`),
    `  server service 127.0.0.1:${servicePort}`,
  ]);
  const lines = [...globalLines, ...sections.flat(), ""];
  await writeFile(configuration, lines.join("\n"));
  const program = startProgram("haproxy", haproxy.file, ["-db", "-f", configuration]);
  scope.defer(() => program.stop());
  const ports = [...gateways.values()].map((origin) => Number(new URL(origin).port));
  const listening = waitUntil("HAProxy listens", startMilliseconds, async () =>
    (await Promise.all(ports.map(accepts))).every(Boolean),
  );
  await program.during(startMilliseconds, "start", listening);
  return program;
}

const script = fileURLToPath(new URL("./change-body.lua", import.meta.url));

const globalLines = [
  "global",
  `  lua-load ${script}`,
  "defaults",
  "  mode http",
  "  timeout connect 5s",
  "  timeout client 10s",
  "  timeout server 10s",
];

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
