import { createHmac } from "node:crypto";
import { CredentialError, parseTrustBundle, VerificationError } from "@firsthand/core";
import { fromBase64url } from "../../packages/core/src/encoding.js";
import { spiffeAlgorithms } from "../../packages/core/src/jose/algorithms.js";
import {
  type JwsSegments,
  parseHeader,
  splitJws,
} from "../../packages/core/src/jose/compact-jws.js";
import { parseStrictJson } from "../../packages/core/src/jose/strict-json.js";
import { verifyIssuer } from "../../packages/core/src/svid/token-authority.js";

/** A JWK as published, private or public. */
export type Jwk = Readonly<Record<string, unknown>>;

const profile = {
  token: "jwt-svid",
  maxBytes: 8192,
  types: [undefined, "JWT"],
  algorithms: spiffeAlgorithms,
} as const;

/**
 * Whether core accepts a JWS from the holder of one of the keys: they become the authorities of a
 * trust bundle, and the strict reader and the check of the issuer do the rest.
 */
export async function acceptsJws(jws: string, keys: readonly Jwk[]): Promise<boolean> {
  const document = JSON.stringify({ keys: keys.map(asAuthority) });
  return unlessRefused(async () => {
    const { jwtAuthorities } = await parseTrustBundle("td.example", document);
    const segments = splitJws(jws, profile);
    const header = parseHeader(segments, profile);
    await verifyIssuer({ segments, header, profile }, jwtAuthorities, "optional");
    return true;
  });
}

/**
 * Whether the strict reader takes a JWS whose MAC is right. Core has no HMAC; this shows what its
 * reader makes of the encodings that are only published with one.
 */
export async function readsHmacJws(jws: string, key: Jwk): Promise<boolean> {
  return unlessRefused(async () => {
    const segments = splitJws(jws, profile);
    const [header, claims, signature] = bytesOf(segments);
    if (header === undefined || claims === undefined || signature === undefined) return false;
    parseStrictJson(header);
    const mac = createHmac("sha256", Buffer.from(String(key.k), "base64url"));
    return mac.update(`${segments.header}.${segments.claims}`).digest().equals(signature);
  });
}

function bytesOf({ header, claims, signature }: JwsSegments) {
  return [header, claims, signature].map(fromBase64url);
}

/** What JWK calls `use: "sig"` is `jwt-svid` in a SPIFFE bundle, where it may not be left out. */
function asAuthority(key: Jwk): Jwk {
  const mayVerify = !Array.isArray(key.key_ops) || key.key_ops.includes("verify");
  const isForSigning = key.use === "sig" || (key.use === undefined && mayVerify);
  return isForSigning ? { ...key, use: "jwt-svid" } : key;
}

async function unlessRefused(accepts: () => Promise<boolean>): Promise<boolean> {
  try {
    return await accepts();
  } catch (error) {
    if (error instanceof VerificationError || error instanceof CredentialError) return false;
    throw error;
  }
}
