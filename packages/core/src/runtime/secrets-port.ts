import type { Awaitable } from "../awaitable.js";

/** 32 secret bytes, ready for one use. Opaque; shows nothing when printed or serialised. */
export interface SecretKey {
  readonly use: "mac" | "seal";
}

/** One side of a Diffie-Hellman agreement on P-256, with a key that was made for it. */
export interface Agreement {
  /** The point, uncompressed (SEC 1 §2.3.3): 65 bytes. */
  readonly publicKey: Uint8Array;
  /** The x-coordinate of the shared point. Rejects or throws on a point off the curve. */
  agree(otherPublicKey: Uint8Array): Awaitable<Uint8Array>;
}

/** The cryptography of shared secrets. */
export interface Secrets {
  createAgreement(): Awaitable<Agreement>;
  /** HKDF-SHA-256 (RFC 5869) with the UTF-8 bytes of a text as salt: 32 bytes. */
  hkdf(secret: Uint8Array, salt: string, info: Uint8Array): Awaitable<Uint8Array>;
  importMacKey(bytes: Uint8Array): Awaitable<SecretKey>;
  /** base64url HMAC-SHA-256 (RFC 2104) of the UTF-8 bytes of a text. */
  mac(key: SecretKey, text: string): Awaitable<string>;
  /** Whether `mac` is exactly what {@link mac} makes; takes the same time wherever they differ. */
  isMac(key: SecretKey, text: string, mac: string): Awaitable<boolean>;
  importSealKey(bytes: Uint8Array): Awaitable<SecretKey>;
  /** AES-256-GCM (SP 800-38D), ciphertext and tag. The nonce is zero: a key seals once. */
  seal(key: SecretKey, plaintext: Uint8Array): Awaitable<Uint8Array>;
  /** Undefined for what was not sealed with this key, whatever is wrong with it. */
  unseal(key: SecretKey, sealed: Uint8Array): Awaitable<Uint8Array | undefined>;
}
