import { createPrivateKey } from "node:crypto";
import { fileInvalid } from "./file-error.js";
import type { PemBlock } from "./pem-blocks.js";

type KeyEncoding = "pkcs8" | "sec1" | "pkcs1";

const encodings: ReadonlyMap<string, KeyEncoding> = new Map([
  ["PRIVATE KEY", "pkcs8"],
  ["EC PRIVATE KEY", "sec1"],
  ["RSA PRIVATE KEY", "pkcs1"],
]);

export function isPrivateKey({ label }: PemBlock): boolean {
  return encodings.has(label);
}

/**
 * The one private key of a file, as PKCS#8 DER.
 *
 * @throws {CredentialError} `file_invalid`
 */
export function privateKeyOf(path: string, blocks: readonly PemBlock[]): Uint8Array {
  const [block, ...others] = blocks.filter(isPrivateKey);
  if (block === undefined) throw fileInvalid(path, "holds no PRIVATE KEY block");
  if (others.length > 0) throw fileInvalid(path, "holds more than one private key");
  const type = encodings.get(block.label) as KeyEncoding;
  try {
    const key = createPrivateKey({ key: Buffer.from(block.der), format: "der", type });
    return new Uint8Array(key.export({ format: "der", type: "pkcs8" }));
  } catch (cause) {
    throw fileInvalid(path, "holds a private key that cannot be read", cause);
  }
}
