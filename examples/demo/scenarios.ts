import type { ProofErrorCode, ProofFormat } from "@firsthand/core";
import {
  type Attack,
  alters,
  delays,
  finds,
  forges,
  type OrderPath,
  proves,
  signedByNewsletter,
} from "./attempts.js";
import type { AnswerChange } from "./intruder/changes.js";

/** A call that has to be accepted: `from` is whom the verifier has to see. */
export interface GenuineCall {
  readonly from: string;
  readonly to: "checkout" | "orders" | "ledger";
  readonly format: ProofFormat;
}

/** The calls that one order of a customer makes, by how checkout orders. */
export const genuineCalls: Record<OrderPath, readonly GenuineCall[]> = {
  "/checkout": callsWith("svid-proof-1"),
  "/signed": callsWith("svid-signature-1"),
};

function callsWith(format: ProofFormat): readonly GenuineCall[] {
  return [
    { from: "storefront", to: "checkout", format: "wpt-02" },
    { from: "checkout", to: "orders", format },
    { from: "orders", to: "ledger", format: "wpt-02" },
  ];
}

export interface AttackGroup {
  readonly title: string;
  readonly attacks: readonly Attack[];
}

/** What orders has to refuse. */
export const attackGroups: readonly AttackGroup[] = [
  {
    title: "The word of a sidecar",
    attacks: [
      {
        from: "intruder",
        request: "no proof, through checkout's sidecar",
        attempt: forges("noProof"),
        expected: { orders: 401, code: "proof_missing", legacy: 201 },
      },
      {
        from: "intruder",
        request: "no proof, past the sidecar",
        attempt: forges("noProof", "port"),
        expected: { orders: 401, code: "proof_missing", legacy: 403 },
      },
      {
        from: "intruder",
        request: "past the sidecar, header made by hand",
        attempt: forges("ownHeader", "port"),
        expected: { orders: 401, code: "proof_missing", legacy: 201 },
      },
    ],
  },
  {
    title: "Credentials of checkout, without the key",
    attacks: [
      {
        from: "intruder",
        request: "X.509-SVID, signed with another key",
        attempt: forges("certificateWithOwnKey"),
        expected: { orders: 401, code: "token_signature_invalid", legacy: 201 },
      },
      {
        from: "intruder",
        request: "WIT-SVID, signed with another key",
        attempt: forges("witWithOwnKey"),
        expected: { orders: 401, code: "token_signature_invalid", legacy: 201 },
      },
      {
        from: "intruder",
        request: "WIT-SVID alone",
        attempt: forges("witAlone"),
        expected: { orders: 401, code: "wit_without_proof", legacy: 201 },
      },
      {
        from: "intruder",
        request: "WIT-SVID as bearer token",
        attempt: forges("witAsBearer"),
        expected: { orders: 401, code: "wit_as_bearer", legacy: 201 },
      },
      {
        from: "intruder",
        request: "JWT-SVID as bearer token",
        attempt: finds(({ trustDomain }) =>
          trustDomain.issueJwtSvid("/checkout", { audience: "spiffe://shop.example/orders" }),
        ),
        expected: { orders: 401, code: "proof_missing", legacy: 201 },
      },
    ],
  },
  {
    title: "Proofs of checkout, captured",
    attacks: [
      {
        from: "intruder",
        request: "its order once more",
        attempt: forges("replay"),
        expected: { orders: 401, code: "proof_replayed", legacy: 201 },
      },
      {
        from: "intruder",
        request: "its order for another supplier",
        attempt: forges("relay"),
        expected: { orders: 401, code: "proof_audience_mismatch", legacy: 201 },
      },
    ],
  },
  {
    title: "Orders of checkout, changed on the way",
    attacks: [
      {
        from: "checkout",
        request: "another body",
        attempt: alters("body"),
        expected: { orders: 401, code: "proof_body_mismatch", legacy: 201 },
      },
      {
        from: "checkout",
        request: "another query",
        attempt: alters("query"),
        expected: { orders: 401, code: "proof_query_mismatch", legacy: 201 },
      },
      {
        from: "checkout",
        request: "another method",
        attempt: alters("method"),
        expected: { orders: 401, code: "proof_method_mismatch", legacy: 200 },
      },
      {
        from: "checkout",
        request: "another path",
        attempt: alters("path"),
        expected: { orders: 401, code: "proof_target_mismatch", legacy: 200 },
      },
    ],
  },
  {
    title: "Signed orders of checkout, changed on the way",
    attacks: [
      {
        from: "checkout",
        request: "another discount, in a signed header",
        attempt: alters("discount", "/signed"),
        expected: { orders: 400, code: "signature_invalid", legacy: 201 },
      },
      {
        from: "checkout",
        request: "another body",
        attempt: alters("body", "/signed"),
        expected: { orders: 400, code: "proof_body_mismatch", legacy: 201 },
      },
    ],
  },
  {
    title: "Names that somebody else signed",
    attacks: [
      {
        from: "intruder",
        request: "checkout, by an authority of its own",
        attempt: forges("ownAuthority"),
        expected: { orders: 401, code: "certificate_untrusted", legacy: 201 },
      },
      {
        from: "partner",
        request: "checkout, by a federated authority",
        attempt: proves(async ({ partner }) =>
          (await partner.identity("spiffe://shop.example/checkout")).material(),
        ),
        expected: { orders: 401, code: "certificate_untrusted", legacy: 201 },
      },
      {
        from: "newsletter",
        request: "checkout, under its own certificate",
        attempt: proves(signedByNewsletter),
        expected: { orders: 401, code: "certificate_issuer_not_ca", legacy: 201 },
      },
    ],
  },
  {
    title: "Callers that are who they say",
    attacks: [
      {
        from: "newsletter",
        request: "a workload of the shop, but not listed",
        attempt: proves(async ({ trustDomain }) =>
          (await trustDomain.identity("/newsletter")).material(),
        ),
        expected: { orders: 403, code: "caller_forbidden", legacy: 201 },
      },
      {
        from: "partner",
        request: "checkout of the federated trust domain",
        attempt: proves(async ({ partner }) => (await partner.identity("/checkout")).material()),
        expected: { orders: 403, code: "caller_forbidden", legacy: 201 },
      },
    ],
  },
];

/** An answer of orders that checkout must not believe. */
export interface ForgedAnswer {
  readonly change: AnswerChange;
  readonly answer: string;
  readonly code: ProofErrorCode;
}

export const forgedAnswers: readonly ForgedAnswer[] = [
  { change: "answer", answer: "for another customer", code: "response_invalid" },
  { change: "signature", answer: "without its signature", code: "response_unsigned" },
];

/** What orders has to refuse afterwards: from the last one on, its clock is ahead. */
export const lateAttackGroups: readonly AttackGroup[] = [
  {
    title: "A key that was stolen before",
    attacks: [
      {
        from: "intruder",
        request: "X.509-SVID of checkout with its key",
        attempt: proves(async ({ early }) => early),
        expected: { orders: 401, code: "certificate_untrusted", legacy: 201 },
      },
    ],
  },
  {
    title: "Proofs of checkout, ten minutes later",
    attacks: [
      {
        from: "intruder",
        request: "its order, held back for ten minutes",
        attempt: delays({ minutes: 10 }),
        expected: { orders: 401, code: "proof_expired", legacy: 201 },
      },
    ],
  },
];
