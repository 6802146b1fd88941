import type { SignedProof, VerifiedHeaders } from "../caller.js";
import { hashText } from "../hash.js";
import { checkAudience, proofIdOf } from "../proof/proof-claims.js";
import { singleHeader } from "../proof/security-headers.js";
import type { VerifiedCredential } from "../proof/verified-credential.js";
import type { ProvedHead, VerifiedProof } from "../proof/verify-proof.js";
import type { VerifierRules } from "../verifier-options.js";
import { component, fieldOf, valueInRequest } from "./component.js";
import { parseContentDigest } from "./content-digest.js";
import { checkCoverage, componentsOfRequest, presentIn } from "./coverage.js";
import { fieldValue } from "./message-head.js";
import type { RequestSignature } from "./request-signature.js";
import { parseSignatureParameters } from "./signature-parameters.js";
import { verifySignature } from "./verify-signature.js";

const token = "http-signature";

/**
 * Checks that the holder of the credential's key signed this request (http-signature-07 §3), except
 * for the content, of which the signature covers the digest.
 *
 * @throws {VerificationError}
 */
export async function verifyRequestSignature(
  { format, kind, signature }: RequestSignature,
  credential: VerifiedCredential,
  head: ProvedHead,
  rules: VerifierRules,
  now: number,
): Promise<VerifiedProof> {
  const { headers } = head;
  for (const name of singleFields) singleHeader(headers, name);
  const parameters = parseSignatureParameters(signature.parameters, "request");
  const profile = componentsOfRequest(format, kind, rules.tokenHeaders);
  const required = [...presentIn(headers, profile), ...head.requiredHeaders.map(component)];
  checkCoverage(signature.components, required);
  const digest = fieldValue(headers, "content-digest");
  const contentDigest = digest === undefined ? undefined : parseContentDigest(digest);
  const valueFor = (identifier: string) => valueInRequest(identifier, head);
  const times = await verifySignature(signature, parameters, credential, valueFor, rules, now);
  const { origins } = rules;
  checkAudience({ aud: parameters.audience }, { token, origins, target: head.target });
  const id = proofIdOf({ jti: parameters.nonce }, token);
  const record: SignedProof = { format, binding: "full", idHash: await hashText(id), ...times };
  const further = signature.components.filter((identifier) => !profile.includes(identifier));
  return {
    token,
    record: Object.freeze(record),
    id,
    contentDigest,
    verifiedHeaders: verifiedHeadersOf(further, headers),
    exchange: { format, nonce: id, head, isDemanded: parameters.wantsSignedResponse },
    offer: undefined,
  };
}

/** Fields of which every reader has to see the same one. */
const singleFields = ["content-type", "content-digest"];

function verifiedHeadersOf(
  components: readonly string[],
  headers: ProvedHead["headers"],
): VerifiedHeaders {
  const values: Record<string, string> = Object.create(null);
  for (const name of components.flatMap((identifier) => fieldOf(identifier) ?? [])) {
    values[name] = fieldValue(headers, name) as string;
  }
  return Object.freeze(values);
}
