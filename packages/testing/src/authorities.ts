import type { TrustDomain } from "@firsthand/core";
import type { Keyring, KeyType, SpiffeAlgorithm } from "./keys.js";
import { createSigningKeys, type SigningKey } from "./token/signing-key.js";
import type { CertificateTemplate } from "./x509/template.js";
import { createX509Authorities, type X509Authorities } from "./x509/x509-authorities.js";

/** The authorities of a trust domain that came into being together, with their private keys. */
export interface Authorities {
  readonly x509: X509Authorities;
  readonly jwt: readonly SigningKey[];
  readonly wit: readonly SigningKey[];
}

export interface AuthorityOptions {
  readonly trustDomain: TrustDomain;
  readonly keyring: Keyring;
  /** Of the X.509 authorities. */
  readonly keyType: KeyType;
  /** Of the tokens that can be issued. */
  readonly tokenAlgorithms: readonly SpiffeAlgorithm[];
  /** Where the root certificate differs from a good one. */
  readonly root: Partial<CertificateTemplate>;
  /** Where the intermediate certificate differs from a good one. */
  readonly intermediate: Partial<CertificateTemplate>;
}

/**
 * Makes new authorities.
 *
 * @param generation counts the authorities of the trust domain; part of their names
 * @param now seconds since the epoch
 */
export async function createAuthorities(
  options: AuthorityOptions,
  generation: number,
  now: number,
): Promise<Authorities> {
  const { keyring, tokenAlgorithms } = options;
  const [x509, jwt, wit] = await Promise.all([
    createX509Authorities(options, generation, now),
    createSigningKeys(`jwt-authority/${generation}`, tokenAlgorithms, keyring),
    createSigningKeys(`wit-authority/${generation}`, tokenAlgorithms, keyring),
  ]);
  return { x509, jwt, wit };
}
