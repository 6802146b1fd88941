import { runtime } from "#runtime";
import type { Credential, X509Credential } from "../credential/credential.js";
import { base64, base64url } from "../encoding.js";
import { schemeOf } from "../jose/algorithms.js";
import { signatureFieldNames } from "../proof/security-headers.js";
import { idBytes, lifetimeSeconds } from "../proof/sign-proof.js";
import { formatCertificateField } from "./certificate-field.js";
import type { Component } from "./component.js";
import { credentialFields } from "./coverage.js";
import { signatureTags } from "./message-signature.js";
import { signatureBase } from "./signature-base.js";
import { type BareItem, formatParameters } from "./structured-field.js";

type Field = readonly [name: string, value: string];

/** A new nonce: 128 random bits. */
export function createNonce(): string {
  return base64url(runtime.randomBytes(idBytes));
}

/**
 * Signs components of a message (RFC 9421 §3.1), with the parameters that every signature by an SVID
 * has and those given. The label says nothing.
 */
export async function signMessage(
  components: readonly Component[],
  valueFor: (component: Component) => string,
  { kind, algorithm, key }: Credential,
  { now, nonce, ...others }: { readonly now: number; readonly nonce: string } & OtherParameters,
): Promise<readonly Field[]> {
  const parameters = new Map<string, BareItem>([
    ["created", now],
    ["expires", now + lifetimeSeconds],
    ["nonce", nonce],
    ["tag", signatureTags[kind]],
    ...Object.entries(others),
  ]);
  const member = `(${components.join(" ")})${formatParameters(parameters)}`;
  const base = signatureBase(components, valueFor, member);
  const signature = await runtime.sign(schemeOf(algorithm), key, base);
  return [
    [signatureFieldNames.signatureInput, `sig1=${member}`],
    [signatureFieldNames.signature, `sig1=:${base64(signature)}:`],
  ];
}

interface OtherParameters {
  readonly "wimse-aud"?: string;
  readonly "wimse-sign-response"?: true;
  readonly "wimse-req-nonce"?: string;
}

const certificateFields = new WeakMap<X509Credential, string>();

/** The field that carries the credential of a signature; encoded once for each X.509-SVID. */
export function credentialField(credential: Credential): Field {
  const name = credentialFields[credential.kind];
  if (credential.kind === "wit-svid") return [name, credential.token];
  const known = certificateFields.get(credential);
  const text = known ?? formatCertificateField(credential);
  if (known === undefined) certificateFields.set(credential, text);
  return [name, text];
}
