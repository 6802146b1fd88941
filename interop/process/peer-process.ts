import { join } from "node:path";
import { createInterface } from "node:readline";
import { waitFor } from "../runner/wait.js";
import { goBuild } from "./go.js";
import { type Program, startProgram } from "./program.js";

const eventMilliseconds = 30_000;

/** Builds the Go program; the build cache of Go makes it quick from the second time on. */
export async function buildPeer(directory: string): Promise<string> {
  await goBuild("go", directory, ["."]);
  return join(directory, "peer");
}

/** The Go program, in one of its roles. It ends when its standard input does. */
export class PeerProcess {
  readonly #program: Program;
  readonly #events: PeerEvent[] = [];

  constructor(executable: string, role: string, options: Readonly<Record<string, string | true>>) {
    const args = Object.entries(options).map(([name, value]) => `-${name}=${value}`);
    this.#program = startProgram(`go-spiffe ${role}`, executable, [role, ...args]);
    const { stdout } = this.#program.child;
    if (stdout === null) throw new Error("the Go program has no standard output");
    createInterface(stdout).on("line", (line) => {
      this.#events.push(JSON.parse(line) as PeerEvent);
    });
  }

  /** The first event, from now or before, that fits; each is taken once. */
  async next<T>(event: string, fits: (candidate: T) => boolean = () => true): Promise<T> {
    const arrived = () => {
      const at = this.#events.findIndex(
        (candidate) => candidate.event === event && fits(candidate as T),
      );
      if (at !== -1) return this.#events.splice(at, 1);
      return this.#program.isRunning ? undefined : [];
    };
    const [found] = await waitFor(`event ${event}`, eventMilliseconds, arrived);
    if (found === undefined) throw new Error(`it ended without ${event}: ${this.#program.log}`);
    return found as T;
  }

  /** Writes a line to its standard input. */
  tell(line: unknown): void {
    this.#program.child.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  /** Tells it to finish what it does. */
  finish(): void {
    this.#program.child.stdin?.end();
  }

  close(): Promise<void> {
    return this.#program.stop("SIGKILL");
  }
}

interface PeerEvent {
  readonly event: string;
}
