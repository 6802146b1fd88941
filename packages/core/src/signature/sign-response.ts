import type { Credential } from "../credential/credential.js";
import { CredentialError } from "../errors.js";
import { hashBytes } from "../hash.js";
import type { SignatureFormat } from "../proof/format.js";
import { signatureFieldNames } from "../proof/security-headers.js";
import { signatureKindOf } from "./accept-signature.js";
import { component, valueInResponse } from "./component.js";
import { formatContentDigest } from "./content-digest.js";
import { componentsOfResponse, presentIn } from "./coverage.js";
import type { RequestHead, ResponseHead } from "./message-head.js";
import { createNonce, credentialField, signMessage } from "./sign-message.js";

/** A signed request that was verified, as far as its response has to refer to it. */
export interface AnsweredRequest {
  readonly format: SignatureFormat;
  readonly nonce: string;
  readonly head: RequestHead;
}

/** A response that is about to be sent. */
export interface OutgoingResponse {
  readonly status: number;
  readonly headers: ResponseHead["headers"];
  /** The bytes as they will be sent, after content coding; empty when there are none. */
  readonly content: Uint8Array;
}

/**
 * Signs a response (http-signature-07 §3.4), for a minute from `now` in epoch seconds.
 *
 * @returns the fields to be set; each takes the place of what the response had under its name
 */
export async function signResponse(
  { status, headers: given, content }: OutgoingResponse,
  { format, nonce, head }: AnsweredRequest,
  credential: Credential,
  boundHeaders: readonly string[],
  now: number,
): Promise<ResponseHead["headers"]> {
  const added: (readonly [string, string])[] = [credentialField(credential)];
  if (content.length > 0) {
    added.push([signatureFieldNames.contentDigest, formatContentDigest(await hashBytes(content))]);
  }
  const replaced = [...replacedFields, ...added.map(([name]) => name.toLowerCase())];
  const kept = given.filter(([name]) => !replaced.includes(name.toLowerCase()));
  const response = { status, headers: [...kept, ...added], request: head };
  const profile = componentsOfResponse(format, credential.kind);
  const covered = [...new Set([...profile, ...boundHeaders.map(component)])];
  const signed = await signMessage(
    presentIn(response.headers, covered),
    (identifier) => valueInResponse(identifier, response),
    credential,
    { now, nonce: createNonce(), "wimse-req-nonce": nonce },
  );
  return [...added, ...signed];
}

const replacedFields = [signatureFieldNames.contentDigest, signatureFieldNames.signature].map(
  (name) => name.toLowerCase(),
);

/**
 * The credential to sign a response with: of the kind that the caller used, or else of the other.
 *
 * @throws {CredentialError} `credential_missing`, `credential_expired`
 */
export function chooseSigner(
  credentials: readonly Credential[],
  format: SignatureFormat,
  now: number,
): Credential {
  if (credentials.length === 0) throw new CredentialError("credential_missing");
  const alive = credentials.filter(({ expiresAt }) => now < expiresAt);
  const fitting = alive.find(({ kind }) => kind === signatureKindOf(format));
  const chosen = fitting ?? alive[0];
  if (chosen === undefined) throw new CredentialError("credential_expired");
  return chosen;
}
