import { origin, T } from "../support/scene.js";
import { type CaseSpec, hash, type ProfileNames } from "./case-spec.js";

const path = "/v1/transfers";

/** What the claims of any profile have to say about time, audience, method, query and content. */
export function casesOfClaims(names: ProfileNames): readonly CaseSpec[] {
  return [...times, ...audiences(names), ...methods, ...queries(names), ...contents(names), ...ids];
}

const times: readonly CaseSpec[] = [
  {
    name: "times-at-the-limits",
    note: "issued 30 seconds ahead of the verifier's clock, living for 120 seconds",
    claims: { iat: T + 30, exp: T + 150 },
  },
  {
    name: "expiry-within-skew",
    note: "expired 29 seconds ago",
    claims: { iat: T - 89, exp: T - 29 },
  },
  {
    name: "exp-missing",
    note: "exp is absent",
    claims: { exp: undefined },
    refuse: "proof_expiry_missing",
  },
  {
    name: "exp-text",
    note: "exp is a string",
    claims: { exp: String(T + 60) },
    refuse: "token_claim_invalid",
  },
  {
    name: "exp-infinite",
    note: "exp is a number that is too large to be finite",
    claimsText: (json) => json.replace(`"exp":${T + 60}`, '"exp":1e400'),
    refuse: "token_claim_invalid",
  },
  {
    name: "exp-negative",
    note: "exp is negative",
    claims: { exp: -1 },
    refuse: "proof_expired",
  },
  {
    name: "iat-text",
    note: "iat is a string",
    claims: { iat: String(T) },
    refuse: "token_claim_invalid",
  },
  {
    name: "expired",
    note: "expired 30 seconds ago",
    claims: { iat: T - 90, exp: T - 30 },
    refuse: "proof_expired",
  },
  {
    name: "issued-in-the-future",
    note: "issued 31 seconds ahead of the verifier's clock",
    claims: { iat: T + 31, exp: T + 91 },
    refuse: "proof_not_yet_valid",
  },
  {
    name: "lifetime",
    note: "lives for 121 seconds",
    claims: { exp: T + 121 },
    refuse: "proof_lifetime_exceeded",
  },
  {
    name: "lifetime-of-the-past",
    note: "issued ten minutes ago",
    claims: { iat: T - 600 },
    refuse: "proof_lifetime_exceeded",
  },
  {
    name: "issued-after-expiry",
    note: "iat is after exp",
    claims: { iat: T + 20, exp: T + 10 },
    refuse: "proof_lifetime_exceeded",
  },
];

