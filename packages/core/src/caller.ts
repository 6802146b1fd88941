import type { ProofFormat } from "./proof/format.js";
import type { SpiffeId } from "./spiffe/spiffe-id.js";
import type { Transaction } from "./transaction/transaction.js";

/** The verified identity of whoever made the request. Immutable. */
export interface Caller {
  readonly id: SpiffeId;
  /** The credential that named it. */
  readonly credential: CallerCredential;
  /** How it proved to hold the key of the credential. `binding` tells what that says of the request. */
  readonly proof: CallerProof;
  /**
   * On whose behalf it asks, where its proof binds a Txn-Token that `txnTokens` lets believe: subject,
   * scope and the ID of the transaction. It never says who the caller is.
   */
  readonly onBehalfOf: Transaction | undefined;
  /**
   * With a message signature: the header fields beyond those of its profile that it covers, by
   * lower-case name, repeated lines joined. Whatever else is in `request.headers` nobody vouches for.
   */
  readonly verifiedHeaders?: VerifiedHeaders | undefined;
}

/** Header fields that the caller signed. Frozen, without a prototype. */
export type VerifiedHeaders = Readonly<Record<string, string | undefined>>;

/** The credential behind a verified caller; no key material. */
export interface CallerCredential {
  readonly kind: "x509-svid" | "wit-svid" | "jwt-svid";
  /** base64url SHA-256 of the leaf certificate or of the token. */
  readonly thumbprint: string;
  /** Seconds since the epoch: notBefore of the leaf, `nbf` or else `iat` of the token. */
  readonly notBefore: number | undefined;
  /** Seconds since the epoch: the earliest notAfter of the path, `exp` of the token. */
  readonly expiresAt: number;
  /** `iss` of a WIT-SVID: for the record, never a source of keys. */
  readonly issuer: string | undefined;
}

/** The credential of a caller that proved to hold its key. */
export interface KeyedCredential extends CallerCredential {
  readonly kind: "x509-svid" | "wit-svid";
}

/**
 * A signature over the request, a MAC over it, or no more than the connection it came over; and, where
 * callers migrate, no proof at all.
 */
export type CallerProof = SignedProof | SessionProof | ChannelEvidence | UnsafeBearer;

/** What was proved about the request itself. */
export interface SignedProof {
  readonly format: ProofFormat;
  /** `full`: method, target, query and content. `target`: at least the target URI without query. */
  readonly binding: "full" | "target";
  /** base64url SHA-256 of the `jti`. */
  readonly idHash: string;
  /** Seconds since the epoch; undefined for a proof without `iat`. */
  readonly issuedAt: number | undefined;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * A MAC over the request, under a key that only this caller and this service have. It says who made the
 * request, to this service and to nobody else: the service could have made it as well.
 */
export interface SessionProof {
  readonly format: "svid-session-1";
  readonly binding: "full";
  readonly idHash: undefined;
  readonly sessionId: string;
  /** Counts the requests of the session; each number is accepted once. */
  readonly sequence: number;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** The signed proof that opened the session. */
  readonly opening: SignedProof;
}

/**
 * Nothing but mutual TLS: the request came over a connection of this workload. Nothing ties the
 * request itself to it, and whoever ends TLS in front of the workload can send what it likes.
 */
export interface ChannelEvidence {
  readonly format: "mutual-tls";
  readonly binding: "channel";
  readonly idHash: undefined;
  readonly issuedAt: undefined;
  /** Seconds since the epoch: the earliest `notAfter` of the path. */
  readonly expiresAt: number;
}

/**
 * Nothing but a bearer JWT-SVID, which `unsafeMigration` lets this caller come with: whoever got hold
 * of the token can send it, with any request, until it expires.
 */
export interface UnsafeBearer {
  readonly format: "jwt-svid";
  readonly binding: "none";
  readonly idHash: undefined;
  readonly issuedAt: undefined;
  /** Seconds since the epoch: `exp` of the token. */
  readonly expiresAt: number;
}
