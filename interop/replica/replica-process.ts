import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseWorkloadId, type ReplayGuard } from "@firsthand/core";
import { Program } from "../process/program.js";
import type { FromReplica, ReplicaSettings, ToReplica } from "./messages.js";

const startMilliseconds = 30_000;
const file = fileURLToPath(new URL("./replica.ts", import.meta.url));

/** A replica that runs. Its proofs are claimed in this process, so that all replicas share one guard. */
export class ReplicaProcess {
  readonly #program: Program;
  readonly #child: ChildProcess;

  private constructor(program: Program, child: ChildProcess) {
    this.#program = program;
    this.#child = child;
  }

  static async start(settings: ReplicaSettings, replay: ReplayGuard): Promise<ReplicaProcess> {
    const child = fork(file, [JSON.stringify(settings)], { silent: true });
    const program = new Program(`replica on ${settings.port}`, child);
    const ready = new Promise<void>((resolve) => {
      child.on("message", (message: FromReplica) => {
        if (message.kind === "ready") resolve();
        else void answerClaim(child, message, replay);
      });
    });
    await program.during(startMilliseconds, "its start", ready);
    return new ReplicaProcess(program, child);
  }

  tell(message: ToReplica): void {
    this.#child.send(message);
  }

  close(): Promise<void> {
    return this.#program.stop("SIGKILL");
  }
}

async function answerClaim(
  child: ChildProcess,
  { number, claim }: Extract<FromReplica, { kind: "claim" }>,
  replay: ReplayGuard,
): Promise<void> {
  const outcome = await replay.claim({ ...claim, caller: parseWorkloadId(claim.caller) });
  if (child.connected) child.send({ kind: "claimed", number, outcome } satisfies ToReplica);
}
