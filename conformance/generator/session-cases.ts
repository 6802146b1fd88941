import type { VerificationCode } from "@firsthand/core";
import { callerId, T } from "../support/scene.js";
import { goodRequest, hash, type PlainRequest, sentRequest, svidProof } from "./case-spec.js";
import { callerLeaf } from "./cases-of-certificates.js";
import { adding } from "./cases-of-tokens.js";
import {
  joined,
  macOf,
  openingProof,
  otherTicketKey,
  requestKey,
  sealedTicket,
  sessionId,
  ticketContent,
} from "./session-agreement.js";
import { withSpareBits } from "./token.js";
import type { VectorCase, VectorRequest } from "./vector-file.js";
import { goodWit } from "./wpt-cases.js";

/** How a case differs from a good request of the session. */
interface SessionCase {
  readonly name: string;
  readonly note: string;
  readonly refuse?: VerificationCode;
  readonly after?: string;
  readonly request?: Partial<PlainRequest>;
  /** What the ticket holds. */
  readonly ticket?: Readonly<Record<string, unknown>>;
  readonly ticketKey?: Uint8Array;
  readonly sequence?: number;
  readonly issuedAt?: number;
  /** What is authenticated, where it is not what is sent. */
  readonly proved?: Partial<Proved>;
  readonly macKey?: Uint8Array;
  readonly value?: (value: string) => string;
  readonly sent?: (request: VectorRequest) => VectorRequest;
}

interface Proved extends PlainRequest {
  readonly sessionId: string;
  readonly sequence: number;
  readonly issuedAt: number;
}

const header = "SVID-Session-Proof";
const bearer = ["Authorization", "Bearer user.token"] as const;
const txnToken = ["Txn-Token", "txn.token"] as const;
const userToken = ["X-User-Token", "user"] as const;
const noBody = { method: "GET", body: undefined };
const ticket = ticketContent();

/** Every case of proofs by session. */
export function sessionCases(): readonly VectorCase[] {
  return [...accepted, ...form, ...mismatches, ...tickets, ...times, ...messages].map(vectorOf);
}

const accepted: readonly SessionCase[] = [
  { name: "good", note: "a request of the session" },
  { name: "good-without-content", note: "no content, and no digest", request: noBody },
  { name: "good-empty-query", note: "a ? and nothing behind it", request: { target: "/v1?" } },
  { name: "good-late-number", note: "the last number of a session", sequence: 2 ** 31 - 1 },
  { name: "good-bearer", note: "with the token of a user", request: { headers: [bearer] } },
  { name: "good-txn-token", note: "with a transaction token", request: { headers: [txnToken] } },
  { name: "good-user-token", note: "with a named token", request: { headers: [userToken] } },
  { name: "good-oldest", note: "89 seconds old: a minute and the skew", issuedAt: T - 89 },
  { name: "good-earliest", note: "from 30 seconds ahead: the skew", issuedAt: T + 30 },
  {
    name: "good-header-case",
    note: "the name of the field is in lower case",
    sent: (request) => renamed(request, header.toLowerCase()),
  },
];

