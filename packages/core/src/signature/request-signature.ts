import type { SignatureFormat } from "../proof/format.js";
import { formatOf } from "./coverage.js";
import type { MessageSignature, SignatureKind } from "./message-signature.js";

/** The signature of a request and the credential it was made with, not yet looked into. */
export interface RequestSignature {
  readonly format: SignatureFormat;
  readonly kind: SignatureKind;
  readonly signature: MessageSignature;
  /** The field with the credential, as sent. */
  readonly credentialText: string;
}

/** Puts together what was found of a signature; what it covers tells its revision. */
export function requestSignature(
  signature: MessageSignature,
  kind: SignatureKind,
  credentialText: string,
): RequestSignature {
  return { format: formatOf(signature.components, kind), kind, signature, credentialText };
}
