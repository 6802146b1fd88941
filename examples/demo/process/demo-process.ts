import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { IdentityMaterial } from "@firsthand/testing";
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
  readonly #results = new Inbox<ToParent & { readonly kind: "result" | "failure" }>();

  constructor(file: string) {
    this.#file = file;
    this.#child = fork(fileURLToPath(new URL(`../${file}`, import.meta.url)));
    running.add(this.#child);
    this.#child.on("message", (message: ToParent) => {
      if (message.kind === "ready") this.#ports.put(message.port);
      else if (message.kind === "decision") this.#decisions.put(message.decision);
      else this.#results.put(message);
    });
    this.port = this.#next(this.#ports, startMilliseconds);
  }

  /** Gives it its identity. */
  join(identity: IdentityMaterial): void {
    this.#tell({ kind: "join", identity });
  }

  /** Tells it where to find others. */
  connect(addresses: AddressBook): Promise<void> {
    return this.perform("connect", addresses);
  }

  /** Has it do one of its tasks, one at a time. */
  async perform<Result>(task: string, input?: unknown): Promise<Result> {
    this.#tell({ kind: "perform", task, input });
    const answer = await this.#next(this.#results);
    if (answer.kind === "failure") throw new Error(`${this.#file}: ${task}: ${answer.failure}`);
    return answer.result as Result;
  }

  /** The next decision of its verifier. */
  nextDecision(): Promise<Decision> {
    return this.#next(this.#decisions);
  }

  /** Decisions that nobody asked for. */
  get unreadDecisions(): number {
    return this.#decisions.unread;
  }

  #tell(message: ToChild): void {
    this.#child.send(message);
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
