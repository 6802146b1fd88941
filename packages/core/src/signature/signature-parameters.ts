import { VerificationError } from "../errors.js";
import type { JsonObject } from "../jose/strict-json.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { BareItem, Parameters } from "./structured-field.js";

/** The metadata of a signature (http-signature-07 §3), with the types that it has to have. */
export interface SignatureParameters {
  /** `created` and `expires` under the names that the claims of a token have. */
  readonly times: JsonObject;
  readonly nonce: string;
  /** Of requests: the target URI. */
  readonly audience: string | undefined;
  /** Of requests: whether the answer has to be signed. */
  readonly wantsSignedResponse: boolean;
  /** Of responses: the nonce of the request. */
  readonly requestNonce: string | undefined;
}

const refuse = (code: VerificationCode) => new VerificationError(code, { token: "http-signature" });

/**
 * Reads the parameters of a signature. Key and algorithm come from the credential, so `keyid` and
 * `alg` are refused; unknown parameters are covered by the signature and mean nothing.
 *
 * @throws {VerificationError} `signature_parameter_forbidden`, `signature_parameter_missing`,
 * `signature_parameter_invalid`
 */
export function parseSignatureParameters(
  parameters: Parameters,
  kind: "request" | "response",
): SignatureParameters {
  if (parameters.has("keyid") || parameters.has("alg")) {
    throw refuse("signature_parameter_forbidden");
  }
  const created = integer(parameters, "created");
  const expires = integer(parameters, "expires");
  const nonce = text(parameters, "nonce");
  const isRequest = kind === "request";
  return {
    times: { iat: created, exp: expires },
    nonce,
    audience: isRequest ? text(parameters, "wimse-aud") : undefined,
    wantsSignedResponse: isRequest && flag(parameters, "wimse-sign-response"),
    requestNonce: isRequest ? undefined : text(parameters, "wimse-req-nonce"),
  };
}

function text(parameters: Parameters, name: string): string {
  const value = required(parameters, name);
  if (typeof value !== "string") throw refuse("signature_parameter_invalid");
  return value;
}

function integer(parameters: Parameters, name: string): number {
  const value = required(parameters, name);
  if (!Number.isSafeInteger(value)) throw refuse("signature_parameter_invalid");
  return value as number;
}

function flag(parameters: Parameters, name: string): boolean {
  const value = parameters.get(name) ?? false;
  if (typeof value !== "boolean") throw refuse("signature_parameter_invalid");
  return value;
}

function required(parameters: Parameters, name: string): BareItem {
  const value = parameters.get(name);
  if (value === undefined) throw refuse("signature_parameter_missing");
  return value;
}
