import { type ChildProcess, spawn } from "node:child_process";
import { within } from "../runner/wait.js";

const stopMilliseconds = 10_000;
const keptLines = 20;
const running = new Set<ChildProcess>();

/** A process that was started, with the end of what it wrote. */
export class Program {
  readonly name: string;
  /** Settles when it is gone and everything it wrote was read. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    endWithSuite(child);
    this.ended = new Promise((resolve) => {
      child.once("close", () => resolve());
    });
    child.once("error", (error) => this.#keep(String(error)));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#keep(text));
    }
  }

  /** The child itself, for whoever speaks with it. */
  get child(): ChildProcess {
    return this.#child;
  }

  get isRunning(): boolean {
    return running.has(this.#child);
  }

  /** The last lines it wrote. */
  get log(): string {
    return this.#lines.join("\n");
  }

  /** Ends it, and waits until it is gone. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (!this.isRunning) return;
    this.#child.kill(signal);
    await within(stopMilliseconds, `ending ${this.name}`, this.ended);
  }

  /** Waits for something of it; that it ends first is a failure with what it wrote. */
  async during<T>(milliseconds: number, what: string, work: Promise<T>): Promise<T> {
    const ended = this.ended.then(() => {
      throw new Error(`${this.name} ended: ${this.log}`);
    });
    ended.catch(() => undefined);
    return within(milliseconds, `${this.name}: ${what}`, Promise.race([work, ended]));
  }

  #keep(text: string): void {
    this.#lines.push(...text.split("\n").filter((line) => line !== ""));
    this.#lines.splice(0, this.#lines.length - keptLines);
  }
}

export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** Starts a program that writes its log to standard output and error. */
export function startProgram(
  name: string,
  file: string,
  args: readonly string[],
  { env = process.env }: ProgramOptions = {},
): Program {
  return new Program(name, spawn(file, args, { env, stdio: ["pipe", "pipe", "pipe"] }));
}

/** Has a process of somebody else's making end with the suite at the latest. */
export function endWithSuite(child: ChildProcess): void {
  running.add(child);
  child.once("close", () => running.delete(child));
}

/** Ends, by its own id, every process that is still there. */
export function endPrograms(): void {
  for (const child of running) child.kill("SIGKILL");
}
