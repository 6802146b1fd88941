import { type RequestData, replaceHeader, requestMutations } from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { runtime } from "#runtime";
import { base64url } from "../encoding.js";
import { allow, allowTrustDomain } from "../policy/allow.js";
import type { VerificationCode } from "../refusal-codes.js";
import { header, origin, transfer, webId, withProofClaims } from "../scene.test-support.js";
import { memorySessions } from "./memory-sessions.js";
import { windowWidth } from "./protocol.js";
import { formatSessionAnswer, parseSessionAnswer } from "./session-answer.js";
import {
  exchange,
  neighbourOf,
  type Outcome,
  openedScene,
  proved,
  received,
  response,
  sessionProver,
  sessionVerifier,
} from "./session-scene.test-support.js";

type Opened = Awaited<ReturnType<typeof openedScene>>;

const inProof = (change: (value: string) => string) => replaceHeader("SVID-Session-Proof", change);
const rewrite = (pattern: RegExp, by: string) => inProof((value) => value.replace(pattern, by));
const another = "BBBBBBBBBBBBBBBBBBBBBB";

describe("a proof by session is refused", () => {
  let opened: Opened;

  beforeAll(async () => {
    opened = await openedScene({
      verifier: { tokenHeaders: ["x-user"] },
      prover: { tokenHeaders: ["x-user"] },
    });
  });

  it.each<[title: string, change: (request: RequestData) => RequestData, code: VerificationCode]>([
    ["in a session that nobody has", rewrite(/^"[^"]*"/, `"${another}"`), "session_unknown"],
    ["with another number", rewrite(/n=\d+/, "n=400"), "session_proof_mismatch"],
    ["with another time", rewrite(/t=(\d+)\d;/, "t=$11;"), "session_proof_mismatch"],
    ["with another digest", rewrite(/b="./, 'b="_'), "session_proof_mismatch"],
    ["without its digest", rewrite(/;b="[^"]*"/, ""), "session_proof_mismatch"],
    [
      "with a MAC of zeros",
      rewrite(/m="[^"]*"/, `m="${"A".repeat(43)}"`),
      "session_proof_mismatch",
    ],
    ["with a truncated MAC", rewrite(/m="([^"]{22})[^"]*"/, 'm="$1"'), "session_proof_malformed"],
    ["with an empty MAC", rewrite(/m="[^"]*"/, 'm=""'), "session_proof_malformed"],
    ["with spare bits in its MAC", inProof(withSpareBits), "session_proof_mismatch"],
    ["as a signed proof", (request) => renamed(request, "SVID-Proof"), "token_malformed"],
    ["as a WPT", (request) => renamed(request, "Workload-Proof-Token"), "wpt_without_wit"],
    ["with a user's token added", added("authorization", "Bearer user"), "session_proof_mismatch"],
    ["with a transaction token added", added("txn-token", "t"), "session_proof_mismatch"],
    ["with a named token added", added("x-user", "root"), "session_proof_mismatch"],
    ["with its MAC as access token", added("authorization", "DPoP x"), "session_proof_mismatch"],
  ])("%s", async (_, change, code) => {
    const { prover, verifier } = opened;
    const { request } = await proved(prover);
    expect((await received(verifier, change(request))).outcome).toBe(code);
    expect((await received(verifier, request)).outcome).toBe("svid-session-1");
  });

  const bodies = ["bodyBitFlipped", "bodyTruncated", "bodyExtended", "bodyReplaced", "bodyRemoved"];

  it.each(Object.entries(requestMutations))("for a changed request: %s", async (name, change) => {
    const { prover, verifier } = opened;
    const { request } = await proved(prover, { ...transfer, target: "/v1/transfers?a=1&b=2" });
    const code = bodies.includes(name) ? "proof_body_mismatch" : "session_proof_mismatch";
    expect((await received(verifier, change(request))).outcome).toBe(code);
  });

  it("when a token that was bound is missing", async () => {
    const { prover, verifier } = opened;
    const headers = [["authorization", "Bearer user"]] as const;
    const { request } = await proved(prover, { ...transfer, headers });
    const without = { ...request, headers: request.headers.slice(1) };
    expect((await received(verifier, without)).outcome).toBe("session_proof_mismatch");
  });

  it("when any one character of it, of the request line or of a bound token is another", async () => {
    const { prover, verifier } = opened;
    const headers = [["txn-token", "abc"]] as const;
    const { request } = await proved(prover, { ...transfer, headers });
    const value = header(request, "SVID-Session-Proof");
    const changed: RequestData[] = [
      ...variants(value).map((other) => inProof(() => other)(request)),
      ...variants(request.method).map((method) => ({ ...request, method })),
      ...variants(request.target).map((target) => ({ ...request, target })),
      ...variants("abc").map((other) => replaceHeader("txn-token", () => other)(request)),
    ];
    for (const other of changed) {
      expect((await received(verifier, other)).outcome).toMatch(
        /^session_(proof_m|unknown)|^proof_(not_yet|expired)|^(target|header)_invalid/,
      );
    }
    expect((await received(verifier, request)).outcome).toBe("svid-session-1");
  });

  it("when its number was used, whatever the order, and when it is too far back", async () => {
    const { prover, verifier } = await openedScene();
    const sent = [];
    for (let i = 0; i < 6; i++) sent.push((await proved(prover)).request);
    const order = [3, 0, 3, 5, 1, 0, 5, 4, 2, 4];
    const outcomes: Outcome[] = [];
    for (const at of order) {
      outcomes.push((await received(verifier, sent[at] as RequestData)).outcome);
    }
    const [first, again] = ["svid-session-1", "proof_replayed"];
    expect(outcomes).toEqual([
      first,
      first,
      again,
      first,
      first,
      again,
      again,
      first,
      first,
      again,
    ]);
  });

  it("when its number is further back than the window is wide", async () => {
    const { prover, verifier } = await openedScene();
    const late = await proved(prover);
    await late.proof.answered?.(undefined);
    for (let i = 0; i < windowWidth; i++) {
      const { outcomes } = await exchange(prover, verifier);
      expect(outcomes).toEqual(["svid-session-1"]);
    }
    expect((await received(verifier, late.request)).outcome).toBe("session_sequence_stale");
  });

  it("when two copies arrive at once, but for one", async () => {
    const { prover, verifier } = await openedScene();
    const { request } = await proved(prover);
    const copies = await Promise.all(Array.from({ length: 20 }, () => received(verifier, request)));
    const outcomes = copies.map(({ outcome }) => outcome).sort();
    expect(outcomes).toEqual([...Array(19).fill("proof_replayed"), "svid-session-1"]);
  });
});

describe("a session is no good", () => {
  it("to another caller", async () => {
    const policy = allowTrustDomain("td.example");
    const { prover, verifier, clock, domain } = await openedScene({ verifier: { policy } });
    const neighbour = sessionProver({ clock, web: await neighbourOf({ domain }) });
    await exchange(neighbour, verifier);
    const [ours, theirs] = [await proved(prover), await proved(neighbour)];
    const idOf = ({ request }: typeof ours) => header(request, "SVID-Session-Proof").slice(0, 24);
    const swapped = inProof((value) => idOf(ours) + value.slice(24))(theirs.request);
    expect((await received(verifier, swapped)).outcome).toBe("session_proof_mismatch");
    const { caller } = await received(verifier, theirs.request);
    expect(caller?.id.toString()).toBe("spiffe://td.example/ns/pay/sa/neighbour");
  });

  it("at another service, nor under another origin", async () => {
    const { prover, verifier, clock, domain } = await openedScene();
    const reports = await domain.identity("spiffe://td.example/ns/pay/sa/reports");
    const elsewhere = sessionVerifier(
      { clock, ledger: reports },
      { origin: "https://reports.example" },
    );
    const { request } = await proved(prover);
    expect((await received(elsewhere, request)).outcome).toBe("session_unknown");
    expect((await received(verifier, request)).outcome).toBe("svid-session-1");
  });

  it("at another service of the same process, though both keep their sessions together", async () => {
    const { clock, web, ledger } = await openedScene();
    const sessions = memorySessions({ clock });
    const verifier = sessionVerifier({ clock, ledger }, { sessions });
    const other = sessionVerifier({ clock, ledger }, { sessions, origin: "https://other.example" });
    const both = sessionVerifier(
      { clock, ledger },
      {
        sessions,
        origin: ["https://other.example", origin],
      },
    );
    const prover = sessionProver({ clock, web });
    await exchange(prover, verifier);
    const { request } = await proved(prover);
    expect((await received(other, request)).outcome).toBe("session_unknown");
    expect((await received(both, request)).outcome).toBe("svid-session-1");
    expect((await received(verifier, request)).outcome).toBe("proof_replayed");
  });

  it("after its authority was removed", async () => {
    const { prover, verifier, domain, ledger } = await openedScene();
    await domain.rotateAuthorities();
    domain.revokeOldAuthorities();
    await ledger.renew();
    const { outcomes } = await exchange(prover, verifier);
    expect(outcomes).toEqual(["session_superseded", "certificate_untrusted"]);
  });

  it("after the trust domain was removed, or while nobody knows it", async () => {
    const scene = await openedScene();
    let trustBundle: typeof scene.ledger.trustBundle = scene.ledger.trustBundle;
    const identity = { trustBundle: ((name) => trustBundle(name)) as typeof trustBundle };
    const verifier = sessionVerifier(scene, { identity });
    const prover = sessionProver(scene);
    await exchange(prover, verifier);
    trustBundle = () => undefined;
    const removed = await proved(prover);
    expect((await received(verifier, removed.request)).outcome).toBe("trust_domain_unknown");
    trustBundle = () => {
      throw new Error("closed");
    };
    expect((await received(verifier, removed.request)).outcome).toBe("trust_unavailable");
  });

  it("to a policy that changed its mind", async () => {
    let policy = allow(webId);
    const { prover, verifier } = await openedScene({
      verifier: { policy: (caller, request) => policy(caller, request) },
    });
    policy = () => false;
    expect((await exchange(prover, verifier)).outcomes).toEqual(["caller_forbidden"]);
  });
});

describe("an opening", () => {
  const point = async () => (await runtime.createAgreement()).publicKey;

  it.each<[title: string, claim: () => unknown]>([
    ["a number", () => 1],
    ["null", () => null],
    ["an empty text", () => ""],
    ["a JWK", () => ({ kty: "EC" })],
    ["no base64url", () => "=".repeat(87)],
    ["a short point", async () => base64url((await point()).subarray(0, 64))],
    ["a compressed point", async () => base64url((await point()).slice(0, 33).with(0, 2))],
    ["a hybrid point", async () => base64url((await point()).slice().with(0, 6))],
    ["the point at infinity", () => "AA"],
    ["a point of zeros", () => base64url(new Uint8Array(65).with(0, 4))],
    [
      "a point off the curve",
      async () => base64url((await point()).slice().with(64, (await point())[64] as number)),
    ],
  ])("with %s for a key is refused", async (_, claim) => {
    const { clock, web, verifier } = await openedScene();
    const { request } = await proved(sessionProver({ clock, web }, { sessions: "off" }));
    const changed = withProofClaims(request, web, { "urn:firsthand:epk": await claim() });
    expect(await received(verifier, changed)).toMatchObject({
      outcome: "session_key_invalid",
      session: undefined,
    });
  });

  it("does nothing before the policy allowed it", async () => {
    const { prover, verifier } = await openedScene({ verifier: { policy: () => false } });
    const { outcomes, answers } = await exchange(prover, verifier);
    expect([outcomes, answers]).toEqual([["caller_forbidden"], [undefined]]);
  });

  it("brings no more sessions than the share of a caller, who goes on with signatures", async () => {
    const scene = await openedScene({
      verifier: { limits: { capacity: 20, capacityPerCaller: 3 } },
    });
    const { verifier, clock, web } = scene;
    const flood = [];
    for (let i = 0; i < 5; i++) flood.push(await exchange(sessionProver({ clock, web }), verifier));
    expect(flood.map(({ outcomes }) => outcomes)).toEqual(Array(5).fill(["svid-proof-1"]));
    expect(flood.map(({ answers }) => answers[0] !== undefined)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect((await exchange(scene.prover, verifier)).outcomes).toEqual(["svid-session-1"]);
  });

  it("pushes out what is oldest, whose caller signs again", async () => {
    const policy = allowTrustDomain("td.example");
    const limits = { capacity: 2, capacityPerCaller: 2 };
    const { prover, verifier, clock, domain } = await openedScene({ verifier: { policy, limits } });
    const web = await neighbourOf({ domain });
    for (let i = 0; i < 2; i++) await exchange(sessionProver({ clock, web }), verifier);
    expect((await exchange(prover, verifier)).outcomes).toEqual([
      "session_unknown",
      "svid-proof-1",
    ]);
  });

  it("whose session is pushed out while the policy thinks loses nothing", async () => {
    const { promise: asked, resolve: ask } = deferred();
    const { promise: answered, resolve: release } = deferred();
    let isSlow = false;
    const policy = async () => {
      if (!isSlow) return true;
      isSlow = false;
      ask();
      await answered;
      return true;
    };
    const limits = { capacity: 1, capacityPerCaller: 1 };
    const { prover, verifier, clock, domain } = await openedScene({ verifier: { policy, limits } });
    const { proof, request } = await proved(prover);
    isSlow = true;
    const pending = received(verifier, request);
    await asked;
    await exchange(sessionProver({ clock, web: await neighbourOf({ domain }) }), verifier);
    release();
    const { outcome, status, session } = await pending;
    expect(outcome).toBe("session_unknown");
    expect(await proof.answered?.(response(status, session))).toBe("repeat");
  });
});

describe("an answer that somebody changed", () => {
  const swapped: Between = (answer, other) => ({ ...answer, verifierKey: other.verifierKey });
  type Answer = NonNullable<ReturnType<typeof parseSessionAnswer>>;
  type Between = (answer: Answer, other: Answer) => Answer;

  it.each<[title: string, change: Between]>([
    ["has the key of somebody else", swapped],
    ["is that to another opening", (_, other) => other],
    ["has another id", (answer, other) => ({ ...answer, sessionId: other.sessionId })],
    ["lasts longer", (answer) => ({ ...answer, lifetimeSeconds: 3600 })],
    ["has a ticket", (answer) => ({ ...answer, ticket: another })],
    [
      "has another confirmation",
      (answer, other) => ({ ...answer, confirmation: other.confirmation }),
    ],
    ["lost its signature", (answer) => ({ ...answer, signature: undefined })],
    ["has another signature", (answer, other) => ({ ...answer, signature: other.signature })],
    ["has a key off the curve", (answer) => ({ ...answer, verifierKey: "B".repeat(87) })],
  ])("and %s brings no session", async (_, change) => {
    const { verifier, clock, web, opening } = await openedScene();
    const other = parseSessionAnswer(opening.answers[0] ?? "") ?? expect.fail("no answer");
    for (const sessions of ["on", "signed"] as const) {
      const prover = sessionProver({ clock, web }, { sessions });
      const answer = (text: string) => {
        const parsed = parseSessionAnswer(text) ?? expect.fail("no answer");
        return formatSessionAnswer(change(parsed, other));
      };
      await exchange(prover, verifier, transfer, { answer });
      expect((await proved(prover)).proof.session).toBe("none");
    }
  });

  it.each([
    ["is empty", () => ""],
    ["is a token", () => "unknown"],
    ["came twice", (text: string) => `${text}, ${text}`],
    ["has more at its end", (text: string) => `${text};x=1`],
    ["has no key", (text: string) => text.replace(/;k="[^"]*"/, "")],
    ["lasts for ever", (text: string) => text.replace(/e=\d+/, "e=100000")],
    ["lasts no time", (text: string) => text.replace(/e=\d+/, "e=0")],
  ])("and %s brings no session", async (_, answer) => {
    const { verifier, clock, web } = await openedScene();
    const prover = sessionProver({ clock, web });
    await exchange(prover, verifier, transfer, { answer });
    expect((await proved(prover)).proof.session).toBe("none");
  });

  it("brings a session when it is as it was sent", async () => {
    const { verifier, clock, web } = await openedScene();
    const prover = sessionProver({ clock, web }, { sessions: "signed" });
    await exchange(prover, verifier, transfer, {
      answer: (text) => formatSessionAnswer(parseSessionAnswer(text) ?? expect.fail("no answer")),
    });
    expect((await proved(prover)).proof.session).toBe("used");
  });
});

describe("who stands between", () => {
  it("and answers with a session of its own gains nothing that the verifier takes", async () => {
    const { clock, web, ledger, domain } = await openedScene();
    const verifier = sessionVerifier({ clock, ledger });
    const middle = sessionVerifier({ clock, ledger: { trustBundle: ledger.trustBundle } as never });
    const prover = sessionProver({ clock, web });
    const opening = await proved(prover);
    await received(verifier, opening.request);
    const { session } = await received(middle, opening.request);
    await opening.proof.answered?.(response(200, session));
    const { outcomes } = await exchange(prover, verifier);
    expect(outcomes).toEqual(["session_unknown", "svid-proof-1"]);

    const careful = sessionProver({ clock, web }, { sessions: "signed" });
    const second = await proved(careful);
    const foreign = sessionVerifier({ clock, ledger: await neighbourOf({ domain }) });
    const answer = await received(foreign, second.request);
    await second.proof.answered?.(response(200, answer.session));
    expect((await proved(careful)).proof.session).toBe("none");
  });

  it("and puts the caller's key into an opening of its own opens nothing for either", async () => {
    const policy = allowTrustDomain("td.example");
    const { clock, web, domain, verifier } = await openedScene({ verifier: { policy } });
    const prover = sessionProver({ clock, web });
    const opening = await proved(prover);
    const [, claims = ""] = header(opening.request, "SVID-Proof").split(".");
    const epk = JSON.parse(Buffer.from(claims, "base64url").toString())["urn:firsthand:epk"];
    const thief = await neighbourOf({ domain });
    const own = await proved(sessionProver({ clock, web: thief }, { sessions: "off" }));
    const stolen = withProofClaims(own.request, thief, { "urn:firsthand:epk": epk });
    const { session, outcome } = await received(verifier, stolen);
    expect(outcome).toBe("svid-proof-1");
    await opening.proof.answered?.(response(200, session));
    expect((await proved(prover)).proof.session).toBe("none");
  });

  it("can make a request be signed again, once, and no more", async () => {
    const { prover } = await openedScene();
    const { proof } = await proved(prover);
    expect(await proof.answered?.(response(401, "unknown"))).toBe("repeat");
    const signed = await proved(prover, transfer, "signed");
    expect(await signed.proof.answered?.(response(401, "unknown"))).toBe("final");
  });

  it.each([
    [200, "unknown"],
    [403, "unknown"],
    [401, undefined],
    [401, "other"],
    [401, "unknown, unknown"],
  ])("gets no second request with status %s and %s", async (status, session) => {
    const { prover } = await openedScene();
    const { proof } = await proved(prover);
    expect(await proof.answered?.(response(status, session))).toBe("final");
  });
});

function deferred() {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const alphabet = ["A", "9", "-", '"', " ", "\u00e9"];

/** The text with each of its characters replaced by others, one at a time. */
function variants(text: string): readonly string[] {
  return [...text].flatMap((char, at) =>
    alphabet
      .filter((other) => other !== char)
      .map((other) => text.slice(0, at) + other + text.slice(at + 1)),
  );
}

/** Other last characters of the MAC that decode to the same bytes. */
function withSpareBits(value: string): string {
  const last = value.at(-2) as string;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return `${value.slice(0, -2)}${letters[letters.indexOf(last) + 1]}"`;
}

function renamed(request: RequestData, name: string): RequestData {
  const headers = request.headers.map(
    ([field, value]) => [field === "SVID-Session-Proof" ? name : field, value] as const,
  );
  return { ...request, headers };
}

function added(name: string, value: string) {
  return (request: RequestData) => ({
    ...request,
    headers: [...request.headers, [name, value] as const],
  });
}
