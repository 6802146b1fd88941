import type { JwtMutationName } from "@firsthand/testing";
import type { VerificationCode } from "../refusal-codes.js";

export type Outcome = VerificationCode | "accepted";

/** What becomes of a good token under each mutation of the kit, where its profile says no more. */
export const jwsOutcomes: Readonly<Record<JwtMutationName, Outcome>> = {
  segmentMissing: "token_malformed",
  segmentAdded: "token_malformed",
  claimsEmpty: "token_malformed",
  jsonSerialization: "token_malformed",
  headerPadded: "token_encoding_invalid",
  claimsPadded: "token_encoding_invalid",
  signaturePadded: "token_encoding_invalid",
  claimsWithWhitespace: "token_encoding_invalid",
  claimsStandardAlphabet: "token_encoding_invalid",
  claimsTrailingBits: "token_encoding_invalid",
  claimsNotJson: "token_json_invalid",
  claimsArray: "token_json_invalid",
  claimsWithBom: "token_json_invalid",
  claimsInvalidUtf8: "token_utf8_invalid",
  claimDuplicate: "token_member_duplicate",
  claimDuplicateEscaped: "token_member_duplicate",
  headerMemberDuplicate: "token_member_duplicate",
  typMissing: "token_type_invalid",
  typOther: "token_type_invalid",
  typOtherCase: "token_type_invalid",
  typNotString: "token_type_invalid",
  algMissing: "token_malformed",
  algNotString: "token_malformed",
  algNone: "token_malformed", // for want of a signature
  algNoneMixedCase: "token_malformed",
  algHmacOfPublicKey: "token_algorithm_forbidden",
  algOther: "token_algorithm_mismatch",
  critUnknown: "token_critical_unsupported",
  critEmpty: "token_critical_unsupported",
  critB64: "token_critical_unsupported",
  b64False: "token_header_forbidden",
  zip: "token_header_forbidden",
  kidOther: "token_key_unknown",
  kidPrototype: "token_key_unknown",
  kidNotString: "token_key_missing",
  jwkOfStranger: "token_signature_invalid",
  claimsEdited: "token_signature_invalid",
  headerEdited: "token_signature_invalid",
  signatureEmpty: "token_malformed",
  signatureZero: "token_signature_invalid",
  signatureBitFlipped: "token_signature_invalid",
  signatureTruncated: "token_signature_invalid",
  signatureExtended: "token_signature_invalid",
  signatureInDer: "token_signature_invalid",
  signedByStranger: "token_signature_invalid",
};

/** The rows of a table of all mutations, with what a profile adds. */
export function outcomesWith(
  profile: Partial<Record<JwtMutationName, Outcome>>,
): [name: JwtMutationName, outcome: Outcome][] {
  return Object.entries({ ...jwsOutcomes, ...profile }) as [JwtMutationName, Outcome][];
}
