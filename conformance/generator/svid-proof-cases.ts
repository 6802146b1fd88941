import { callerId } from "../support/scene.js";
import {
  bindingClaims,
  type CaseSpec,
  goodRequest,
  hash,
  sentRequest,
  svidProof,
} from "./case-spec.js";
import { type CertificateCase, callerLeaf, casesOfCertificates } from "./cases-of-certificates.js";
import { casesOfClaims } from "./cases-of-claims.js";
import { casesOfForm } from "./cases-of-form.js";
import { casesOfMessages } from "./cases-of-messages.js";
import { adding, casesOfTokens } from "./cases-of-tokens.js";
import { signToken } from "./token.js";
import { domain } from "./trust-domains.js";
import type { VectorCase } from "./vector-file.js";
import { goodWit, goodWpt } from "./wpt-cases.js";

/** Every case of SVID-Proof, version 1. */
export function svidProofCases(): readonly VectorCase[] {
  return specs.map(vectorOf);
}

const specs: readonly CertificateCase[] = [
  ...casesOfMessages(svidProof),
  ...casesOfForm(svidProof),
  ...casesOfClaims(svidProof),
  ...casesOfTokens(svidProof),
  ...casesOfCertificates,
  refusedClaims("iat-missing", "iat is absent", { iat: undefined }, "proof_issued_at_missing"),
  refusedClaims("iat-fraction", "iat is no integer", { iat: 1.5 }, "token_claim_invalid"),
  refusedClaims("exp-fraction", "exp is no integer", { exp: 2e9 + 0.5 }, "token_claim_invalid"),
  refusedClaims(
    "audience-array",
    "aud is an array of one",
    { aud: ["https://ledger.pay.svc:8443/v1/transfers"] },
    "token_claim_invalid",
  ),
  refusedClaims("sub-missing", "sub is absent", { sub: undefined }, "proof_subject_mismatch"),
  refusedClaims(
    "sub-of-another",
    "sub is another workload of the trust domain",
    { sub: `${callerId}-admin` },
    "proof_subject_mismatch",
  ),
  refusedClaims(
    "sub-in-upper-case",
    "sub is the right one in upper case",
    { sub: callerId.toUpperCase() },
    "proof_subject_mismatch",
  ),
  {
    name: "beside-wpt",
    note: "a good WPT is in the request too",
    sent: (request) => {
      const withWit = adding(["Workload-Identity-Token", goodWit])(request);
      return adding(["Authorization", `WPT ${goodWpt}`])(withWit);
    },
    refuse: "proof_ambiguous",
  },
  {
    name: "beside-wit",
    note: "a good WIT is in the request too, without a proof of its key",
    sent: adding(["Workload-Identity-Token", goodWit]),
    refuse: "proof_ambiguous",
  },
  {
    name: "wpt-instead",
    note: "a good WPT is where the SVID-Proof has to be",
    token: () => goodWpt,
    refuse: "token_type_invalid",
  },
];

function refusedClaims(
  name: string,
  note: string,
  claims: CaseSpec["claims"] & {},
  refuse: CaseSpec["refuse"] & {},
): CertificateCase {
  return { name, note, claims, refuse };
}

function vectorOf(spec: CertificateCase): VectorCase {
  const { chain = [callerLeaf, domain.intermediate], name, note, sent, refuse, after } = spec;
  const [leaf] = chain;
  if (leaf === undefined) throw new Error(`${name} has no leaf`);
  const id = spec.id ?? callerId;
  const request = { ...goodRequest, ...spec.request };
  const header = {
    typ: "svid-proof+jwt",
    alg: leaf.key.algorithm,
    x5c: chain.map(({ der }) => Buffer.from(der).toString("base64")),
  };
  const claims = { sub: id, ...bindingClaims(request, svidProof, after ?? name) };
  const proof = signToken(header, claims, leaf.key, spec);
  const good = sentRequest(request, [["SVID-Proof", proof]]);
  return {
    id: name,
    note,
    ...(after !== undefined && { after }),
    request: sent?.(good) ?? good,
    expect: refuse === undefined ? { accept: { id, credential: hash(leaf.der) } } : { refuse },
  };
}
