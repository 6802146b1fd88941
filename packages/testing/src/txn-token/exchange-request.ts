import { type JsonObject, parseStrictJson } from "@firsthand/core";

/** An error of RFC 6749 §5.2 or RFC 8693 §2.2.2, as the token endpoint answers it. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  readonly code: ExchangeErrorCode;

  constructor(code: ExchangeErrorCode, problem: string) {
    super(problem);
    this.code = code;
  }
}

export type ExchangeErrorCode =
  | "invalid_request"
  | "invalid_client"
  | "invalid_scope"
  | "invalid_target"
  | "unsupported_grant_type";

/** A request for a Txn-Token (draft-ietf-oauth-transaction-tokens §11.1). */
export interface ExchangeRequest {
  readonly audience: string;
  readonly scope: readonly string[];
  readonly subjectToken: string;
  readonly subjectTokenType: string;
  readonly requestContext: JsonObject | undefined;
  readonly requestDetails: JsonObject | undefined;
  /** A JWT-SVID, where the client sent one. */
  readonly clientAssertion: string | undefined;
}

const grantType = "urn:ietf:params:oauth:grant-type:token-exchange";
export const txnTokenType = "urn:ietf:params:oauth:token-type:txn_token";
const refreshTokenType = "urn:ietf:params:oauth:token-type:refresh_token";
const jwtSpiffe = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/**
 * Reads the form of a token request; each parameter may be there once (RFC 6749 §3.2).
 *
 * @throws {ExchangeError}
 */
export function parseExchangeRequest(form: string): ExchangeRequest {
  const parameters = new URLSearchParams(form);
  const optional = (name: string): string | undefined => {
    const [value, ...others] = parameters.getAll(name);
    if (others.length > 0) throw new ExchangeError("invalid_request", `${name} is there twice`);
    return value === "" ? undefined : value;
  };
  const required = (name: string): string => {
    const value = optional(name);
    if (value === undefined) throw new ExchangeError("invalid_request", `${name} is missing`);
    return value;
  };
  if (required("grant_type") !== grantType) {
    throw new ExchangeError("unsupported_grant_type", "only a token exchange is offered");
  }
  if (required("requested_token_type") !== txnTokenType) {
    throw new ExchangeError("invalid_request", "only Txn-Tokens are issued");
  }
  const subjectTokenType = required("subject_token_type");
  if (subjectTokenType === refreshTokenType) {
    throw new ExchangeError("invalid_request", "a refresh token stands for nobody");
  }
  const clientAssertion = optional("client_assertion");
  const assertionType = optional("client_assertion_type");
  if (assertionType !== (clientAssertion === undefined ? undefined : jwtSpiffe)) {
    throw new ExchangeError("invalid_client", "the client assertion is no JWT-SVID");
  }
  return {
    audience: required("audience"),
    scope: required("scope").split(" "),
    subjectToken: required("subject_token"),
    subjectTokenType,
    requestContext: jsonObject("request_context", optional("request_context")),
    requestDetails: jsonObject("request_details", optional("request_details")),
    clientAssertion,
  };
}

function jsonObject(name: string, text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined;
  const value = objectIn(text);
  if (value === undefined) {
    throw new ExchangeError("invalid_request", `${name} is not a JSON object`);
  }
  return value;
}

function objectIn(json: string): JsonObject | undefined {
  try {
    return parseStrictJson(Buffer.from(json));
  } catch {
    return undefined;
  }
}
