import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory, goBuild, hasCompiler } from "../process/go.js";
import { runCommand } from "../process/run-command.js";
import { Skip } from "../runner/report.js";
import { say } from "../runner/say.js";

/** The newest that can be had as a Go module; `go.mod` beside this file says the same. */
const spireVersion = "1.15.3";

/** Names a folder with other binaries. */
const variable = "FIRSTHAND_INTEROP_SPIRE";

/** The programs of SPIRE. */
export interface SpireTools {
  readonly server: string;
  readonly agent: string;
  /** As the server says it. */
  readonly version: string;
}

/** Finds SPIRE, or builds it once and keeps it for the next run. */
export async function installSpire(): Promise<SpireTools> {
  const given = process.env[variable];
  const directory = given ?? join(cacheDirectory(), `spire-${spireVersion}`);
  const [server, agent] = [join(directory, "spire-server"), join(directory, "spire-agent")];
  if (!existsSync(server) || !existsSync(agent)) {
    if (given !== undefined) throw new Error(`${variable} names a folder without the programs`);
    if (!(await hasCompiler())) throw new Skip("SPIRE's data store needs a C compiler");
    say(`building SPIRE ${spireVersion}, once; this takes some minutes …`);
    const packages = ["server", "agent"].map((name) => `github.com/spiffe/spire/cmd/spire-${name}`);
    await buildOrSkip(directory, packages);
  }
  return { server, agent, version: (await runCommand(server, ["--version"])).trim() };
}

/** A build that fails says something about this machine and its network, and nothing about us. */
async function buildOrSkip(directory: string, packages: readonly string[]): Promise<void> {
  try {
    await goBuild("spire", directory, packages);
  } catch (error) {
    const reason = (error as Error).message.replaceAll(/\s+/g, " ").slice(0, 400);
    throw new Skip(`SPIRE ${spireVersion} could not be built here: ${reason}`, { cause: error });
  }
}
