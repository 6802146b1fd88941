import { signatureFieldNames } from "../proof/security-headers.js";
import { responseAccepted, signatureKindOf } from "./accept-signature.js";
import { valueInRequest } from "./component.js";
import { formatContentDigest } from "./content-digest.js";
import { componentsOfRequest, presentIn } from "./coverage.js";
import type { RequestHead } from "./message-head.js";
import { createNonce, credentialField, signMessage } from "./sign-message.js";
import type { SignatureCredential } from "./signature-credential.js";

/** What a signature over a request says beyond its head. */
export interface SignatureSubject {
  /** The target URI without query and fragment. */
  readonly audience: string;
  /** base64url SHA-256 of the content; undefined without content. */
  readonly contentDigest: string | undefined;
  /** Fields that carry tokens, and others; covered where the request has them. Lower case. */
  readonly tokenHeaders: readonly string[];
  readonly boundHeaders: readonly string[];
  /** What the response shall be. */
  readonly signedResponse: "required" | "preferred" | undefined;
}

/** The fields to be added to a request, and what its response has to repeat. */
export interface SignedRequest {
  readonly headers: RequestHead["headers"];
  readonly nonce: string;
}

/** Signs a request, for a minute from `now` in epoch seconds. */
export async function signRequest(
  { format, credential }: SignatureCredential,
  now: number,
  request: RequestHead,
  { audience, contentDigest, tokenHeaders, boundHeaders, signedResponse }: SignatureSubject,
): Promise<SignedRequest> {
  const added: (readonly [string, string])[] = [credentialField(credential)];
  if (contentDigest !== undefined) {
    added.push([signatureFieldNames.contentDigest, formatContentDigest(contentDigest)]);
  }
  if (signedResponse !== undefined) added.push(["Accept-Signature", responseAccepted(format)]);
  const head = { ...request, headers: [...request.headers, ...added] };
  const fields = [...tokenHeaders, ...boundHeaders];
  const covered = componentsOfRequest(format, signatureKindOf(format), fields);
  const nonce = createNonce();
  const signed = await signMessage(
    presentIn(head.headers, covered),
    (identifier) => valueInRequest(identifier, head),
    credential,
    {
      now,
      nonce,
      "wimse-aud": audience,
      ...(signedResponse === "required" && { "wimse-sign-response": true }),
    },
  );
  return { headers: [...added, ...signed], nonce };
}
