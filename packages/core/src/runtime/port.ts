import type { Awaitable } from "../awaitable.js";
import type { Secrets } from "./secrets-port.js";

/** A hash function of the JOSE and X.509 signature algorithms. */
export type HashName = "SHA-256" | "SHA-384" | "SHA-512";

/** One signature scheme with all its parameters; RSA-PSS salts are as long as the hash. */
export type SignatureScheme =
  | { readonly family: "ecdsa"; readonly hash: HashName }
  | { readonly family: "rsa-pkcs1"; readonly hash: HashName }
  | { readonly family: "rsa-pss"; readonly hash: HashName }
  | { readonly family: "ed25519" };

/** The kind of a key and what bounds its cost. */
export type KeyShape =
  | { readonly kind: "ec"; readonly curve: "P-256" | "P-384" | "P-521" }
  | { readonly kind: "rsa"; readonly bits: number }
  | { readonly kind: "ed25519" };

/** The members of a JWK (RFC 7517, RFC 7518 §6) that keys of these kinds have. */
export interface JsonWebKey {
  readonly kty?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
  readonly d?: string;
  readonly p?: string;
  readonly q?: string;
  readonly dp?: string;
  readonly dq?: string;
  readonly qi?: string;
}

/** A public key ready for use. Opaque: only the runtime that made it reads it. */
export interface PublicKey {
  readonly shape: KeyShape;
}

/** A private key ready for use. Opaque; shows nothing when printed or serialised. */
export interface PrivateKey {
  readonly shape: KeyShape;
}

/** A SHA-256 computed piece by piece. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): Awaitable<Uint8Array>;
}

/** A value that belongs to everything that a piece of work calls or awaits. */
export interface ContextStorage<T> {
  run<R>(value: T, work: () => R): R;
  /** Undefined outside of {@link ContextStorage.run}. */
  current(): T | undefined;
}

/** Tells whether a signature is that of a key over some data. A text stands for its UTF-8 bytes. */
export type CheckSignature = (
  scheme: SignatureScheme,
  key: PublicKey,
  data: Uint8Array | string,
  signature: Uint8Array,
) => Awaitable<boolean>;

/**
 * What differs between machines, chosen by the `#runtime` entry of package.json: the cryptography,
 * which is `node:crypto` where it exists and WebCrypto elsewhere, storage for contexts, and a
 * channel for warnings. ECDSA
 * signatures are r‖s (IEEE P1363) in both directions. A text where bytes are expected stands for its
 * UTF-8 bytes.
 */
export interface Runtime extends Secrets {
  /** UTF-8 bytes of a text. To be read at once: they may lie in memory that others share. */
  utf8(text: string): Uint8Array;
  /** base64url without padding (RFC 7515 §2). */
  base64url(data: Uint8Array | string): string;
  /** Bytes of canonical base64url without padding, to be read at once, or `undefined`. */
  fromBase64url(text: string): Uint8Array | undefined;
  sha256(bytes: Uint8Array): Awaitable<Uint8Array>;
  /** base64url SHA-256 of the UTF-8 bytes of a text. */
  hashText(text: string): Awaitable<string>;
  createSha256(): Hasher;
  randomBytes(length: number): Uint8Array;
  /** Rejects or throws on a key that is malformed or off its curve. */
  importSpki(spki: Uint8Array, shape: KeyShape): Awaitable<PublicKey>;
  /** A public JWK, already checked for its shape. Rejects or throws on a point off the curve. */
  importPublicJwk(jwk: JsonWebKey, shape: KeyShape): Awaitable<PublicKey>;
  /** A public key as JWK. Engines add members that are not of the key. */
  exportPublicJwk(key: PublicKey): Awaitable<JsonWebKey>;
  /** PKCS#8 DER, unencrypted. Rejects or throws on anything else. */
  importPkcs8(pkcs8: Uint8Array, shape: KeyShape): Awaitable<PrivateKey>;
  /** A private JWK. Rejects or throws on anything else. */
  importPrivateJwk(jwk: JsonWebKey, shape: KeyShape): Awaitable<PrivateKey>;
  /**
   * PKCS#8 DER of a private key, for a TLS stack of the same process.
   *
   * @throws {ConfigurationError} `key_not_exportable` on WebCrypto
   */
  exportPkcs8(key: PrivateKey): Uint8Array;
  sign(scheme: SignatureScheme, key: PrivateKey, data: Uint8Array | string): Awaitable<Uint8Array>;
  /** False for a signature that does not verify, whatever is wrong with it; never throws for one. */
  readonly verify: CheckSignature;
  /** The same beside the event loop, where that is up to us. */
  readonly verifyInThreadPool: CheckSignature;
  /** Where the machine has no such thing, nothing is ever stored. */
  createContextStorage<T>(): ContextStorage<T>;
  /**
   * Warns the operators of a process in production (`NODE_ENV`), once for each code. Silent where the
   * machine has no channel for warnings.
   */
  warnInProduction(code: `FIRSTHAND_${string}`, message: string): void;
}
