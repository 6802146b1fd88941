import { randomUUID } from "node:crypto";
import { type KeySetSource, parseKeySet } from "@firsthand/core";
import { createKeyring, publicJwk } from "../keys.js";
import { signToken, type TokenOptions } from "../token/issue-token-svid.js";
import { createSigningKeys, type SigningKey, signingKeyFor } from "../token/signing-key.js";
import type { TestTrustDomain } from "../trust-domain.js";

const ttlSeconds = 5 * 60;

/** What a Txn-Token says, and how it differs from the usual one, which lives for five minutes. */
export interface IssueTxnTokenOptions extends TokenOptions {
  /** `sub`: on whose behalf. */
  readonly subject: string;
  /** `scope`, the values separated by spaces. */
  readonly scope: string;
  /** `req_wl`; by default `spiffe://…/gateway` of the trust domain. */
  readonly requestingWorkload?: string | undefined;
}

/** Signs the Txn-Tokens of a trust domain, with keys that sign nothing else. */
export interface TxnTokenIssuer {
  /** Issues a Txn-Token for a new transaction (draft-ietf-oauth-transaction-tokens §9). */
  issue(options: IssueTxnTokenOptions): Promise<string>;
  /** The key that signs now, with its private half. */
  readonly key: SigningKey;
  /** The JWK Set of its keys: the current one, and the old ones. */
  keySet(): string;
  /** The keys as a verifier takes them. A snapshot. */
  keys(): Promise<KeySetSource>;
  /** Signs with a new key from now on. The old ones stay in the set. */
  rotateKeys(): Promise<void>;
  /** Takes all keys but the current one out of the set: what they signed is void. */
  revokeOldKeys(): void;
}

/** Makes what signs the Txn-Tokens of a trust domain: for tests, demonstrations and development only. */
export async function createTxnTokenIssuer(trustDomain: TestTrustDomain): Promise<TxnTokenIssuer> {
  const keyring = createKeyring();
  const newKey = async () =>
    signingKeyFor(await createSigningKeys("txn-token", ["ES256"], keyring), "ES256");
  let current = await newKey();
  let old: readonly SigningKey[] = [];

  function keySet(): string {
    const keys = [current, ...old].map(({ keyId, key }) => ({
      ...publicJwk(key),
      kid: keyId,
      use: "sig",
      alg: "ES256",
    }));
    return JSON.stringify({ keys });
  }

  return {
    issue(options) {
      const now = trustDomain.now();
      const claims = {
        iat: now,
        aud: trustDomain.name,
        exp: now + (options.ttlSeconds ?? ttlSeconds),
        txn: randomUUID(),
        sub: options.subject,
        scope: options.scope,
        req_wl: options.requestingWorkload ?? `spiffe://${trustDomain.name}/gateway`,
      };
      const issuer = { keys: [current], defaultAlgorithm: "ES256", now } as const;
      return signToken(issuer, undefined, "txntoken+jwt", claims, options);
    },
    get key() {
      return current;
    },
    keySet,
    keys: () => parseKeySet(keySet()),
    async rotateKeys() {
      const next = await newKey();
      old = [current, ...old];
      current = next;
    },
    revokeOldKeys() {
      old = [];
    },
  };
}
