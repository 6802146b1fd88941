import { fromBase64url } from "../encoding.js";
import type { JsonWebKey, KeyShape } from "../runtime/port.js";
import type { JsonObject } from "./strict-json.js";

const coordinateBytes = { "P-256": 32, "P-384": 48, "P-521": 66 } as const;
const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] as const;

const minRsaBits = 2048;
const maxRsaBits = 4096;
const maxRsaExponentBytes = 4;

/** A public key as JWK, with only the members that are the key. */
export interface PublicJwk {
  readonly jwk: JsonWebKey;
  readonly shape: KeyShape;
}

/** Why a JWK is no usable public key. */
export type JwkFault = "unsupported" | "invalid" | "private" | "weak";

/** Whether a JWK has private or symmetric key material (RFC 7518 §6). */
export function hasPrivateMaterial(jwk: JsonObject): boolean {
  return jwk.kty === "oct" || privateMembers.some((member) => member in jwk);
}

/**
 * Reads the public key of a JWK (RFC 7517, RFC 7518 §6, RFC 8037), or tells why not. Sizes bound the
 * cost of a verification: RSA of 2048 to 4096 bits with an odd exponent of at most four bytes.
 */
export function readPublicJwk(jwk: JsonObject): PublicJwk | JwkFault {
  if (hasPrivateMaterial(jwk)) return "private";
  switch (jwk.kty) {
    case "EC":
      return readEc(jwk);
    case "RSA":
      return readRsa(jwk);
    case "OKP":
      return readOkp(jwk);
    default:
      return "unsupported";
  }
}

function readEc({ crv, x, y }: JsonObject): PublicJwk | JwkFault {
  if (crv !== "P-256" && crv !== "P-384" && crv !== "P-521") return "unsupported";
  const length = coordinateBytes[crv];
  if (decode(x)?.length !== length || decode(y)?.length !== length) return "invalid";
  return {
    jwk: { kty: "EC", crv, x: x as string, y: y as string },
    shape: { kind: "ec", curve: crv },
  };
}

function readRsa({ n, e }: JsonObject): PublicJwk | JwkFault {
  const modulus = decode(n);
  const exponent = decode(e);
  if (!modulus?.[0] || !exponent?.[0]) return "invalid"; // absent, empty or with leading zeros
  const bits = modulus.length * 8 - Math.clz32(modulus[0]) + 24;
  if (!isAcceptedRsa(bits, exponent)) return "weak";
  return { jwk: { kty: "RSA", n: n as string, e: e as string }, shape: { kind: "rsa", bits } };
}

function readOkp({ crv, x }: JsonObject): PublicJwk | JwkFault {
  if (crv !== "Ed25519") return "unsupported";
  if (decode(x)?.length !== 32) return "invalid";
  return { jwk: { kty: "OKP", crv, x: x as string }, shape: { kind: "ed25519" } };
}

function isAcceptedRsa(bits: number, exponent: Uint8Array): boolean {
  if (bits < minRsaBits || bits > maxRsaBits || exponent.length > maxRsaExponentBytes) return false;
  const value = exponent.reduce((sum, byte) => sum * 256 + byte, 0);
  return value >= 3 && value % 2 === 1;
}

function decode(value: unknown): Uint8Array | undefined {
  return typeof value === "string" ? fromBase64url(value) : undefined;
}