function audiences({ token }: ProfileNames): readonly CaseSpec[] {
  const refused = (name: string, note: string, aud: unknown): CaseSpec => ({
    name: `audience-${name}`,
    note,
    claims: { aud },
    refuse: "proof_audience_mismatch",
  });
  const otherPath = (name: string, note: string, aud: string): CaseSpec => ({
    name: `audience-${name}`,
    note,
    claims: { aud: `${origin}${aud}` },
    refuse: "proof_target_mismatch",
  });
  return [
    {
      name: "audience-spelling",
      note: "scheme and host of aud are in upper case, which is the same origin",
      claims: { aud: `HTTPS://LEDGER.pay.svc:8443${path}` },
    },
    {
      name: "audience-missing",
      note: "aud is absent",
      claims: { aud: undefined },
      refuse: "proof_audience_missing",
    },
    {
      name: "audience-two",
      note: "aud names two services",
      claims: { aud: [`${origin}${path}`, `https://reports.pay.svc${path}`] },
      refuse: token === "svid-proof" ? "token_claim_invalid" : "proof_audience_multiple",
    },
    {
      name: "audience-number",
      note: "aud is a number",
      claims: { aud: 8443 },
      refuse: "token_claim_invalid",
    },
    refused("of-another-host", "aud is at another host", `https://reports.pay.svc:8443${path}`),
    refused("of-another-port", "aud is at another port", `https://ledger.pay.svc:9443${path}`),
    refused("without-port", "aud lacks the port", `https://ledger.pay.svc${path}`),
    refused("of-another-scheme", "aud is http:", `http://ledger.pay.svc:8443${path}`),
    refused(
      "with-user-information",
      "aud has our host where its user information is",
      `https://ledger.pay.svc:8443@evil.example${path}`,
    ),
    refused(
      "with-suffix",
      "the host of aud starts with ours",
      `https://ledger.pay.svc.evil${path}`,
    ),
    refused("relative", "aud is a path", path),
    refused("empty", "aud is empty", ""),
    {
      ...refused("of-the-host-header", "aud is where the request says it goes", ""),
      claims: { aud: `https://evil.example${path}` },
      request: { headers: [["X-Forwarded-Host", "evil.example"]] },
      sent: ({ headers, ...request }) => ({
        ...request,
        headers: headers.map(([name, value]) =>
          name === "Host" ? [name, "evil.example"] : [name, value],
        ),
      }),
    },
    {
      name: "host-header",
      note: "Host and X-Forwarded-Host are others, and take no part",
      request: { headers: [["X-Forwarded-Host", "evil.example"]] },
      sent: ({ headers, ...request }) => ({
        ...request,
        headers: headers.map(([name, value]) =>
          name === "Host" ? [name, "evil.example"] : [name, value],
        ),
      }),
    },
    otherPath("of-another-path", "aud has another path", "/v1/refunds"),
    otherPath("of-a-longer-path", "aud has one segment more", `${path}/7`),
    otherPath("with-slash", "aud has a slash at its end", `${path}/`),
    otherPath("in-upper-case", "the path of aud is in upper case", path.toUpperCase()),
    otherPath("percent-encoded", "the path of aud has a letter percent-encoded", "/v1/%74ransfers"),
    otherPath("with-dot-segment", "the path of aud has a dot segment", "/v1/./transfers"),
    otherPath("without-path", "aud has no path", ""),
  ];
}

const methods: readonly CaseSpec[] = [
  {
    name: "get",
    note: "a GET without query and content",
    request: { method: "GET", target: path, body: undefined },
  },
  {
    name: "method-changed",
    note: "proved as POST, sent as PUT",
    sent: (request) => ({ ...request, method: "PUT" }),
    refuse: "proof_method_mismatch",
  },
  {
    name: "method-lower-case",
    note: "htm is in lower case",
    claims: { htm: "post" },
    refuse: "proof_method_mismatch",
  },
  {
    name: "method-unbound",
    note: "htm is absent",
    claims: { htm: undefined },
    refuse: "proof_method_unbound",
  },
  {
    name: "method-array",
    note: "htm is an array",
    claims: { htm: ["POST"] },
    refuse: "token_claim_invalid",
  },
];

function queries({ htq }: ProfileNames): readonly CaseSpec[] {
  const sentTo = (name: string, note: string, target: string): CaseSpec => ({
    name: `query-${name}`,
    note,
    sent: (request) => ({ ...request, target }),
    refuse: "proof_query_mismatch",
  });
  return [
    {
      name: "query-empty",
      note: "the target ends with a question mark: an empty query, bound as such",
      request: { target: `${path}?` },
    },
    {
      name: "query-odd",
      note: "the query has every kind of character that a target may have",
      request: { target: `${path}?a=%00%2F?b&&=;c[]=\`{|}^"<>'~` },
    },
    {
      name: "path-odd",
      note: "the path has dot segments, empty segments and percent-encoding, all as sent",
      request: { target: "/v1//./../transfers/%2e%2E/%61;x=1?dry=1" },
    },
    sentTo("changed", "a value is another", `${path}?dry=0&page=2`),
    sentTo("reordered", "the parameters are in another order", `${path}?page=2&dry=1`),
    sentTo("percent-encoded", "a letter is percent-encoded", `${path}?%64ry=1&page=2`),
    sentTo("extended", "there is one parameter more", `${path}?dry=1&page=2&admin=1`),
    sentTo("emptied", "the query is empty", `${path}?`),
    sentTo("removed", "the query is gone, and its question mark", path),
    {
      name: "query-added",
      note: "proved without a query, sent with one",
      request: { target: path },
      sent: (request) => ({ ...request, target: `${path}?dry=1` }),
      refuse: "proof_query_unbound",
    },
    {
      name: "query-unbound",
      note: "the claim of the query is absent",
      claims: { [htq]: undefined },
      refuse: "proof_query_unbound",
    },
    {
      name: "query-number",
      note: "the claim of the query is a number",
      claims: { [htq]: 1 },
      refuse: "token_claim_invalid",
    },
  ];
}

