import { type CaseSpec, hash, type ProfileNames } from "./case-spec.js";

const userToken = ["X-User-Token", "user-token"] as const;
const txnToken = ["Txn-Token", "txn-token"] as const;
const bearer = ["Authorization", "Bearer access-token"] as const;

/** The tokens that travel with a request, which a proof binds both ways. */
export function casesOfTokens(names: ProfileNames): readonly CaseSpec[] {
  return [
    ...(names.header === "Authorization" ? [] : accessTokens),
    ...txnTokens,
    ...userTokens,
    {
      name: "tokens-all",
      note: "every token that this profile can travel with, all bound",
      request: {
        headers: [...(names.header === "Authorization" ? [] : [bearer]), txnToken, userToken],
      },
    },
  ];
}

const accessTokens: readonly CaseSpec[] = [
  { name: "access-token", note: "with a bound bearer token", request: { headers: [bearer] } },
  {
    name: "access-token-of-dpop",
    note: "with a bound token of the scheme DPoP",
    request: { headers: [["Authorization", "DPoP access-token"]] },
  },
  {
    name: "access-token-none",
    note: "with Authorization of another scheme, which is no token",
    request: { headers: [["Authorization", "Basic dXNlcjpwYXNz"]] },
  },
  {
    name: "access-token-changed",
    note: "the bearer token is another",
    request: { headers: [bearer] },
    sent: replacing("Authorization", "Bearer another"),
    refuse: "proof_access_token_mismatch",
  },
  {
    name: "access-token-removed",
    note: "the bound bearer token is gone",
    request: { headers: [bearer] },
    sent: without("Authorization"),
    refuse: "proof_access_token_mismatch",
  },
  {
    name: "access-token-added",
    note: "a bearer token was added after the proof",
    sent: adding(bearer),
    refuse: "proof_access_token_unbound",
  },
  {
    name: "access-token-unbound",
    note: "ath is absent",
    request: { headers: [bearer] },
    claims: { ath: undefined },
    refuse: "proof_access_token_unbound",
  },
  {
    name: "access-token-number",
    note: "ath is a number",
    request: { headers: [bearer] },
    claims: { ath: 1 },
    refuse: "token_claim_invalid",
  },
  {
    name: "access-token-duplicate",
    note: "Authorization occurs twice",
    request: { headers: [bearer] },
    sent: adding(bearer),
    refuse: "header_duplicate",
  },
];

const txnTokens: readonly CaseSpec[] = [
  { name: "txn-token", note: "with a bound transaction token", request: { headers: [txnToken] } },
  {
    name: "txn-token-changed",
    note: "the transaction token is another",
    request: { headers: [txnToken] },
    sent: replacing("Txn-Token", "another"),
    refuse: "proof_transaction_token_mismatch",
  },
  {
    name: "txn-token-removed",
    note: "the bound transaction token is gone",
    request: { headers: [txnToken] },
    sent: without("Txn-Token"),
    refuse: "proof_transaction_token_mismatch",
  },
  {
    name: "txn-token-added",
    note: "a transaction token was added after the proof",
    sent: adding(txnToken),
    refuse: "proof_transaction_token_unbound",
  },
  {
    name: "txn-token-unbound",
    note: "tth is absent",
    request: { headers: [txnToken] },
    claims: { tth: undefined },
    refuse: "proof_transaction_token_unbound",
  },
  {
    name: "txn-token-duplicate",
    note: "Txn-Token occurs twice",
    request: { headers: [txnToken] },
    sent: adding(txnToken),
    refuse: "header_duplicate",
  },
];

const userTokens: readonly CaseSpec[] = [
  {
    name: "token-header",
    note: "with a bound header that the verifier knows as one that carries a token",
    request: { headers: [userToken] },
  },
  {
    name: "token-header-changed",
    note: "the token in the header is another",
    request: { headers: [userToken] },
    sent: replacing("X-User-Token", "another"),
    refuse: "proof_token_header_mismatch",
  },
  {
    name: "token-header-removed",
    note: "the bound token header is gone",
    request: { headers: [userToken] },
    sent: without("X-User-Token"),
    refuse: "proof_token_header_mismatch",
  },
  {
    name: "token-header-added",
    note: "a token header was added after the proof",
    sent: adding(userToken),
    refuse: "proof_token_header_unbound",
  },
  {
    name: "token-header-unbound",
    note: "oth is absent",
    request: { headers: [userToken] },
    claims: { oth: undefined },
    refuse: "proof_token_header_unbound",
  },
  {
    name: "token-header-unknown",
    note: "oth binds a header that the verifier does not know",
    request: { headers: [["X-Other-Token", "other"]] },
    claims: { oth: { "x-other-token": hash("other") } },
    refuse: "proof_token_header_unknown",
  },
  {
    name: "token-header-in-upper-case",
    note: "oth names the header in upper case",
    request: { headers: [userToken] },
    claims: { oth: { "X-User-Token": hash("user-token") } },
    refuse: "proof_token_header_unknown",
  },
  {
    name: "token-header-duplicate",
    note: "the bound header occurs twice",
    request: { headers: [userToken] },
    sent: adding(userToken),
    refuse: "proof_token_header_ambiguous",
  },
  {
    name: "token-header-array",
    note: "oth is an array",
    claims: { oth: [] },
    refuse: "token_claim_invalid",
  },
];

type Sent = NonNullable<CaseSpec["sent"]>;

/** Adds a field at the end. */
export function adding(header: readonly [string, string]): Sent {
  return ({ headers, ...request }) => ({ ...request, headers: [...headers, header] });
}

/** Takes a field out. */
export function without(field: string): Sent {
  return ({ headers, ...request }) => ({
    ...request,
    headers: headers.filter(([name]) => name !== field),
  });
}

/** Gives a field another value. */
export function replacing(field: string, change: string | ((value: string) => string)): Sent {
  return ({ headers, ...request }) => ({
    ...request,
    headers: headers.map(([name, value]): [string, string] => {
      if (name !== field) return [name, value];
      return [name, typeof change === "string" ? change : change(value)];
    }),
  });
}
