import { type EvidenceKind, isSignatureFormat, type SignatureFormat } from "../proof/format.js";
import { type Component, component } from "./component.js";
import { componentsOfRequest, componentsOfResponse } from "./coverage.js";
import { fieldValue, type RequestHead } from "./message-head.js";
import { type SignatureKind, signatureTags } from "./message-signature.js";

/** The kind of credential that a kind of signature is made with. */
export function signatureKindOf(format: SignatureFormat): SignatureKind {
  return format === "svid-signature-1" ? "x509-svid" : "wit-svid";
}

/**
 * The value of `Accept-Signature` in a response (RFC 9421 §5.1): the signatures that would be
 * accepted on a request. Empty when there are none.
 */
export function requestsAccepted(
  accept: readonly EvidenceKind[],
  tokenHeaders: readonly string[],
  requiredHeaders: readonly string[],
): string {
  const formats = accept.filter(isSignatureFormat);
  const members = formats.map((format, index) => {
    const kind = signatureKindOf(format);
    const components = componentsOfRequest(format, kind, tokenHeaders);
    const further = requiredHeaders.map(component).filter((name) => !components.includes(name));
    return memberOf(index + 1, [...components, ...further], kind);
  });
  return members.join(", ");
}

/** The value of `Accept-Signature` in a request: the signature that is welcome on its response. */
export function responseAccepted(format: SignatureFormat): string {
  const kind = signatureKindOf(format);
  return memberOf(1, componentsOfResponse(format, kind), kind);
}

/** Whether a request says that a signed response is welcome. Nothing is proved by it. */
export function welcomesSignedResponse({ headers }: Pick<RequestHead, "headers">): boolean {
  const wish = fieldValue(headers, "accept-signature") ?? "";
  return Object.values(signatureTags).some((tag) => wish.includes(`"${tag}"`));
}

function memberOf(index: number, components: readonly Component[], kind: SignatureKind): string {
  return `sig${index}=(${components.join(" ")});created;expires;tag="${signatureTags[kind]}"`;
}
