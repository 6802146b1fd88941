import {
  type Credential,
  type JsonWebKey,
  loadWitSvid,
  loadX509Svid,
  parseTrustBundle,
  staticSource,
  type WorkloadIdentity,
} from "@firsthand/core";

/** An identity as plain JSON, to hand it to another process. It holds the private keys. */
export interface IdentityMaterial {
  /** The preferred first. */
  readonly credentials: readonly CredentialMaterial[];
  /** Bundle documents by the name of their trust domain. */
  readonly bundles: Readonly<Record<string, string>>;
}

/** A credential as plain JSON. */
export type CredentialMaterial =
  | {
      readonly kind: "x509-svid";
      /** base64 of DER, leaf first. */
      readonly chain: readonly string[];
      /** base64 of PKCS#8 DER. */
      readonly privateKey: string;
    }
  | {
      readonly kind: "wit-svid";
      readonly token: string;
      readonly privateKey: JsonWebKey;
    };

/**
 * Makes an identity of its material, with every check that a delivered credential has to pass.
 *
 * @throws {CredentialError} when a credential or a bundle is not a good one
 */
export async function loadIdentity(material: IdentityMaterial): Promise<WorkloadIdentity> {
  const [credentials, bundles] = await Promise.all([
    Promise.all(material.credentials.map(loadCredential)),
    Promise.all(
      Object.entries(material.bundles).map(([name, document]) => parseTrustBundle(name, document)),
    ),
  ]);
  return staticSource({ credentials, bundles });
}

function loadCredential(material: CredentialMaterial): Promise<Credential> {
  if (material.kind === "wit-svid") return loadWitSvid(material);
  return loadX509Svid({
    chain: material.chain.map(fromBase64),
    privateKey: fromBase64(material.privateKey),
  });
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
