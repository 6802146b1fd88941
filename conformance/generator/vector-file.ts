import type { Proof, ProofFormat, VerificationCode } from "@firsthand/core";
import type { agreementVector } from "./session-agreement.js";

/** The version of the form of these files. */
export const vectorFormat = 1;

export interface Manifest {
  readonly format: typeof vectorFormat;
  readonly description: string;
  readonly specifications: Readonly<Record<Proof["format"], string>>;
  readonly files: readonly {
    readonly file: string;
    readonly accepted: number;
    readonly refused: number;
    /** Of the file, hexadecimal. */
    readonly sha256: string;
  }[];
}

/** One file: what a verifier has to know, and requests with the outcome of each. */
export interface VectorFile {
  readonly format: typeof vectorFormat;
  readonly profile: Proof["format"];
  readonly verifier: VectorVerifier;
  /** SPIFFE bundle documents by trust domain. */
  readonly trustBundles: Readonly<Record<string, object>>;
  /** Private keys of the tests, which anybody can derive. Never trust them. */
  readonly testKeys: Readonly<Record<string, object>>;
  readonly cases: readonly VectorCase[];
  /** Of proofs by session: how two ephemeral keys become the key of the session of the cases. */
  readonly agreement?: typeof agreementVector;
}

/** How the verifier is set up; every case starts with one that has seen no proof. */
export interface VectorVerifier {
  readonly accept: readonly ProofFormat[];
  readonly origin: string;
  readonly allowedCallers: readonly string[];
  readonly binding: "full";
  readonly tokenHeaders: readonly string[];
  /** Seconds since the epoch. */
  readonly now: number;
  readonly clockSkewSeconds: number;
  readonly maxProofLifetimeSeconds: number;
  /** Keys of sealed sessions, base64url; absent where there are no sessions. */
  readonly ticketKeys?: readonly string[];
}

export interface VectorCase {
  readonly id: string;
  /** What is special about it; of a refused one, the one thing that is wrong. */
  readonly note: string;
  /** The id of a case whose request the same verifier has accepted before. */
  readonly after?: string;
  readonly request: VectorRequest;
  readonly expect: { readonly accept: VectorCaller } | { readonly refuse: VerificationCode };
}

export interface VectorRequest {
  readonly method: string;
  /** As in the request line. */
  readonly target: string;
  /** In the order sent, one character for each byte. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** base64url; absent when the request has no content. */
  readonly body?: string;
}

export interface VectorCaller {
  readonly id: string;
  /** The credential's thumbprint: base64url SHA-256 of the leaf or of the WIT-SVID. */
  readonly credential: string;
}
