import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Inbox } from "./inbox.js";
import type { AddressBook, Decision, ToChild, ToParent } from "./messages.js";

const startMilliseconds = 30_000;
const answerMilliseconds = 10_000;
const running = new Set<ChildProcess>();

/** A process of the demo, seen from the parent. */
export class DemoProcess {
  /** Where it listens on loopback; 0 for a client. */
  readonly port: Promise<number>;
  readonly #file: string;
  readonly #child: ChildProcess;
  readonly #ports = new Inbox<number>();
  readonly #decisions = new Inbox<Decision>();
  readonly #changes = new Inbox<"identity changed">();
  readonly #results = new Inbox<ToParent & { readonly kind: "result" | "failure" }>();

  /** @param environment what it finds in its environment beside what the parent has */
  constructor(file: string, environment: NodeJS.ProcessEnv = {}) {
    this.#file = file;
    const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
    this.#child = fork(path, { env: { ...process.env, ...environment } });
    running.add(this.#child);
    this.#child.on("message", (message: ToParent) => {
      if (message.kind === "ready") this.#ports.put(message.port);
      else if (message.kind === "decision") this.#decisions.put(message.decision);
      else if (message.kind === "identity changed") this.#changes.put(message.kind);
      else this.#results.put(message);
    });
    this.port = this.#next(this.#ports, startMilliseconds);
  }

  /** Tells it where to find others. */
  connect(addresses: AddressBook): Promise<void> {
    return this.perform("connect", addresses);
  }

  /** Has it do one of its tasks, one at a time. */
  async perform<Result>(task: string, input?: unknown): Promise<Result> {
    this.#child.send({ task, input } satisfies ToChild);
    const answer = await this.#next(this.#results);
    if (answer.kind === "failure") throw new Error(`${this.#file}: ${task}: ${answer.failure}`);
    return answer.result as Result;
  }

  /** The next decision of its verifier. */
  nextDecision(): Promise<Decision> {
    return this.#next(this.#decisions);
  }

  /** Waits until its identity is another one than when this was asked the last time. */
  async identityChange(): Promise<void> {
    await this.#next(this.#changes);
  }

  /** Decisions that nobody asked for. */
  get unreadDecisions(): number {
    return this.#decisions.unread;
  }

  /** Waits, but neither for ever nor for a process that is gone. */
  #next<T>(inbox: Inbox<T>, milliseconds = answerMilliseconds): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (problem: string) => reject(new Error(`${this.#file} ${problem}`));
      const ended = () => fail("ended");
      const timer = setTimeout(() => fail(`was silent for ${milliseconds} ms`), milliseconds);
      this.#child.once("exit", ended);
      void inbox.take().then((item) => {
        clearTimeout(timer);
        this.#child.off("exit", ended);
        resolve(item);
      });
    });
  }
}

/** Ends every process that was started. */
export function stopProcesses(): void {
  for (const child of running) child.kill("SIGKILL");
}
