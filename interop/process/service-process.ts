import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { within } from "../runner/wait.js";
import type {
  FromService,
  ServiceSettings,
  ServiceStatus,
  TaskName,
  Tasks,
} from "../service/messages.js";
import { Program } from "./program.js";

const startMilliseconds = 30_000;
const taskMilliseconds = 20_000;
const file = fileURLToPath(new URL("../service/service.ts", import.meta.url));

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A service that runs, seen from the suite. */
export class ServiceProcess {
  readonly name: string;
  /** Where it listens. */
  readonly origin: string;
  readonly #program: Program;
  readonly #pending: Map<number, Pending>;
  #count = 0;

  private constructor(program: Program, origin: string, pending: Map<number, Pending>) {
    this.name = program.name;
    this.origin = origin;
    this.#program = program;
    this.#pending = pending;
  }

  /** Starts it with an executable of its own, so that it can be told from others by its path. */
  static async start(
    name: string,
    executable: string,
    settings: ServiceSettings,
  ): Promise<ServiceProcess> {
    const child = fork(file, [JSON.stringify(settings)], { execPath: executable, silent: true });
    const program = new Program(name, child);
    const pending = new Map<number, Pending>();
    const ready = new Promise<string>((resolve) => {
      child.on("message", (message: FromService) => {
        if (message.kind === "ready") resolve(message.origin);
        else settle(pending, message);
      });
    });
    try {
      const origin = await program.during(startMilliseconds, "its start", ready);
      return new ServiceProcess(program, origin, pending);
    } catch (error) {
      await program.stop("SIGKILL");
      throw error;
    }
  }

  /** The address of its one route. */
  get url(): string {
    return `${this.origin}/whoami`;
  }

  perform<Name extends TaskName>(
    task: Name,
    ...input: Parameters<Tasks[Name]>
  ): Promise<ReturnType<Tasks[Name]>> {
    this.#count += 1;
    const number = this.#count;
    const done = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(number, { resolve, reject });
    });
    this.#program.child.send({ task, number, input: input[0] });
    const result = this.#program.during(taskMilliseconds, task, done);
    return result as Promise<ReturnType<Tasks[Name]>>;
  }

  status(): Promise<ServiceStatus> {
    return this.perform("status");
  }

  close(): Promise<void> {
    return within(taskMilliseconds, `ending ${this.name}`, this.#program.stop());
  }
}

function settle(
  pending: Map<number, Pending>,
  message: Exclude<FromService, { kind: "ready" }>,
): void {
  const waiting = pending.get(message.number);
  pending.delete(message.number);
  if (message.kind === "done") waiting?.resolve(message.result);
  else waiting?.reject(new Error(message.problem));
}
