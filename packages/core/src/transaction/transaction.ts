import type { JsonObject } from "../jose/strict-json.js";
import type { TrustDomain } from "../spiffe/spiffe-id.js";

/**
 * What a Txn-Token says (draft-ietf-oauth-transaction-tokens §9.2), after it was validated. Immutable.
 * It says on whose behalf a request is made, and never who makes it. Subject and contexts may be
 * personal data.
 */
export interface Transaction {
  /** `txn`: the same in all calls that belong together. */
  readonly id: string;
  /** `sub`: the user or workload on whose behalf everything is done; unique in the trust domain. */
  readonly subject: string;
  /** `scope`: what the transaction is for, as narrow as the service made it. */
  readonly scope: readonly string[];
  /** `aud`: the trust domain in which it counts. */
  readonly trustDomain: TrustDomain;
  /** `req_wl`: the workload that asked for the token, in the words of the service. */
  readonly requestingWorkload: string;
  /** `tctx`: what stays the same through the whole chain. Without a prototype. */
  readonly transactionContext: JsonObject | undefined;
  /** `rctx`: the surroundings of the first request. Without a prototype. */
  readonly requestContext: JsonObject | undefined;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** base64url SHA-256 of the token: for logs, where the token itself must not be. */
  readonly thumbprint: string;
}