function contents({ htb }: ProfileNames): readonly CaseSpec[] {
  return [
    {
      name: "content-empty",
      note: "the content has no bytes and is bound",
      request: { body: "" },
    },
    {
      name: "content-empty-unbound",
      note: "the content has no bytes and is not bound",
      request: { body: "" },
      claims: { [htb]: undefined },
    },
    {
      name: "content-of-get",
      note: "a GET with content, which is bound",
      request: { method: "GET" },
    },
    {
      name: "content-of-get-unbound",
      note: "a GET with content, which is not bound",
      request: { method: "GET" },
      claims: { [htb]: undefined },
      refuse: "proof_body_unbound",
    },
    {
      name: "content-changed",
      note: "one byte is another",
      sent: (request) => withBody(request, '{"amount":9}'),
      refuse: "proof_body_mismatch",
    },
    {
      name: "content-extended",
      note: "there is one byte more",
      sent: (request) => withBody(request, '{"amount":1} '),
      refuse: "proof_body_mismatch",
    },
    {
      name: "content-truncated",
      note: "the last byte is gone",
      sent: (request) => withBody(request, '{"amount":1'),
      refuse: "proof_body_mismatch",
    },
    {
      name: "content-removed",
      note: "the content is gone",
      sent: ({ body: _, ...request }) => request,
      refuse: "proof_body_mismatch",
    },
    {
      name: "content-added",
      note: "proved without content, sent with some",
      request: { body: undefined },
      sent: (request) => withBody(request, '{"amount":1}'),
      refuse: "proof_body_unbound",
    },
    {
      name: "content-unbound",
      note: "the claim of the content is absent",
      claims: { [htb]: undefined },
      refuse: "proof_body_unbound",
    },
    {
      name: "content-hash-in-hexadecimal",
      note: "the claim of the content is the right hash in another encoding",
      claims: { [htb]: Buffer.from(hash('{"amount":1}'), "base64url").toString("hex") },
      refuse: "proof_body_mismatch",
    },
    {
      name: "content-number",
      note: "the claim of the content is a number",
      claims: { [htb]: 1 },
      refuse: "token_claim_invalid",
    },
  ];
}

const ids: readonly CaseSpec[] = [
  { name: "jti-longest", note: "jti has 256 bytes", claims: { jti: "a".repeat(256) } },
  ...Object.entries({
    missing: ["jti is absent", undefined],
    empty: ["jti is empty", ""],
    "too-long": ["jti has 257 bytes", "a".repeat(257)],
    number: ["jti is a number", 1],
    "with-space": ["jti has a space", "a b"],
    "not-ascii": ["jti has a character that is not ASCII", "a\u00e9"],
  }).map(
    ([name, [note = "", jti]]): CaseSpec => ({
      name: `jti-${name}`,
      note: String(note),
      claims: { jti },
      refuse: "proof_id_invalid",
    }),
  ),
];

function withBody<Request>(request: Request, body: string): Request & { body: string } {
  return { ...request, body: Buffer.from(body).toString("base64url") };
}
