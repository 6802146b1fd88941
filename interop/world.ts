import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { goVersion } from "./process/go.js";
import { buildPeer } from "./process/peer-process.js";
import { ServiceProcess } from "./process/service-process.js";
import { selectorsOf, WorkloadExecutables } from "./process/workload-executables.js";
import type { Report } from "./runner/report.js";
import { say } from "./runner/say.js";
import { type Scope, temporaryDirectory } from "./runner/scope.js";
import type { ServiceSettings } from "./service/messages.js";
import { installSpire } from "./spire/install-spire.js";
import { SpireAgent } from "./spire/spire-agent.js";
import { type Entry, SpireServer } from "./spire/spire-server.js";
import { createWebCertificate, type WebCertificate } from "./web-certificate.js";

export const trustDomain = "shop.test";

/** What every check can use. */
export interface World {
  readonly report: Report;
  /** Only this user may enter it. */
  readonly directory: string;
  readonly server: SpireServer;
  readonly agent: SpireAgent;
  readonly executables: WorkloadExecutables;
  /** What `https_web` endpoints show; the SPIRE server believes its authority. */
  readonly web: WebCertificate;
  /** The Go program. */
  readonly peer: string;
}

/** Installs what is missing, and starts one SPIRE server with one agent. */
export async function openWorld(report: Report, scope: Scope): Promise<World> {
  const go = await goVersion();
  const tools = await installSpire();
  say(`SPIRE ${tools.version}, ${go}, Node ${process.version}`);
  const directory = await temporaryDirectory();
  const peer = await buildPeer(join(directory, "go"));
  const web = await createWebCertificate(await directoryIn(directory, "web"));
  const options = {
    trustDomain,
    directory: join(directory, "server"),
    env: { SSL_CERT_FILE: web.authority },
  };
  const server = scope.add(await SpireServer.start(tools, options));
  const agent = scope.add(await SpireAgent.start(server, join(directory, "agent")));
  const executables = new WorkloadExecutables(join(directory, "bin"));
  return { report, directory, server, agent, executables, web, peer };
}

/** How a service differs from the usual one. */
export interface ServiceOptions {
  readonly name: string;
  readonly framework: ServiceSettings["framework"];
  /** SPIFFE IDs of the workloads that may call it. */
  readonly allow: readonly string[];
  readonly entry?: Partial<Entry> | undefined;
  /** The agent that it belongs to; by default the first. */
  readonly agent?: SpireAgent | undefined;
}

/** A registered service that runs. */
export interface RegisteredService {
  readonly service: ServiceProcess;
  readonly id: string;
  readonly entry: Entry;
  readonly entryId: string;
}

/** Registers a service by the path of an executable of its own, and starts it. */
export async function openService(
  world: World,
  scope: Scope,
  { name, framework, allow, entry: more = {}, agent = world.agent }: ServiceOptions,
): Promise<RegisteredService> {
  const executable = await world.executables.node(name);
  const id = idOf(name, agent.server.trustDomain);
  const entry = { id, selectors: selectorsOf(executable), ...more };
  const entryId = await agent.register(entry);
  const settings = { framework, address: agent.address, allow };
  const service = scope.add(await ServiceProcess.start(name, executable, settings));
  return { service, id, entry, entryId };
}

/** The SPIFFE ID of a workload. */
export function idOf(name: string, domain = trustDomain): string {
  return `spiffe://${domain}/${name}`;
}

/** Makes a directory that only this user may enter. */
export async function directoryIn(parent: string, name: string): Promise<string> {
  const path = join(parent, name);
  await mkdir(path, { mode: 0o700 });
  return path;
}
