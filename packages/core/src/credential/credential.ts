import type { JwsAlgorithm } from "../jose/algorithms.js";
import type { PrivateKey } from "../runtime/port.js";
import type { SpiffeId } from "../spiffe/spiffe-id.js";

/** An X.509-SVID with its key. Made by `loadX509Svid`. */
export interface X509Credential {
  readonly kind: "x509-svid";
  readonly id: SpiffeId;
  /** DER, leaf first, then intermediates, no root. */
  readonly chain: readonly Uint8Array[];
  readonly algorithm: JwsAlgorithm;
  readonly key: PrivateKey;
  /** Seconds since the epoch; of the leaf. */
  readonly notBefore: number;
  readonly expiresAt: number;
  /** base64url SHA-256 of the leaf. */
  readonly thumbprint: string;
}

/** A WIT-SVID with its key. Made by `loadWitSvid`. */
export interface WitCredential {
  readonly kind: "wit-svid";
  readonly id: SpiffeId;
  /** The token as issued. */
  readonly token: string;
  readonly algorithm: JwsAlgorithm;
  readonly key: PrivateKey;
  readonly expiresAt: number;
  /** base64url SHA-256 of the token; the `wth` of its proofs. */
  readonly thumbprint: string;
}

/** What a workload holds: an SVID with its private key. Printing one shows no key. */
export type Credential = X509Credential | WitCredential;
