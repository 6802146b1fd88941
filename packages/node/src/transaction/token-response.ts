import { CredentialError, type JsonObject, parseStrictJson } from "@firsthand/core";
import type { ServiceAnswer } from "./request-service.js";

/** RFC 6749 §5.2 and RFC 8693 §2.2.2. What is not on the list is the service's own text. */
const knownErrors = new Set([
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "invalid_scope",
  "invalid_target",
  "unauthorized_client",
  "unsupported_grant_type",
]);

/**
 * The Txn-Token in the answer of a service (draft-ietf-oauth-transaction-tokens §11.4). Nothing of it is
 * believed yet.
 *
 * @throws {CredentialError} `txn_token_unavailable`, `txn_token_refused`, `txn_token_invalid`
 */
export function readTokenResponse({ status, content }: ServiceAnswer): string {
  const members = membersOf(content);
  if (status !== 200) {
    const { error } = members ?? {};
    if (typeof error !== "string" || !knownErrors.has(error)) throw unavailable(status);
    throw new CredentialError("txn_token_refused", { detail: error });
  }
  if (members === undefined) throw unavailable(status);
  const { token_type, issued_token_type, access_token, refresh_token } = members;
  const isTxnToken =
    typeof token_type === "string" &&
    token_type.toUpperCase() === "N_A" &&
    issued_token_type === "urn:ietf:params:oauth:token-type:txn_token" &&
    refresh_token === undefined;
  if (isTxnToken && typeof access_token === "string") return access_token;
  throw new CredentialError("txn_token_invalid", { detail: "the answer is no Txn-Token response" });
}

function membersOf(content: Uint8Array): JsonObject | undefined {
  try {
    return parseStrictJson(content);
  } catch {
    return undefined;
  }
}

function unavailable(status: number): CredentialError {
  return new CredentialError("txn_token_unavailable", { detail: `status ${status}` });
}
