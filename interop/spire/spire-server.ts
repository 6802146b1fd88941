import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../process/free-port.js";
import { type Program, startProgram } from "../process/program.js";
import { runCommand } from "../process/run-command.js";
import { waitUntil } from "../runner/wait.js";
import { type ServerSettings, serverConfiguration, witFeatureFlag } from "./configuration.js";
import type { SpireTools } from "./install-spire.js";

const startMilliseconds = 30_000;
const witCommands = { SPIRE_SERVER_FFLAGS: witFeatureFlag.feature_flags.join(" ") };

export interface ServerOptions {
  readonly trustDomain: string;
  /** An empty directory is made there. */
  readonly directory: string;
  readonly web?: ServerSettings["web"];
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** A registration entry. */
export interface Entry {
  readonly id: string;
  /** Selectors, such as `unix:path:/usr/bin/node`. */
  readonly selectors: readonly string[];
  readonly hint?: string | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly federatesWith?: readonly string[] | undefined;
}

/** A SPIRE server that runs, and what its command line can do. */
export class SpireServer {
  readonly tools: SpireTools;
  readonly trustDomain: string;
  readonly port: number;
  /** Where it serves its bundle. */
  readonly bundleUrl: string;
  /** Its own SPIFFE ID. */
  readonly id: string;
  readonly program: Program;
  readonly #socket: string;

  private constructor(tools: SpireTools, settings: ServerSettings, program: Program) {
    this.tools = tools;
    this.trustDomain = settings.trustDomain;
    this.port = settings.port;
    this.bundleUrl = `https://localhost:${settings.bundlePort}/`;
    this.id = `spiffe://${settings.trustDomain}/spire/server`;
    this.program = program;
    this.#socket = join(settings.directory, "server.sock");
  }

  static async start(tools: SpireTools, options: ServerOptions): Promise<SpireServer> {
    const { directory, trustDomain, web, env } = options;
    await mkdir(directory, { mode: 0o700 });
    const ports = { port: await freePort(), bundlePort: await freePort() };
    const settings = { trustDomain, directory, web, ...ports };
    const file = join(directory, "server.json");
    await writeFile(file, serverConfiguration(settings, witFeatureFlag));
    const flagged = await isValid(tools, file);
    if (!flagged) await writeFile(file, serverConfiguration(settings, {}));

    const name = `spire-server of ${trustDomain}`;
    const args = ["run", "-config", file];
    const program = startProgram(name, tools.server, args, { env: { ...process.env, ...env } });
    const server = new SpireServer(tools, settings, program);
    const healthy = waitUntil("healthy", startMilliseconds, () => server.isHealthy());
    await program.during(startMilliseconds, "its start", healthy);
    return server;
  }

  close(): Promise<void> {
    return this.program.stop();
  }

  async isHealthy(): Promise<boolean> {
    await this.run("healthcheck");
    return true;
  }

  /** Runs one of its commands and returns what it printed. */
  run(command: string, ...args: readonly string[]): Promise<string> {
    const words = [...command.split(" "), "-socketPath", this.#socket, ...args];
    return runCommand(this.tools.server, words, { env: { ...process.env, ...witCommands } });
  }

  /** Runs one of its commands and reads the JSON that it printed. */
  async ask<T>(command: string, ...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.run(command, ...args, "-output", "json")) as T;
  }

  /** Registers a workload, and returns the ID of the entry. */
  async register(parent: string, entry: Entry): Promise<string> {
    const { id, selectors, hint, ttlSeconds, federatesWith = [] } = entry;
    const lifetime = ttlSeconds === undefined ? [] : ["-x509SVIDTTL", String(ttlSeconds)];
    const { results } = await this.ask<EntryResults>(
      "entry create",
      ...["-parentID", parent, "-spiffeID", id],
      ...selectors.flatMap((selector) => ["-selector", selector]),
      ...(hint === undefined ? [] : ["-hint", hint]),
      ...lifetime,
      ...federatesWith.flatMap((domain) => ["-federatesWith", `spiffe://${domain}`]),
    );
    const [created] = results;
    if (created === undefined) throw new Error(`SPIRE did not register ${id}`);
    return created.entry.id;
  }

  async deleteEntry(id: string): Promise<void> {
    await this.run("entry delete", "-entryID", id);
  }

  /** The bundle of this trust domain, or another's as this server has it, as SPIFFE document. */
  bundle(trustDomain?: string): Promise<string> {
    if (trustDomain === undefined) return this.run("bundle show", "-format", "spiffe");
    return this.run("bundle list", "-format", "spiffe", "-id", `spiffe://${trustDomain}`);
  }
}

interface EntryResults {
  readonly results: readonly { readonly entry: { readonly id: string } }[];
}

async function isValid(tools: SpireTools, file: string): Promise<boolean> {
  try {
    await runCommand(tools.server, ["validate", "-config", file]);
    return true;
  } catch {
    return false;
  }
}
