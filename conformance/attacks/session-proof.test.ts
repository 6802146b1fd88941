import type { ProverOptions, VerificationCode, VerifierOptions } from "@firsthand/core";
import {
  addHeader,
  type RequestData,
  removeHeader,
  replaceHeader,
  requestMutations,
} from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { origin } from "../../packages/core/src/scene.test-support.js";
import {
  type Outcome,
  openedScene,
  proved,
  received,
} from "../../packages/core/src/session/session-scene.test-support.js";

/** A case of the catalogue of proof tokens, made against a request that is proved by session. */
interface Attack {
  readonly title: string;
  readonly request?: Partial<RequestData>;
  readonly prover?: Partial<ProverOptions>;
  readonly verifier?: Partial<VerifierOptions>;
  /** How far the clock of the verifier is ahead of that of the caller when the request arrives. */
  readonly lateSeconds?: number;
  readonly change?: (request: RequestData) => RequestData;
  readonly outcome: Outcome;
}

const field = "SVID-Session-Proof";
const inProof = (change: (value: string) => string) => replaceHeader(field, change);
const transfer: RequestData = {
  method: "POST",
  target: "/v1/transfers?dry=1&page=2",
  headers: [],
  body: Buffer.from('{"amount":1}'),
};
const noContent = { method: "GET", body: undefined };

const attacks: readonly Attack[] = [
  { title: "PV-004 20 s early", lateSeconds: -20, outcome: "svid-session-1" },
  { title: "PV-006 without content and digest", request: noContent, outcome: "svid-session-1" },
  {
    title: "PV-007 with content of no bytes",
    request: { body: Buffer.of() },
    outcome: "svid-session-1",
  },
  {
    title: "PV-013 in a field in upper case",
    change: (request) => ({
      ...request,
      headers: request.headers.map(([name, value]) => [name.toUpperCase(), value] as const),
    }),
    outcome: "svid-session-1",
  },
  refused(
    "PV-014 with a member __proto__",
    inProof((v) => `${v};__proto__="x"`),
    "session_proof_malformed",
  ),
  refused("PV-017 without its proof", removeHeader(field), "proof_missing"),
  refused(
    "PV-018 with two proofs",
    (request) => addHeader(...fieldOf(request))(request),
    "header_duplicate",
  ),
  refused(
    "PV-019 with two proofs in one field",
    inProof((v) => `${v}, ${v}`),
    "header_duplicate",
  ),
  refused(
    "PV-022 with an alg",
    inProof((v) => `${v};alg="ES384"`),
    "session_proof_malformed",
  ),
  refused("PV-026 with the MAC of another key", mac("A".repeat(43)), "session_proof_mismatch"),
  refused(
    "PV-027 with one changed byte",
    inProof((v) => v.replace("t=1", "t=2")),
    "proof_not_yet_valid",
  ),
  refused("PV-028 beside a WIT", addHeader("Workload-Identity-Token", "a.b.c"), "proof_ambiguous"),
  {
    title: "PV-032 PV-034 PV-035 PV-040 at a service with another origin",
    verifier: { origin: ["https://evil.example", origin.replace("https", "http")] },
    outcome: "proof_audience_mismatch",
  },
  {
    title: "PV-042 PV-054 after its minute and the skew",
    lateSeconds: 90,
    outcome: "proof_expired",
  },
  { title: "PV-046 ten minutes old", lateSeconds: 599, outcome: "proof_expired" },
  { title: "PV-047 issued after its end", lateSeconds: -31, outcome: "proof_not_yet_valid" },
  refused("PV-055 for another method", requestMutations.methodChanged, "session_proof_mismatch"),
  refused(
    "PV-057 with the query reordered",
    requestMutations.queryReordered,
    "session_proof_mismatch",
  ),
  refused("PV-059 with another body", requestMutations.bodyReplaced, "proof_body_mismatch"),
  {
    title: "PV-061 with content that no digest is there for",
    request: noContent,
    change: (request) => ({ ...request, body: Buffer.from("x") }),
    outcome: "proof_body_unbound",
  },
  refused("PV-062 without the content", requestMutations.bodyRemoved, "proof_body_mismatch"),
  refused(
    "PV-064 with a body that a proxy encoded",
    requestMutations.bodyExtended,
    "proof_body_mismatch",
  ),
  {
    title: "PV-065 with content beyond the limit",
    request: { body: Buffer.alloc(2048) },
    outcome: "body_too_large",
  },
  refused(
    "PV-069 with a transaction token added",
    addHeader("Txn-Token", "t"),
    "session_proof_mismatch",
  ),
  {
    title: "PV-070 with a token bound that the verifier does not know",
    request: { headers: [["x-user-token", "u"]] },
    prover: { tokenHeaders: ["x-user-token"] },
    outcome: "session_proof_mismatch",
  },
  {
    title: "PV-071 with a bound token that occurs twice",
    request: { headers: [["x-user-token", "u"]] },
    prover: { tokenHeaders: ["x-user-token"] },
    verifier: { tokenHeaders: ["x-user-token"] },
    change: addHeader("x-user-token", "u"),
    outcome: "proof_token_header_ambiguous",
  },
  refused(
    "PV-079 with 40 KiB",
    inProof((v) => v.replace('"', `"${"A".repeat(40_960)}`)),
    "session_proof_malformed",
  ),
  refused(
    "PV-080 as a JWS",
    inProof(() => "eyJhbGciOiJFUzI1NiJ9.e30.AA"),
    "session_proof_malformed",
  ),
];

describe("a request that is proved by session", () => {
  it.each(attacks)("$title comes to $outcome", async (attack) => {
    const { lateSeconds = 0, change = (request) => request } = attack;
    const opening = attack.verifier?.origin === undefined ? attack.verifier : undefined;
    const { prover, verifier, clock } = await openedScene({
      prover: attack.prover ?? {},
      verifier: { contentLimitBytes: 1024, ...opening },
    });
    if (attack.outcome === "proof_audience_mismatch") return expectNoSession(attack.verifier ?? {});
    const { request, proof } = await proved(prover, { ...transfer, ...attack.request });
    expect(proof.session).toBe("used");
    clock.set(clock.now() + lateSeconds * 1000);
    expect((await received(verifier, change(request))).outcome).toBe(attack.outcome);
  });
});

/** A session cannot even be opened at a service that the proof was not made for. */
async function expectNoSession(verifier: Partial<VerifierOptions>): Promise<void> {
  const { opening } = await openedScene({ verifier });
  expect([opening.outcomes, opening.answers]).toEqual([["proof_audience_mismatch"], [undefined]]);
}

function refused(
  title: string,
  change: (request: RequestData) => RequestData,
  outcome: VerificationCode,
): Attack {
  return { title, change, outcome };
}

function mac(text: string) {
  return inProof((value) => value.replace(/m="[^"]*"/, `m="${text}"`));
}

function fieldOf({ headers }: RequestData): [name: string, value: string] {
  const [, value] = headers.find(([name]) => name === field) ?? expect.fail("no proof");
  return [field, value];
}
