import { callerId, origin, T } from "../support/scene.js";
import {
  bindingClaims,
  goodRequest,
  hash,
  type ProfileNames,
  sentRequest,
  wpt01,
  wpt02,
} from "./case-spec.js";
import { casesOfClaims } from "./cases-of-claims.js";
import { casesOfForm } from "./cases-of-form.js";
import { casesOfMessages } from "./cases-of-messages.js";
import { adding, casesOfTokens, replacing, without } from "./cases-of-tokens.js";
import { casesOfWits, type WitCase } from "./cases-of-wits.js";
import { type Members, signToken } from "./token.js";
import type { VectorCase } from "./vector-file.js";
import { callerWitKey, issueWit } from "./wit.js";

export const goodWit = issueWit();
export const goodWpt = signWpt({ name: "good", note: "" }, goodWit, wpt02);

/** Every case of WPT, draft -02. */
export function wpt02Cases(): readonly VectorCase[] {
  const specs = [...commonSpecs(wpt02), ...casesOfWits, ...casesOfAuthorization];
  return specs.map((spec) => vectorOf(spec, wpt02));
}

/** Every case of WPT, draft -01; those about the WIT-SVID are the same as with -02. */
export function wpt01Cases(): readonly VectorCase[] {
  return [...commonSpecs(wpt01), ...casesOfProofTokenField].map((spec) => vectorOf(spec, wpt01));
}

function commonSpecs(names: ProfileNames): readonly WitCase[] {
  return [
    ...casesOfMessages(names),
    ...casesOfForm(names),
    ...casesOfClaims(names),
    ...casesOfTokens(names),
    ...casesOfWpts,
  ];
}

const path = "/v1/transfers";

const casesOfWpts: readonly WitCase[] = [
  {
    name: "header-unknown-parameter",
    note: "the header has a parameter that nobody knows",
    header: { x: 1 },
  },
  {
    name: "iat-missing",
    note: "iat is absent, and exp as far as may be",
    claims: { iat: undefined, exp: T + 150 },
  },
  {
    name: "iat-missing-lifetime",
    note: "iat is absent, and exp further than may be",
    claims: { iat: undefined, exp: T + 151 },
    refuse: "proof_lifetime_exceeded",
  },
  { name: "exp-fraction", note: "exp has a fraction", claims: { exp: T + 60.5 } },
  {
    name: "audience-array",
    note: "aud is an array of one",
    claims: { aud: [`${origin}${path}`] },
  },
  {
    name: "audience-with-query",
    note: "aud has a query and a fragment, which take no part",
    claims: { aud: `${origin}${path}?dry=0#part` },
  },
  {
    name: "wth-missing",
    note: "wth is absent",
    claims: { wth: undefined },
    refuse: "proof_credential_unbound",
  },
  {
    name: "wth-number",
    note: "wth is a number",
    claims: { wth: 1 },
    refuse: "token_claim_invalid",
  },
  {
    name: "wth-of-claims",
    note: "wth is the hash of the WIT without its signature",
    claims: { wth: hash(goodWit.slice(0, goodWit.lastIndexOf("."))) },
    refuse: "proof_credential_mismatch",
  },
  {
    name: "wth-padded",
    note: "wth is the right hash with padding",
    claims: { wth: `${hash(goodWit)}=` },
    refuse: "proof_credential_mismatch",
  },
  {
    name: "wit-missing",
    note: "the WIT is gone",
    sent: without("Workload-Identity-Token"),
    refuse: "wpt_without_wit",
  },
  {
    name: "wit-instead-of-proof",
    note: "the WIT is where the proof has to be",
    token: () => goodWit,
    refuse: "token_type_invalid",
  },
  {
    name: "beside-svid-proof",
    note: "there is an SVID-Proof too",
    sent: adding(["SVID-Proof", goodWpt]),
    refuse: "proof_ambiguous",
  },
  {
    name: "wit-duplicate",
    note: "there are two WITs",
    sent: adding(["Workload-Identity-Token", goodWit]),
    refuse: "header_duplicate",
  },
];

const casesOfAuthorization: readonly WitCase[] = [
  {
    name: "scheme-lower-case",
    note: "the scheme is in lower case",
    sent: replacing("Authorization", (value) => value.replace("WPT", "wpt")),
  },
  {
    name: "scheme-another",
    note: "the scheme is another",
    sent: replacing("Authorization", (value) => value.replace("WPT", "Basic")),
    refuse: "wit_without_proof",
  },
  {
    name: "beside-bearer",
    note: "there is a second Authorization, with a bearer token",
    sent: adding(["Authorization", "Bearer access-token"]),
    refuse: "header_duplicate",
  },
  {
    name: "beside-wpt-01",
    note: "the proof is in the field of draft -01 too",
    sent: adding(["Workload-Proof-Token", goodWpt]),
    refuse: "proof_ambiguous",
  },
  {
    name: "as-wpt-01",
    note: "the proof is in the field of draft -01, which is not accepted",
    sent: ({ headers, ...request }) => ({
      ...request,
      headers: headers.map(([name, value]): [string, string] =>
        name === "Authorization"
          ? ["Workload-Proof-Token", value.replace("WPT ", "")]
          : [name, value],
      ),
    }),
    refuse: "proof_kind_not_accepted",
  },
];

const casesOfProofTokenField: readonly WitCase[] = [
  {
    name: "beside-wpt-02",
    note: "the proof is in Authorization too",
    sent: adding(["Authorization", `WPT ${goodWpt}`]),
    refuse: "proof_ambiguous",
  },
  {
    name: "underscores",
    note: "the field of the proof is spelt with underscores",
    sent: ({ headers, ...request }) => ({
      ...request,
      headers: headers.map(([name, value]): [string, string] => [
        name.replace("Workload-Proof-Token", "Workload_Proof_Token"),
        value,
      ]),
    }),
    refuse: "wit_without_proof",
  },
];

function signWpt(spec: WitCase, wit: string, names: ProfileNames): string {
  const key = spec.wit?.key ?? callerWitKey;
  const request = { ...goodRequest, ...spec.request };
  const claims: Members = {
    ...bindingClaims(request, names, spec.after ?? spec.name),
    wth: hash(wit),
  };
  return signToken({ typ: "wpt+jwt", alg: key.algorithm }, claims, key, spec);
}

function vectorOf(spec: WitCase, names: ProfileNames): VectorCase {
  const { name, note, refuse, after, sent } = spec;
  const wit = issueWit(spec.wit);
  const wpt = signWpt(spec, wit, names);
  const good = sentRequest({ ...goodRequest, ...spec.request }, [
    ["Workload-Identity-Token", wit],
    [names.header, names === wpt02 ? `WPT ${wpt}` : wpt],
  ]);
  return {
    id: name,
    note,
    ...(after !== undefined && { after }),
    request: sent?.(good) ?? good,
    expect:
      refuse === undefined
        ? { accept: { id: spec.wit?.id ?? callerId, credential: hash(wit) } }
        : { refuse },
  };
}
