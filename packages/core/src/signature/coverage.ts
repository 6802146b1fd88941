import { VerificationError } from "../errors.js";
import type { SignatureFormat } from "../proof/format.js";
import { headerNames } from "../proof/security-headers.js";
import { type Component, component, componentOfRequest, fieldOf } from "./component.js";
import { fieldValue, type RequestHead } from "./message-head.js";
import type { SignatureKind } from "./message-signature.js";

/** The field in which the credential of a signature travels. */
export const credentialFields: Record<SignatureKind, string> = {
  "wit-svid": headerNames.workloadIdentityToken,
  "x509-svid": headerNames.workloadIdentityCertificate,
};

const requestTarget = "@request-target";

/** The derived components of a request that have to be covered. */
function derivedComponents(format: SignatureFormat): readonly string[] {
  return format === "http-signature-06"
    ? ["@method", requestTarget]
    : ["@method", "@path", "@query"];
}

/** The revision that a signature follows, by how it covers the target. */
export function formatOf(components: readonly Component[], kind: SignatureKind): SignatureFormat {
  if (kind === "x509-svid") return "svid-signature-1";
  return components.includes(component(requestTarget)) ? "http-signature-06" : "http-signature-07";
}

/**
 * What a signature over a request has to cover (http-signature-07 §3), its fields only where they are
 * present. Fields that carry tokens are among them.
 */
export function componentsOfRequest(
  format: SignatureFormat,
  kind: SignatureKind,
  tokenHeaders: readonly string[],
): readonly Component[] {
  const fields = ["content-type", "content-digest", "authorization", "txn-token"];
  const names = [...fields, credentialFields[kind].toLowerCase(), ...tokenHeaders];
  return [...derivedComponents(format), ...new Set(names)].map(component);
}

/** What a signature over a response has to cover, its fields only where they are present. */
export function componentsOfResponse(
  format: SignatureFormat,
  kind: SignatureKind,
): readonly Component[] {
  const fields = [credentialFields[kind].toLowerCase(), "content-type", "content-digest"];
  return [
    component("@status"),
    ...derivedComponents(format).map(componentOfRequest),
    ...fields.map(component),
  ];
}

/** The components without the fields that the message does not have. */
export function presentIn(
  headers: RequestHead["headers"],
  components: readonly Component[],
): readonly Component[] {
  return components.filter((identifier) => {
    const field = fieldOf(identifier);
    return field === undefined || fieldValue(headers, field) !== undefined;
  });
}

/**
 * Holds a signature to what it has to cover.
 *
 * @throws {VerificationError} `signature_component_missing`
 */
export function checkCoverage(covered: readonly Component[], required: readonly Component[]): void {
  if (required.every((identifier) => covered.includes(identifier))) return;
  throw new VerificationError("signature_component_missing", { token: "http-signature" });
}
