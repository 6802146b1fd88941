import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  hash,
  hkdfSync,
  timingSafeEqual,
} from "node:crypto";
import type { SecretKey, Secrets } from "./secrets-port.js";

const keyBytes = 32;
const blockBytes = 64;
const innerPad = 0x36;
const outerPad = 0x5c;
const tagBytes = 16;
const nonce = Buffer.alloc(12);

/** The bytes as a string of one byte for each: a `KeyObject` takes a kilobyte more. */
class NodeSecret implements SecretKey {
  readonly use: SecretKey["use"];
  readonly #latin1: string;

  constructor(use: SecretKey["use"], bytes: Uint8Array) {
    if (bytes.length !== keyBytes) throw new RangeError("a secret key has 32 bytes");
    this.use = use;
    this.#latin1 = Buffer.from(bytes).toString("latin1");
  }

  static bytes(key: SecretKey): Uint8Array {
    return Buffer.from((key as NodeSecret).#latin1, "latin1");
  }

  /** Fills the first block of each hash of RFC 2104 §2. */
  static pad(key: SecretKey, inner: Uint8Array, outer: Uint8Array): void {
    const latin1 = (key as NodeSecret).#latin1;
    for (let i = 0; i < keyBytes; i++) {
      const byte = latin1.charCodeAt(i);
      inner[i] = byte ^ innerPad;
      outer[i] = byte ^ outerPad;
    }
  }
}

// Used again by every call: nothing in between waits.
const inner = Buffer.alloc(4096, innerPad);
const outer = Buffer.alloc(blockBytes + keyBytes, outerPad);
const longestInUtf8 = 3; // bytes for each code unit of UTF-16

/**
 * HMAC-SHA-256 out of two hashes: `createHmac` costs more than twice as much, and on Node 24 with a
 * key that is not a `KeyObject` ten times as much.
 */
function mac(key: SecretKey, text: string): string {
  const fits = blockBytes + text.length * longestInUtf8 <= inner.length;
  const block = fits ? inner : Buffer.alloc(blockBytes + Buffer.byteLength(text), innerPad);
  NodeSecret.pad(key, block, outer);
  const end = blockBytes + block.write(text, blockBytes);
  outer.write(hash("sha256", block.subarray(0, end), "binary"), blockBytes, "latin1");
  return hash("sha256", outer, "base64url");
}

export const secrets: Secrets = {
  createAgreement() {
    const agreement = createECDH("prime256v1");
    const publicKey = agreement.generateKeys();
    return { publicKey, agree: (otherPublicKey) => agreement.computeSecret(otherPublicKey) };
  },
  hkdf: (secret, salt, info) => new Uint8Array(hkdfSync("sha256", secret, salt, info, keyBytes)),
  importMacKey: (bytes) => new NodeSecret("mac", bytes),
  mac,
  isMac(key, text, given) {
    const expected = Buffer.from(mac(key, text));
    const actual = Buffer.from(given);
    return actual.length === expected.length && timingSafeEqual(actual, expected);
  },
  importSealKey: (bytes) => new NodeSecret("seal", bytes),
  seal(key, plaintext) {
    const cipher = createCipheriv("aes-256-gcm", NodeSecret.bytes(key), nonce);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  },
  unseal(key, sealed) {
    if (sealed.length < tagBytes) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", NodeSecret.bytes(key), nonce, {
      authTagLength: tagBytes,
    });
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    const plaintext = decipher.update(sealed.subarray(0, -tagBytes));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plaintext;
  },
};
