import type { VerificationMessage } from "@firsthand/node";

/** A decision of a verifier, as audit would have it. */
export type Decision = VerificationMessage;

/** Port on loopback by host name. Each process gets its own: it says who is on its path. */
export type AddressBook = Readonly<Record<string, number>>;

/** What the parent has a process do. */
export interface ToChild {
  readonly task: string;
  readonly input: unknown;
}

/** What a process tells the parent. Each task ends in a result or in a failure. */
export type ToParent =
  | { readonly kind: "ready"; readonly port: number }
  | { readonly kind: "decision"; readonly decision: Decision }
  | { readonly kind: "identity changed" }
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "failure"; readonly failure: string };
