import { runtime } from "#runtime";
import { type Awaitable, andThen } from "../awaitable.js";
import { fromBase64url } from "../encoding.js";
import { type TokenKind, VerificationError } from "../errors.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { CheckSignature, PublicKey } from "../runtime/port.js";
import { fitsKey, type JwsAlgorithm, schemeOf } from "./algorithms.js";
import { type JsonError, type JsonFault, type JsonObject, parseStrictJson } from "./strict-json.js";

/** The rules of one kind of token. */
export interface JwsProfile {
  readonly token: TokenKind;
  readonly maxBytes: number;
  /** Accepted `typ` values, exactly; `undefined` in the list accepts its absence. */
  readonly types: readonly (string | undefined)[];
  readonly algorithms: readonly JwsAlgorithm[];
  /** The header parameters that may occur; absent: all but those that change the meaning. */
  readonly headerParameters?: readonly string[];
}

/** A token split into its segments. Nothing of it is decoded or believed. */
export interface JwsSegments {
  /** Header and claims as they were signed. */
  readonly signingInput: string;
  readonly header: string;
  readonly claims: string;
  readonly signature: string;
}

/** A JOSE header that its profile allows. */
export interface JoseHeader {
  readonly parameters: JsonObject;
  readonly algorithm: JwsAlgorithm;
}

const jsonCodes: Record<JsonFault, VerificationCode> = {
  utf8: "token_utf8_invalid",
  syntax: "token_json_invalid",
  duplicate: "token_member_duplicate",
};

/**
 * Splits a JWS in compact serialization (RFC 7515 §7.1).
 *
 * @throws {VerificationError} `token_too_large`, `token_serialization`, `token_malformed`,
 * `token_encoding_invalid`
 */
export function splitJws(text: string, { token, maxBytes }: JwsProfile): JwsSegments {
  if (text.length > maxBytes) throw new VerificationError("token_too_large", { token });
  const [header, claims, signature, ...rest] = text.split(".", 6);
  if (rest.length === 2) throw new VerificationError("token_serialization", { token });
  if (!header || !claims || !signature || rest.length > 0) {
    throw new VerificationError("token_malformed", { token });
  }
  // Nothing is looked up for a signature that cannot be one.
  if (!/^[\w-]+$/.test(signature)) throw new VerificationError("token_encoding_invalid", { token });
  const signingInput = text.slice(0, header.length + 1 + claims.length);
  return { signingInput, header, claims, signature };
}

/**
 * Reads the header: strict JSON, no extension (`crit`, `b64`, `zip`), exact `typ` (RFC 8725 §3.11),
 * an `alg` on the list of the profile.
 *
 * @throws {VerificationError} with one of the `token_…` codes
 */
export function parseHeader(segments: JwsSegments, profile: JwsProfile): JoseHeader {
  const refuse = (code: VerificationCode) => new VerificationError(code, { token: profile.token });
  const parameters = parseSegment(segments.header, profile.token);
  if ("crit" in parameters) throw refuse("token_critical_unsupported");
  if (Object.keys(parameters).some((name) => !isAllowedParameter(name, profile))) {
    throw refuse("token_header_forbidden");
  }
  const { alg, typ } = parameters;
  if (typeof alg !== "string") throw refuse("token_malformed");
  const algorithm = profile.algorithms.find((allowed) => allowed === alg);
  if (algorithm === undefined) throw refuse("token_algorithm_forbidden");
  if (!profile.types.some((type) => type === typ)) throw refuse("token_type_invalid");
  return { parameters, algorithm };
}

/**
 * Reads the claims: a strict JSON object.
 *
 * @throws {VerificationError} with one of the `token_…` codes
 */
export function parseClaims(segments: JwsSegments, profile: JwsProfile): JsonObject {
  return parseSegment(segments.claims, profile.token);
}

/**
 * Checks the signature under a key from a trusted place and one algorithm.
 *
 * @param check what does it
 * @throws {VerificationError} `token_encoding_invalid`, `token_algorithm_mismatch`,
 * `token_signature_invalid`
 */
export function verifySignature(
  segments: JwsSegments,
  algorithm: JwsAlgorithm,
  key: PublicKey,
  { token }: JwsProfile,
  check: CheckSignature = runtime.verify,
): Awaitable<void> {
  if (!fitsKey(algorithm, key.shape)) {
    throw new VerificationError("token_algorithm_mismatch", { token });
  }
  const signature = decodeSegment(segments.signature, token);
  const scheme = schemeOf(algorithm);
  return andThen(check(scheme, key, segments.signingInput, signature), (holds) => {
    if (!holds) throw new VerificationError("token_signature_invalid", { token });
  });
}

function isAllowedParameter(name: string, { headerParameters }: JwsProfile): boolean {
  if (headerParameters === undefined) return name !== "b64" && name !== "zip";
  return headerParameters.includes(name);
}

function decodeSegment(text: string, token: TokenKind): Uint8Array {
  const bytes = fromBase64url(text);
  if (bytes === undefined) throw new VerificationError("token_encoding_invalid", { token });
  return bytes;
}

function parseSegment(text: string, token: TokenKind): JsonObject {
  const bytes = decodeSegment(text, token);
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    throw new VerificationError(jsonCodes[(cause as JsonError).fault], { token, cause });
  }
}
