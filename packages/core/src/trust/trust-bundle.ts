import type { JwsAlgorithm } from "../jose/algorithms.js";
import type { PublicKey } from "../runtime/port.js";
import type { TrustDomain } from "../spiffe/spiffe-id.js";
import type { X509Authority } from "../x509/authority.js";

/** A key that signs JWT-SVIDs or WIT-SVIDs. */
export interface TokenAuthority {
  readonly keyId: string;
  /** The one algorithm it may be used with, where the bundle pins one. */
  readonly algorithm: JwsAlgorithm | undefined;
  readonly key: PublicKey;
}

/**
 * The authorities of one trust domain (SPIFFE Trust Domain and Bundle §4). Immutable, and never
 * merged with another: what one domain's authorities sign says nothing about any other domain.
 */
export interface TrustBundle {
  /** From configuration; nothing in a bundle document says whose it is. */
  readonly trustDomain: TrustDomain;
  readonly x509Authorities: readonly X509Authority[];
  /** By `kid`. */
  readonly jwtAuthorities: ReadonlyMap<string, TokenAuthority>;
  /** By `kid`. */
  readonly witAuthorities: ReadonlyMap<string, TokenAuthority>;
  /** `spiffe_sequence`: a later bundle has a higher one. */
  readonly sequence: number | undefined;
  /** `spiffe_refresh_hint`: how often the publisher wants to be asked. */
  readonly refreshHintSeconds: number | undefined;
}
