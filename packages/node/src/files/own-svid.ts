import {
  CredentialError,
  loadX509Svid,
  type TrustBundle,
  type TrustDomain,
  VerificationError,
  validateX509Svid,
  type X509Credential,
} from "@firsthand/core";
import { ownSkewSeconds } from "../identity/own-svid-limits.js";
import { inFile } from "./file-error.js";
import type { CredentialFiles, ExpectedIdentity } from "./identity-files.js";
import { certificatesOf, readPemBlocks } from "./pem-blocks.js";
import { privateKeyOf } from "./private-key.js";

/**
 * Makes our credential of the content of its files.
 *
 * @throws {CredentialError} `file_invalid`, `credential_invalid`, `credential_key_mismatch`
 */
export async function loadOwnSvid(
  { certificates, privateKey }: CredentialFiles,
  contentOf: (path: string) => Uint8Array,
): Promise<X509Credential> {
  const material = {
    chain: certificatesOf(certificates, readPemBlocks(certificates, contentOf(certificates))),
    privateKey: privateKeyOf(privateKey, readPemBlocks(privateKey, contentOf(privateKey))),
  };
  return inFile(certificates, () => loadX509Svid(material));
}

/**
 * Checks that we are who we have to be.
 *
 * @throws {CredentialError} `trust_domain_unexpected`, `identity_unexpected`
 */
export function checkExpected({ id }: X509Credential, expected: ExpectedIdentity): void {
  if (expected.trustDomain !== undefined && id.trustDomain !== expected.trustDomain) {
    const detail = `expected ${expected.trustDomain}, the files hold ${id}`;
    throw new CredentialError("trust_domain_unexpected", { detail });
  }
  if (expected.id !== undefined && !id.equals(expected.id)) {
    const detail = `expected ${expected.id}, the files hold ${id}`;
    throw new CredentialError("identity_unexpected", { detail });
  }
}

/**
 * Validates our own SVID as a peer would.
 *
 * @param path of its certificates
 * @param now seconds since the epoch
 * @throws {CredentialError} `credential_expired`, `credential_invalid`
 */
export async function validateOwnSvid(
  path: string,
  { chain }: X509Credential,
  bundles: ReadonlyMap<TrustDomain, TrustBundle>,
  now: number,
): Promise<void> {
  const trust = { trustBundle: (trustDomain: TrustDomain) => bundles.get(trustDomain) };
  try {
    await validateX509Svid(chain, trust, { now, skewSeconds: ownSkewSeconds });
  } catch (cause) {
    if (!(cause instanceof VerificationError)) throw cause;
    const isExpired = cause.code === "certificate_expired";
    const detail = `${path}: ${cause.message}`;
    throw new CredentialError(isExpired ? "credential_expired" : "credential_invalid", {
      cause,
      detail,
    });
  }
}
