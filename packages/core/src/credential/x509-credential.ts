import { runtime } from "#runtime";
import { CredentialError } from "../errors.js";
import { hashBytes } from "../hash.js";
import { proofAlgorithmOf } from "../jose/algorithms.js";
import { parseCertificateChain } from "../x509/certificate-chain.js";
import { importKey } from "../x509/import-key.js";
import { verifyLeafProfile } from "../x509/leaf-profile.js";
import type { X509Credential } from "./credential.js";
import { importOwnKey } from "./possession.js";

/** An X.509-SVID as it is delivered: its certificates and its private key. */
export interface X509SvidMaterial {
  /** DER, leaf first, then intermediates, no root. */
  readonly chain: readonly Uint8Array[];
  /** PKCS#8 DER, unencrypted. */
  readonly privateKey: Uint8Array;
}

/**
 * Makes a credential of an X.509-SVID and its key. Checked: the limits of the chain, the form of each
 * certificate, the profile of the leaf, and that the key is its key. Not checked here: signatures
 * and times.
 *
 * @throws {CredentialError} `credential_invalid` with the `VerificationError` as cause,
 * `credential_key_mismatch`
 */
export async function loadX509Svid(material: X509SvidMaterial): Promise<X509Credential> {
  const { id, chain, leaf, publicKey } = await read(material.chain);
  const algorithm = proofAlgorithmOf(leaf.keyShape);
  const importPrivate = () => runtime.importPkcs8(material.privateKey, leaf.keyShape);
  const key = await importOwnKey(importPrivate, algorithm, publicKey);
  return Object.freeze({
    kind: "x509-svid",
    id,
    chain: Object.freeze(chain.map(({ der }) => der)),
    algorithm,
    key,
    notBefore: leaf.notBefore,
    expiresAt: leaf.notAfter,
    thumbprint: await hashBytes(leaf.der),
  });
}

async function read(ders: readonly Uint8Array[]) {
  try {
    const chain = parseCertificateChain(ders);
    const [leaf] = chain;
    return { id: verifyLeafProfile(leaf), chain, leaf, publicKey: await importKey(leaf) };
  } catch (cause) {
    throw new CredentialError("credential_invalid", { cause });
  }
}
