import {
  CredentialError,
  parseTrustBundle,
  parseX509Bundle,
  type TrustBundle,
  type TrustDomain,
} from "@firsthand/core";
import { fileInvalid, inFile } from "./file-error.js";
import { certificatesOf, readPemBlocks } from "./pem-blocks.js";
import { isPrivateKey } from "./private-key.js";

/**
 * Reads the bundle of one trust domain: a SPIFFE bundle document, or PEM certificates.
 *
 * @throws {CredentialError} `file_invalid`, `bundle_invalid`, `bundle_too_large`,
 * `bundle_key_duplicate`, `bundle_key_private`
 */
export async function readBundleFile(
  path: string,
  trustDomain: TrustDomain,
  content: Uint8Array,
): Promise<TrustBundle> {
  if (isJson(content)) return inFile(path, () => parseTrustBundle(trustDomain, content));
  const blocks = readPemBlocks(path, content);
  if (blocks.some(isPrivateKey)) throw new CredentialError("bundle_key_private", { detail: path });
  const der = Buffer.concat(certificatesOf(path, blocks));
  const bundle = await inFile(path, () => parseX509Bundle(trustDomain, der));
  refuseForeignAuthorities(path, bundle);
  return bundle;
}

function isJson(content: Uint8Array): boolean {
  return /^\s*\{/.test(new TextDecoder().decode(content));
}

/**
 * PEM does not say which authority is whose, so that in a file of several trust domains each could
 * speak for the one that it is read for. Where authorities name their trust domain it can be seen.
 */
function refuseForeignAuthorities(path: string, { trustDomain, x509Authorities }: TrustBundle) {
  const names = x509Authorities.flatMap(({ certificate }) => certificate.alternativeNames);
  for (const name of names) {
    if (name.kind === "uri" && isForeign(name.text, trustDomain)) {
      throw fileInvalid(path, `holds an authority of another trust domain than ${trustDomain}`);
    }
  }
}

function isForeign(uri: string, trustDomain: TrustDomain): boolean {
  return uri.startsWith("spiffe://") && uri.split("/")[2] !== trustDomain;
}
