import { ConfigurationError } from "../errors.js";
import { concat } from "./concat.js";
import type {
  CheckSignature,
  JsonWebKey,
  KeyShape,
  PrivateKey,
  PublicKey,
  Runtime,
  SignatureScheme,
} from "./port.js";
import { decodeBase64url, encodeBase64url } from "./portable-base64url.js";
import { hasLengthOf } from "./signature-length.js";
import { secrets } from "./web-secrets.js";

const encoder = new TextEncoder();
const { subtle } = globalThis.crypto;

type Usage = "sign" | "verify";
type CryptoKey = Awaited<ReturnType<typeof subtle.importKey>>;
type Import = (algorithm: ImportAlgorithm, usage: Usage) => Promise<CryptoKey>;
type ImportAlgorithm = Parameters<typeof subtle.importKey>[2];

/** WebCrypto binds a key to one algorithm, so each algorithm gets its own import of the key. */
class WebKey implements PublicKey, PrivateKey {
  readonly shape: KeyShape;
  readonly #import: Import;
  readonly #keys = new Map<string, Promise<CryptoKey>>();

  constructor(shape: KeyShape, importKey: Import) {
    this.shape = shape;
    this.#import = importKey;
  }

  static of(key: PublicKey | PrivateKey, scheme: SignatureScheme, usage: Usage) {
    const web = key as WebKey;
    const algorithm = importAlgorithm(web.shape, scheme);
    const name = JSON.stringify(algorithm);
    let imported = web.#keys.get(name);
    if (imported === undefined) {
      imported = web.#import(algorithm, usage);
      web.#keys.set(name, imported);
    }
    return imported;
  }
}

const schemes: Record<KeyShape["kind"], SignatureScheme> = {
  ec: { family: "ecdsa", hash: "SHA-256" },
  rsa: { family: "rsa-pss", hash: "SHA-256" },
  ed25519: { family: "ed25519" },
};

function importAlgorithm(shape: KeyShape, scheme: SignatureScheme): ImportAlgorithm {
  switch (scheme.family) {
    case "ecdsa":
      return { name: "ECDSA", namedCurve: shape.kind === "ec" ? shape.curve : "" };
    case "rsa-pss":
      return { name: "RSA-PSS", hash: scheme.hash };
    case "rsa-pkcs1":
      return { name: "RSASSA-PKCS1-v1_5", hash: scheme.hash };
    case "ed25519":
      return { name: "Ed25519" };
  }
}

function signatureAlgorithm(scheme: SignatureScheme) {
  switch (scheme.family) {
    case "ecdsa":
      return { name: "ECDSA", hash: scheme.hash };
    case "rsa-pss":
      return {
        name: "RSA-PSS",
        saltLength: { "SHA-256": 32, "SHA-384": 48, "SHA-512": 64 }[scheme.hash],
      };
    case "rsa-pkcs1":
      return { name: "RSASSA-PKCS1-v1_5" };
    case "ed25519":
      return { name: "Ed25519" };
  }
}

async function imported(shape: KeyShape, usage: Usage, importKey: Import): Promise<WebKey> {
  const key = new WebKey(shape, importKey);
  await WebKey.of(key, schemes[shape.kind], usage);
  return key;
}

function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? encoder.encode(data) : data;
}

/** Only a public key, which verifies, may be exported again. */
function jwkImport(jwk: JsonWebKey): Import {
  return (algorithm, usage) =>
    subtle.importKey("jwk", { ...jwk }, algorithm, usage === "verify", [usage]);
}

function derImport(format: "spki" | "pkcs8", der: Uint8Array): Import {
  return (algorithm, usage) =>
    subtle.importKey(format, der, algorithm, usage === "verify", [usage]);
}

const verify: CheckSignature = async (scheme, key, data, signature) => {
  if (!hasLengthOf(key, signature)) return false;
  try {
    const cryptoKey = await WebKey.of(key, scheme, "verify");
    return await subtle.verify(signatureAlgorithm(scheme), cryptoKey, signature, bytesOf(data));
  } catch {
    return false; // some engines throw for malformed signatures
  }
};

/** WebCrypto, for every runtime without `node:crypto`. */
export const runtime: Runtime = {
  ...secrets,
  utf8: (text) => encoder.encode(text),
  base64url: (data) => encodeBase64url(bytesOf(data)),
  fromBase64url: decodeBase64url,
  sha256: async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes)),
  hashText: async (text) => encodeBase64url(await runtime.sha256(encoder.encode(text))),
  createSha256() {
    const parts: Uint8Array[] = []; // WebCrypto has no incremental digest
    return {
      update: (bytes) => void parts.push(bytes),
      digest: () => runtime.sha256(concat(...parts)),
    };
  },
  randomBytes: (length) => globalThis.crypto.getRandomValues(new Uint8Array(length)),
  importSpki: (spki, shape) => imported(shape, "verify", derImport("spki", spki)),
  importPublicJwk: (jwk, shape) => imported(shape, "verify", jwkImport(jwk)),
  async exportPublicJwk(key) {
    const cryptoKey = await WebKey.of(key, schemes[key.shape.kind], "verify");
    return subtle.exportKey("jwk", cryptoKey);
  },
  importPkcs8: (pkcs8, shape) => imported(shape, "sign", derImport("pkcs8", pkcs8)),
  importPrivateJwk: (jwk, shape) => imported(shape, "sign", jwkImport(jwk)),
  exportPkcs8() {
    throw new ConfigurationError("key_not_exportable", "WebCrypto keeps private keys to itself");
  },
  async sign(scheme, key, data) {
    const cryptoKey = await WebKey.of(key, scheme, "sign");
    return new Uint8Array(await subtle.sign(signatureAlgorithm(scheme), cryptoKey, bytesOf(data)));
  },
  verify,
  verifyInThreadPool: verify, // WebCrypto chooses by itself
  createContextStorage: () => ({ run: (_value, work) => work(), current: () => undefined }),
  warnInProduction: () => undefined, // the web platform knows neither production nor operators
};
