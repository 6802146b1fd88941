import { VerificationError } from "../errors.js";
import type { VerificationCode } from "../refusal-codes.js";
import { type Component, componentsOf } from "./component.js";
import {
  formatInnerList,
  type InnerList,
  isInnerList,
  type Parameters,
  parseDictionary,
} from "./structured-field.js";

/** A signature of a message (RFC 9421 §4), read and not yet verified. */
export interface MessageSignature {
  readonly components: readonly Component[];
  readonly parameters: Parameters;
  /** The member of `Signature-Input`: what the signature covers as `@signature-params`. */
  readonly parametersText: string;
  readonly bytes: Uint8Array;
}

/** The two fields that signatures travel in; lines of a repeated field joined. */
export interface SignatureFields {
  readonly signatureInput: string | undefined;
  readonly signature: string | undefined;
}

/** What a signature by an SVID is known by: the credential behind it decides its tag. */
export const signatureTags = {
  "wit-svid": "wimse-workload-to-workload",
  "x509-svid": "x509-svid-workload-to-workload",
} as const;

/** The kind of credential that a signature was made with. */
export type SignatureKind = keyof typeof signatureTags;

const refuse = (code: VerificationCode) => new VerificationError(code, { token: "http-signature" });
const kinds = Object.entries(signatureTags) as readonly [SignatureKind, string][];

const noKinds: readonly SignatureKind[] = [];

/**
 * Which kinds of signature by an SVID a message names. Signatures of others, such as of a gateway,
 * are none of ours, and nothing in them is looked at.
 */
export function signatureKindsIn({
  signatureInput,
}: Pick<SignatureFields, "signatureInput">): readonly SignatureKind[] {
  if (signatureInput === undefined) return noKinds;
  return kinds.flatMap(([kind, tag]) => (signatureInput.includes(`"${tag}"`) ? [kind] : []));
}

/**
 * Finds the one signature with the tag of a kind (http-signature-07 §3; RFC 9421 §7.2.5). Labels
 * select nothing. Each signature has to be in both fields.
 *
 * @throws {VerificationError} `signature_malformed`, `signature_unpaired`, `signature_tag_missing`,
 * `signature_ambiguous`, `signature_component_unsupported`, `signature_component_duplicate`
 */
export function findSignature(fields: SignatureFields, kind: SignatureKind): MessageSignature {
  const inputs = parseDictionary(fields.signatureInput as string);
  const signatures = parseDictionary(fields.signature ?? "");
  const arePaired = [...inputs.keys()].every((label) => signatures.has(label));
  if (!arePaired || inputs.size !== signatures.size) throw refuse("signature_unpaired");
  const found = [...inputs].filter(([, [, parameters]]) => {
    return parameters.get("tag") === signatureTags[kind];
  });
  const [first, second] = found;
  if (first === undefined) throw refuse("signature_tag_missing");
  if (second !== undefined) throw refuse("signature_ambiguous");
  const [label, input] = first;
  const [bytes] = signatures.get(label) as readonly [unknown, unknown];
  if (!isInnerList(input) || !(bytes instanceof ArrayBuffer)) throw refuse("signature_malformed");
  return messageSignature(input, new Uint8Array(bytes));
}

function messageSignature(input: InnerList, bytes: Uint8Array): MessageSignature {
  return {
    components: componentsOf(input),
    parameters: input[1],
    parametersText: formatInnerList(input),
    bytes,
  };
}