const form: readonly SessionCase[] = [
  malformed("form-empty", "the value is empty", () => ""),
  malformed("form-token", "the session is a token, not a string", (v) => v.replace(/"/, "")),
  malformed("form-space", "a space after a semicolon", (v) => v.replace(";", "; ")),
  malformed("form-trailing", "a parameter more", (v) => `${v};x=1`),
  malformed("form-order", "the time before the number", (v) =>
    v.replace(/;n=(\d+);t=(\d+)/, ";t=$2;n=$1"),
  ),
  malformed("form-number-missing", "no number", (v) => v.replace(/;n=\d+/, "")),
  malformed("form-number-twice", "two numbers", (v) => v.replace(/;n=(\d+)/, ";n=$1;n=9")),
  malformed("form-number-zero", "a number with a leading zero", (v) => v.replace(/n=/, "n=0")),
  malformed("form-number-negative", "a negative number", (v) => v.replace(/n=/, "n=-")),
  malformed("form-number-beyond", "a number of 2^31", (v) => v.replace(/n=\d+/, "n=2147483648")),
  malformed("form-time-missing", "no time", (v) => v.replace(/;t=\d+/, "")),
  malformed("form-time-fraction", "a time with a fraction", (v) => v.replace(/(t=\d+)/, "$1.5")),
  malformed("form-mac-missing", "no MAC", (v) => v.replace(/;m=.*/, "")),
  malformed("form-mac-short", "16 bytes of the MAC", (v) => v.replace(/(m=".{22}).*"/, '$1"')),
  malformed("form-mac-padded", "the MAC with padding", (v) => v.replace(/"$/, '="')),
  malformed("form-mac-bytes", "the MAC as a byte sequence", (v) =>
    v.replace(/m="(.*)"$/, "m=:$1=:"),
  ),
  malformed("form-digest-short", "a digest of 16 bytes", (v) => v.replace(/(b=".{22})[^"]*/, "$1")),
  malformed("form-algorithm", "it names an algorithm", (v) => `${v};alg="none"`),
  malformed("form-session-short", "a name of 21 characters", (v) =>
    v.replace(/^"[^"]*"/, `"${"A".repeat(21)}"`),
  ),
  malformed("form-session-long", "a name of 4097 characters", (v) =>
    v.replace(/^"[^"]*"/, `"${"A".repeat(4097)}"`),
  ),
  malformed("form-jws", "an SVID-Proof where the value has to be", () => openingProof),
];

const mismatches: readonly SessionCase[] = [
  mismatch("mac-zero", "the MAC is all zeros", {
    value: (v) => v.replace(/m="[^"]*"/, `m="${"A".repeat(43)}"`),
  }),
  mismatch("mac-spare-bits", "the last character of the MAC has bits that no byte holds", {
    value: (v) => `${withSpareBits(v.slice(0, -1))}"`,
  }),
  mismatch("mac-of-another-key", "the MAC was made with another key", { macKey: otherTicketKey }),
  mismatch("mac-of-another-session", "the MAC names another session", {
    proved: { sessionId: hash("another session").slice(0, 22) },
  }),
  mismatch("number-changed", "the number is another", { proved: { sequence: 8 } }),
  mismatch("time-changed", "the time is another", { proved: { issuedAt: T - 1 } }),
  mismatch("method-changed", "the method is another", { proved: { method: "PUT" } }),
  mismatch("path-changed", "the path is another", { proved: { target: "/v1/other?dry=1&page=2" } }),
  mismatch("query-reordered", "the query is in another order", {
    proved: { target: "/v1/transfers?page=2&dry=1" },
  }),
  mismatch("query-missing", "the query was not proved", { proved: { target: "/v1/transfers" } }),
  mismatch("digest-changed", "the digest is another", { proved: { body: '{"amount":2}' } }),
  mismatch("digest-removed", "the digest was taken out", {
    value: (v) => v.replace(/;b="[^"]*"/, ""),
  }),
  mismatch("bearer-added", "the token of a user was added", { sent: adding(bearer) }),
  mismatch("bearer-changed", "the token of the user is another", {
    request: { headers: [bearer] },
    proved: { headers: [["Authorization", "Bearer other"]] },
  }),
  mismatch("bearer-missing", "the token of the user was taken out", {
    proved: { headers: [bearer] },
  }),
  mismatch("txn-token-added", "a transaction token was added", { sent: adding(txnToken) }),
  mismatch("user-token-added", "a named token was added", { sent: adding(userToken) }),
  mismatch("tokens-swapped", "the token of the user was proved as a transaction token", {
    request: { headers: [["Authorization", "Bearer x"]] },
    proved: { headers: [["Txn-Token", "x"]] },
  }),
];

const tickets: readonly SessionCase[] = [
  unknown("session-unknown", "the session is one that nobody has", {
    value: (v) => v.replace(/^"[^"]*"/, `"${sessionId}"`),
  }),
  unknown("ticket-of-another-key", "the ticket is sealed under a key that is not ours", {
    ticketKey: otherTicketKey,
  }),
  unknown("ticket-changed", "one character of the ticket is another", {
    value: (v) => v.replace(/^("(?:.{60}))./, "$1_"),
  }),
  unknown("ticket-cut", "the ticket ends early", { value: (v) => v.replace(/.{4}";n/, '";n') }),
  unknown("ticket-of-another-service", "the ticket is of another service with the same keys", {
    ticket: { origin: "https://reports.pay.svc:8443" },
  }),
  unknown("ticket-of-another-form", "the ticket has a member that this version does not have", {
    ticket: { version: 2 },
  }),
  {
    name: "ticket-of-other-authorities",
    note: "the session was opened under other authorities",
    ticket: { bundle: hash("another bundle") },
    refuse: "session_superseded",
  },
  {
    name: "ticket-ended",
    note: "the session was opened ten minutes ago",
    ticket: { openedAt: T - 600 },
    refuse: "session_expired",
  },
  {
    name: "credential-ended",
    note: "the credential of the caller has ended",
    ticket: { credential: { ...(ticket.credential as object), expiresAt: T } },
    refuse: "session_expired",
  },
  {
    name: "trust-domain-unknown",
    note: "there is no bundle for the trust domain of the caller",
    ticket: { caller: "spiffe://unknown.example/web" },
    refuse: "trust_domain_unknown",
  },
  {
    name: "caller-not-allowed",
    note: "the policy does not name the caller",
    ticket: { caller: `${callerId}-other` },
    refuse: "caller_forbidden",
  },
];

const times: readonly SessionCase[] = [
  { name: "too-old", note: "90 seconds old", issuedAt: T - 90, refuse: "proof_expired" },
  { name: "too-early", note: "31 s ahead", issuedAt: T + 31, refuse: "proof_not_yet_valid" },
];

const messages: readonly SessionCase[] = [
  {
    name: "replayed",
    note: "the same request once more",
    after: "good",
    refuse: "proof_replayed",
  },
  {
    name: "body-changed",
    note: "the content is another",
    sent: (request) => ({ ...request, body: Buffer.from('{"amount":9}').toString("base64url") }),
    refuse: "proof_body_mismatch",
  },
  {
    name: "body-removed",
    note: "the content is gone",
    sent: ({ body: _, ...request }) => request,
    refuse: "proof_body_mismatch",
  },
  {
    name: "body-added",
    note: "content was added to a request without any",
    request: noBody,
    sent: (request) => ({ ...request, body: Buffer.from("x").toString("base64url") }),
    refuse: "proof_body_unbound",
  },
  {
    name: "twice",
    note: "the field occurs twice",
    sent: (request) => {
      const field = request.headers.find(([name]) => name === header) ?? bearer;
      return adding(field)(request);
    },
    refuse: "header_duplicate",
  },
  {
    name: "joined",
    note: "two values in one field, as a proxy joins them",
    value: (value) => `${value}, ${value}`,
    refuse: "header_duplicate",
  },
  {
    name: "beside-svid-proof",
    note: "the proof that opened the session is in the request too",
    sent: adding([svidProof.header, openingProof]),
    refuse: "proof_ambiguous",
  },
  {
    name: "beside-wit",
    note: "a good WIT-SVID is in the request too",
    sent: adding(["Workload-Identity-Token", goodWit]),
    refuse: "proof_ambiguous",
  },
  {
    name: "beside-wpt",
    note: "a WPT is in the request too",
    sent: adding(["Authorization", "WPT a.b.c"]),
    refuse: "proof_ambiguous",
  },
  {
    name: "as-svid-proof",
    note: "the value is where an SVID-Proof has to be",
    sent: (request) => renamed(request, svidProof.header),
    refuse: "token_malformed",
  },
  {
    name: "user-token-twice",
    note: "a named token occurs twice",
    request: { headers: [userToken] },
    sent: adding(userToken),
    refuse: "proof_token_header_ambiguous",
  },
];

function malformed(name: string, note: string, value: (value: string) => string): SessionCase {
  return { name, note, value, refuse: "session_proof_malformed" };
}

function mismatch(name: string, note: string, change: Partial<SessionCase>): SessionCase {
  return { name, note, refuse: "session_proof_mismatch", ...change };
}

function unknown(name: string, note: string, change: Partial<SessionCase>): SessionCase {
  return { name, note, refuse: "session_unknown", ...change };
}

function renamed(request: VectorRequest, name: string): VectorRequest {
  const headers = request.headers.map(
    ([field, value]) => [field === header ? name : field, value] as const,
  );
  return { ...request, headers };
}

function vectorOf(spec: SessionCase): VectorCase {
  const { name, note, after, refuse, value: change, sent } = spec;
  const request = { ...goodRequest, ...spec.request };
  const { sequence = 7, issuedAt = T } = spec;
  const sealed = sealedTicket({ ...ticket, ...spec.ticket }, spec.ticketKey);
  const digest = request.body === undefined ? "" : `;b="${hash(request.body)}"`;
  const proved = { ...request, sessionId, sequence, issuedAt, ...spec.proved };
  const mac = macOf(spec.macKey ?? requestKey, textOf(proved));
  const value = `"${sealed}";n=${sequence};t=${issuedAt}${digest};m="${mac}"`;
  const good = sentRequest(request, [[header, change?.(value) ?? value]]);
  const caller = { id: callerId, credential: hash(callerLeaf.der) };
  return {
    id: name,
    note,
    ...(after !== undefined && { after }),
    request: sent?.(good) ?? good,
    expect: refuse === undefined ? { accept: caller } : { refuse },
  };
}

function textOf({ sessionId, sequence, issuedAt, method, target, headers, body }: Proved): string {
  const fieldOf = (name: string) => headers.find(([field]) => field.toLowerCase() === name)?.[1];
  const accessToken = fieldOf("authorization")?.split(" ")[1];
  const named = fieldOf("x-user-token");
  return joined([
    "svid-session-1",
    sessionId,
    sequence,
    issuedAt,
    method,
    target,
    body === undefined ? undefined : hash(body),
    accessToken,
    fieldOf("txn-token"),
    ...(named === undefined ? [] : ["x-user-token", named]),
  ]);
}
