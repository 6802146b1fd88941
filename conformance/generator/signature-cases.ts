import type { SignatureFormat } from "@firsthand/core";
import { callerId, origin, T } from "../support/scene.js";
import { type CaseSpec, hash, type PlainRequest, sentRequest } from "./case-spec.js";
import { callerLeaf } from "./cases-of-certificates.js";
import { casesOfSignatureFields } from "./cases-of-signature-fields.js";
import { casesOfSignedMessages } from "./cases-of-signed-messages.js";
import { contentDigest, type SignatureChange, signHead } from "./message-signature.js";
import { domain } from "./trust-domains.js";
import type { VectorCase } from "./vector-file.js";
import { callerWitKey, issueWit } from "./wit.js";

/** A case of a signature over the message. */
export interface SignatureCase
  extends SignatureChange,
    Pick<CaseSpec, "name" | "note" | "refuse" | "after" | "request" | "sent"> {
  /** The fields of the message before it is signed, credential and digest included. */
  readonly unsigned?: (headers: readonly Header[]) => readonly Header[];
}

type Header = readonly [name: string, value: string];

/** A signed request with content, where a case says nothing else. */
export const signedRequest: PlainRequest = {
  method: "POST",
  target: "/v1/transfers?dry=1&page=2",
  headers: [
    ["Content-Type", "application/json"],
    ["X-Tenant", "blue"],
  ],
  body: '{"amount":1}',
};

const derived: Record<SignatureFormat, readonly string[]> = {
  "http-signature-07": ['"@method"', '"@path"', '"@query"'],
  "http-signature-06": ['"@method"', '"@request-target"'],
  "svid-signature-1": ['"@method"', '"@path"', '"@query"'],
};

const chain = [callerLeaf, domain.intermediate].map(({ der }) => Buffer.from(der));
/** The caller's X.509-SVID as a field. */
export const goodCertificates = chain.map((der) => `:${der.toString("base64")}:`).join(", ");

/** Every case of a profile of signed messages. */
export function signatureCases(format: SignatureFormat): readonly VectorCase[] {
  const specs = [...casesOfSignedMessages(format), ...casesOfSignatureFields];
  return specs.map((spec) => vectorOf(format, spec));
}

function credentialOf(format: SignatureFormat): readonly [field: Header, thumbprint: string] {
  if (format === "svid-signature-1") {
    return [["Workload-Identity-Certificate", goodCertificates], hash(callerLeaf.der)];
  }
  const wit = issueWit();
  return [["Workload-Identity-Token", wit], hash(wit)];
}

function vectorOf(format: SignatureFormat, spec: SignatureCase): VectorCase {
  const { name, note, refuse, after, sent } = spec;
  const plain = { ...signedRequest, ...spec.request };
  const [credential, thumbprint] = credentialOf(format);
  const digest: readonly Header[] =
    plain.body === undefined ? [] : [["Content-Digest", contentDigest(plain.body)]];
  const headers = [...plain.headers, credential, ...digest];
  const unsigned = { ...plain, headers: spec.unsigned?.(headers) ?? headers };
  const fields = unsigned.headers.map(([field]) => `"${field.toLowerCase()}"`);
  const covered = [...derived[format], ...new Set(fields)];
  const key = format === "svid-signature-1" ? callerLeaf.key : callerWitKey;
  const isX509 = format === "svid-signature-1";
  const parameters = {
    created: T,
    expires: T + 60,
    nonce: hash(`nonce of ${after ?? name}`).slice(0, 22),
    tag: isX509 ? "x509-svid-workload-to-workload" : "wimse-workload-to-workload",
    "wimse-aud": `${origin}${plain.target.split("?")[0]}`,
  };
  const signature = signHead(unsigned, covered, parameters, key, spec);
  const good = sentRequest(unsigned, signature);
  return {
    id: name,
    note,
    ...(after !== undefined && { after }),
    request: sent?.(good) ?? good,
    expect:
      refuse === undefined ? { accept: { id: callerId, credential: thumbprint } } : { refuse },
  };
}
