import type { KeyedCredential } from "../caller.js";
import type { JwsAlgorithm } from "../jose/algorithms.js";
import type { PublicKey } from "../runtime/port.js";
import type { SpiffeId } from "../spiffe/spiffe-id.js";
import type { TrustBundle } from "../trust/trust-bundle.js";

/** A credential whose trust domain vouches for it; whether the sender holds its key is open. */
export interface VerifiedCredential {
  readonly id: SpiffeId;
  readonly key: PublicKey;
  /** The one algorithm of its proofs. */
  readonly algorithm: JwsAlgorithm;
  /** The bundle that the verdict rests on. */
  readonly bundle: TrustBundle;
  readonly record: KeyedCredential;
}
