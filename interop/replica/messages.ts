import type { ReplayClaim, ReplayOutcome } from "@firsthand/core";
import type { IdentityMaterial } from "@firsthand/testing";

/** How a replica is set up; travels as JSON in its arguments. */
export interface ReplicaSettings {
  readonly port: number;
  /** Where clients find the service. */
  readonly origin: string;
  readonly sessions: "memory" | "sealed";
  readonly material: IdentityMaterial;
  readonly ticketKeys: readonly string[];
}

/** What a replica tells. */
export type FromReplica =
  | { readonly kind: "ready" }
  | {
      readonly kind: "claim";
      readonly number: number;
      readonly claim: Omit<ReplayClaim, "caller"> & { readonly caller: string };
    };

/** What a replica is told. */
export type ToReplica =
  | { readonly kind: "claimed"; readonly number: number; readonly outcome: ReplayOutcome }
  | { readonly kind: "keys"; readonly ticketKeys: readonly string[] }
  | { readonly kind: "identity"; readonly material: IdentityMaterial };

/** What it answers to a request. */
export interface ReplicaAnswer {
  readonly process: number;
  readonly proof: string;
  readonly content: string;
}
