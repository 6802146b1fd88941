import { base64url, fromBase64url, utf8 } from "../encoding.js";
import type { SecretKey, Secrets } from "./secrets-port.js";

const { subtle } = globalThis.crypto;

type CryptoKey = Awaited<ReturnType<typeof subtle.importKey>>;

/** A secret in the keeping of the engine. */
class WebSecret implements SecretKey {
  readonly use: SecretKey["use"];
  readonly #key: CryptoKey;

  constructor(use: SecretKey["use"], key: CryptoKey) {
    this.use = use;
    this.#key = key;
  }

  static key(secret: SecretKey): CryptoKey {
    return (secret as WebSecret).#key;
  }
}

const keyBytes = 32;
const p256 = { name: "ECDH", namedCurve: "P-256" };
const hmacSha256 = { name: "HMAC", hash: "SHA-256" };
const aesGcm = { name: "AES-GCM", iv: new Uint8Array(12) };

async function imported(
  use: SecretKey["use"],
  bytes: Uint8Array,
  algorithm: Parameters<typeof subtle.importKey>[2],
  usages: Parameters<typeof subtle.importKey>[4],
): Promise<WebSecret> {
  if (bytes.length !== keyBytes) throw new RangeError("a secret key has 32 bytes");
  return new WebSecret(use, await subtle.importKey("raw", bytes, algorithm, false, usages));
}

export const secrets: Secrets = {
  async createAgreement() {
    const pair = await subtle.generateKey(p256, false, ["deriveBits"]);
    const { publicKey, privateKey } = pair as Extract<typeof pair, { publicKey: unknown }>;
    return {
      publicKey: new Uint8Array(await subtle.exportKey("raw", publicKey)),
      async agree(otherPublicKey) {
        const other = await subtle.importKey("raw", otherPublicKey, p256, false, []);
        const parameters = { name: "ECDH", public: other };
        return new Uint8Array(await subtle.deriveBits(parameters, privateKey, 256));
      },
    };
  },
  async hkdf(secret, salt, info) {
    const key = await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
    const parameters = { name: "HKDF", hash: "SHA-256", salt: utf8(salt), info };
    return new Uint8Array(await subtle.deriveBits(parameters, key, 256));
  },
  importMacKey: (bytes) => imported("mac", bytes, hmacSha256, ["sign", "verify"]),
  async mac(key, text) {
    return base64url(new Uint8Array(await subtle.sign("HMAC", WebSecret.key(key), utf8(text))));
  },
  async isMac(key, text, mac) {
    const bytes = fromBase64url(mac);
    return bytes !== undefined && subtle.verify("HMAC", WebSecret.key(key), bytes, utf8(text));
  },
  importSealKey: (bytes) => imported("seal", bytes, "AES-GCM", ["encrypt", "decrypt"]),
  async seal(key, plaintext) {
    return new Uint8Array(await subtle.encrypt(aesGcm, WebSecret.key(key), plaintext));
  },
  async unseal(key, sealed) {
    try {
      return new Uint8Array(await subtle.decrypt(aesGcm, WebSecret.key(key), sealed));
    } catch {
      return undefined;
    }
  },
};
