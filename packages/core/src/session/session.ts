import type { Awaitable } from "../awaitable.js";
import type { Caller, KeyedCredential, SessionProof, SignedProof } from "../caller.js";
import type { SecretKey } from "../runtime/secrets-port.js";
import type { TrustBundle } from "../trust/trust-bundle.js";
import type { VerifierRules } from "../verifier-options.js";

/** A caller as a signed proof named it, without what only its request said. */
export interface SignedCaller extends Pick<Caller, "id"> {
  readonly credential: KeyedCredential;
  readonly proof: SignedProof;
}

/** A caller that proved a request by session. */
export interface SessionCaller extends Caller {
  readonly proof: SessionProof;
}

/** A session that a verifier has with a caller. */
export interface Session {
  readonly id: string;
  /** Of the caller's proofs. */
  readonly key: SecretKey;
  /** The caller, by the proof that opened the session. */
  readonly opener: SignedCaller;
  /** The bundle that vouches for the caller's credential. Under another one the session has ended. */
  readonly bundle: TrustBundle;
  /** The origin under which the caller knows the service. The key is for that one alone. */
  readonly origin: string;
  /** Milliseconds of the monotonic clock. */
  readonly endsAt: number;
}

/** A session that was agreed on and is not kept yet. */
export interface NewSession {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly opener: SignedCaller;
  readonly bundle: TrustBundle;
  /** The origin under which the caller knows the service. */
  readonly origin: string;
}

/** Where a verifier keeps its sessions. Made by `memorySessions` or `sealedSessions`. */
export interface Sessions {
  /** The longest life of a session. */
  readonly lifetimeSeconds: number;
  /** Whether replicas share them, who then have to share the replay guard as well. */
  readonly areShared: boolean;
  /**
   * Keeps a session.
   *
   * @returns what the caller's proofs call it; undefined when it cannot be kept, and is not offered
   */
  keep(session: NewSession): Awaitable<string | undefined>;
  /** The session that a proof names, whether or not it has ended. */
  find(locator: string, rules: VerifierRules): Awaitable<Session | undefined>;
  /**
   * Uses up one number of a session.
   *
   * @throws {VerificationError} `proof_replayed`, `session_sequence_stale`, `session_unknown`, and what
   * a replay guard leads to
   */
  claim(caller: SessionCaller, rules: VerifierRules, now: number): Awaitable<void>;
}
