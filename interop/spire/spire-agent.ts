import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Program, startProgram } from "../process/program.js";
import { runCommand } from "../process/run-command.js";
import { waitUntil } from "../runner/wait.js";
import { agentConfiguration, witFeatureFlag } from "./configuration.js";
import type { Entry, SpireServer } from "./spire-server.js";

const startMilliseconds = 30_000;

/** A SPIRE agent, attested by join token, which attests workloads by what Unix says of them. */
export class SpireAgent {
  readonly server: SpireServer;
  /** Address of the Workload API. */
  readonly address: string;
  /** The agent's own SPIFFE ID: the parent of its workloads. */
  readonly id: string;
  readonly #socket: string;
  readonly #configuration: string;
  #program: Program | undefined;

  private constructor(server: SpireServer, directory: string, id: string) {
    this.server = server;
    this.id = id;
    this.#socket = join(directory, "agent.sock");
    this.#configuration = join(directory, "agent.json");
    this.address = `unix://${this.#socket}`;
  }

  static async start(server: SpireServer, directory: string): Promise<SpireAgent> {
    await mkdir(directory, { mode: 0o700 });
    const { value: joinToken } = await server.ask<{ value: string }>("token generate");
    const trustBundle = join(directory, "bundle.pem");
    await writeFile(trustBundle, await server.run("bundle show", "-format", "pem"));
    const id = `spiffe://${server.trustDomain}/spire/agent/join_token/${joinToken}`;
    const agent = new SpireAgent(server, directory, id);
    const settings = {
      trustDomain: server.trustDomain,
      directory,
      serverPort: server.port,
      trustBundle,
      joinToken,
    };
    await writeFile(agent.#configuration, agentConfiguration(settings, witFeatureFlag));
    const flagged = await agent.#isValid();
    if (!flagged) await writeFile(agent.#configuration, agentConfiguration(settings, {}));
    await agent.run();
    return agent;
  }

  /** Starts its process, again after it was killed. */
  async run(): Promise<void> {
    const { agent: file } = this.server.tools;
    const name = `spire-agent of ${this.server.trustDomain}`;
    const program = startProgram(name, file, ["run", "-config", this.#configuration]);
    this.#program = program;
    const healthy = waitUntil("healthy", startMilliseconds, () => this.#isHealthy());
    await program.during(startMilliseconds, "its start", healthy);
  }

  /** The last lines it wrote. */
  get log(): string {
    return this.#program?.log ?? "";
  }

  /** Ends its process as a crash does. */
  async kill(): Promise<void> {
    await this.#program?.stop("SIGKILL");
  }

  async close(): Promise<void> {
    await this.#program?.stop();
  }

  /** Registers a workload of this agent, and returns the ID of the entry. */
  register(entry: Entry): Promise<string> {
    return this.server.register(this.id, entry);
  }

  /** The serial number of its own certificate. */
  async serialNumber(): Promise<string> {
    const shown = await this.server.ask<{ x509svid_serial_number: string }>(
      "agent show",
      ...["-spiffeID", this.id],
    );
    return shown.x509svid_serial_number;
  }

  /** A JWT-SVID for its own command line, which has to be a registered workload. */
  async jwtSvid(audience: string): Promise<string> {
    const args = ["api", "fetch", "jwt", "-audience", audience, "-socketPath", this.#socket];
    const [response] = JSON.parse(
      await runCommand(this.server.tools.agent, [...args, "-output", "json"]),
    ) as readonly { readonly svids: readonly { readonly svid: string }[] }[];
    const [first] = response?.svids ?? [];
    if (first === undefined) throw new Error("the agent has no JWT-SVID");
    return first.svid;
  }

  async #isHealthy(): Promise<boolean> {
    await runCommand(this.server.tools.agent, ["healthcheck", "-socketPath", this.#socket]);
    return true;
  }

  async #isValid(): Promise<boolean> {
    try {
      const args = ["validate", "-config", this.#configuration];
      await runCommand(this.server.tools.agent, args);
      return true;
    } catch {
      return false;
    }
  }
}
