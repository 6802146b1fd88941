import type { GrpcStatus } from "./grpc.js";
import type { ConnectionMode } from "./listener.js";
import type { WorkloadApiMethod, WorkloadApiResponses } from "./responses.js";

/** Of calls, which ones a fault concerns. */
interface CallFault {
  /** By default all. */
  readonly methods?: readonly WorkloadApiMethod[] | undefined;
}

/** A changed response of one method. */
interface Alteration<M extends WorkloadApiMethod> {
  readonly kind: "alter";
  readonly method: M;
  readonly change: (response: WorkloadApiResponses[M]) => WorkloadApiResponses[M];
}

type AnyAlteration = { readonly [M in WorkloadApiMethod]: Alteration<M> }[WorkloadApiMethod];

/**
 * Something that a Workload API server does wrong.
 *
 * - `status`: new calls end with a status at once. With `times`, so many calls, and then no more.
 * - `delay`: answers are held back, to open streams too, until the fault ends.
 * - `alter`: what is delivered differs, from the next delivery on.
 * - `bytes`: these bytes are delivered, with their five bytes of length if there are to be any.
 * - `drop`: connections are destroyed, those that are open and those to come.
 * - `silence`: connections stay open and are accepted, but no byte is read or written.
 */
export type WorkloadApiFault =
  | (CallFault & GrpcStatus & { readonly kind: "status"; readonly times?: number | undefined })
  | (CallFault & { readonly kind: "delay" })
  | AnyAlteration
  | (CallFault & { readonly kind: "bytes"; readonly bytes: Uint8Array })
  | { readonly kind: "drop" }
  | { readonly kind: "silence" };

type FaultOf<Kind extends WorkloadApiFault["kind"]> = Extract<WorkloadApiFault, { kind: Kind }>;

/** The faults that there are now. */
export class Faults {
  readonly #active = new Map<symbol, WorkloadApiFault>();

  /** @returns what ends it */
  add(fault: WorkloadApiFault): () => void {
    const id = Symbol(fault.kind);
    this.#active.set(id, fault);
    return () => this.#active.delete(id);
  }

  get connectionMode(): ConnectionMode {
    if (this.#of("drop").length > 0) return "dropped";
    return this.#of("silence").length > 0 ? "silent" : "served";
  }

  /** The status that a new call of this method ends with, if any; one less is left of it then. */
  takeStatus(method: WorkloadApiMethod): GrpcStatus | undefined {
    for (const [id, fault] of this.#active) {
      if (fault.kind !== "status" || !concerns(fault, method)) continue;
      const { times = Number.POSITIVE_INFINITY } = fault;
      if (times > 1) this.#active.set(id, { ...fault, times: times - 1 });
      else this.#active.delete(id);
      return fault;
    }
    return undefined;
  }

  delays(method: WorkloadApiMethod): boolean {
    return this.#of("delay").some((fault) => concerns(fault, method));
  }

  alter<M extends WorkloadApiMethod>(
    method: M,
    response: WorkloadApiResponses[M],
  ): WorkloadApiResponses[M] {
    const faults: readonly { readonly method: WorkloadApiMethod }[] = this.#of("alter");
    return faults
      .filter((fault): fault is Alteration<M> => fault.method === method)
      .reduce((altered, { change }) => change(altered), response);
  }

  bytes(method: WorkloadApiMethod): Uint8Array | undefined {
    return this.#of("bytes").find((fault) => concerns(fault, method))?.bytes;
  }

  #of<Kind extends WorkloadApiFault["kind"]>(kind: Kind): readonly FaultOf<Kind>[] {
    const faults = [...this.#active.values()];
    return faults.filter((fault): fault is FaultOf<Kind> => fault.kind === kind);
  }
}

function concerns({ methods }: CallFault, method: WorkloadApiMethod): boolean {
  return methods === undefined || methods.includes(method);
}
