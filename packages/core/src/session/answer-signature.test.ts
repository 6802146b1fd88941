import { tamperJwt } from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { utf8 } from "../encoding.js";
import { createScene, header, now, privateKeyOf, type Scene } from "../scene.test-support.js";
import { SpiffeId } from "../spiffe/spiffe-id.js";
import { answeringCredential, isSignedAnswer, signAnswer } from "./answer-signature.js";
import { proved, sessionProver } from "./session-scene.test-support.js";

const transcriptHash = utf8("what both said");
const otherId = SpiffeId.parse("spiffe://td.example/other");

let scene: Scene;
let text: string;

beforeAll(async () => {
  scene = await createScene();
  const credential = answeringCredential(scene.ledger, now) ?? expect.fail("no credential");
  text = await signAnswer(credential, callerId(), transcriptHash);
});

const callerId = () => scene.web.credentials()[0]?.id ?? expect.fail("no caller");
const verifierId = () => scene.ledger.credentials()[0]?.id ?? expect.fail("no verifier");

function isSigned(answer: string, expected: Partial<Parameters<typeof isSignedAnswer>[1]> = {}) {
  const whole = { verifier: verifierId(), caller: callerId(), transcriptHash, ...expected };
  return isSignedAnswer(answer, whole, scene.web, now);
}

describe("isSignedAnswer", () => {
  it("says yes to what the expected verifier signed for this caller", async () => {
    expect(await isSigned(text)).toBe(true);
  });

  it.each([
    ["another verifier was expected", { verifier: otherId }],
    ["another caller asked", { caller: otherId }],
    ["another transcript was agreed on", { transcriptHash: utf8("something else") }],
  ])("says no when %s", async (_, expected) => {
    expect(await isSigned(text, expected)).toBe(false);
  });

  it.each<[title: string, change: (answer: string) => string]>([
    ["has another typ", (answer) => resigned(answer, { header: { typ: "svid-proof+jwt" } })],
    ["has another alg", (answer) => tamperJwt(answer, { header: { alg: "ES384" } })],
    ["has a parameter more", (answer) => resigned(answer, { header: { kid: "1" } })],
    ["was changed", (answer) => tamperJwt(answer, { claims: { aud: "spiffe://td.example/x" } })],
    ["is no JWS", () => "a.b"],
    ["is longer than its limit", (answer) => answer + "A".repeat(16_384)],
  ])("says no to an answer that %s", async (_, change) => {
    expect(await isSigned(change(text))).toBe(false);
  });

  it("says no to a proof of the verifier", async () => {
    const prover = sessionProver({ clock: scene.clock, web: scene.ledger }, { sessions: "off" });
    const { request } = await proved(prover);
    expect(await isSigned(header(request, "SVID-Proof"))).toBe(false);
  });

  it("says no after the credential has ended, and where nobody vouches for it", async () => {
    const expected = { verifier: verifierId(), caller: callerId(), transcriptHash };
    expect(await isSignedAnswer(text, expected, scene.web, now + 86_400)).toBe(false);
    const nobody = { trustBundle: () => undefined };
    expect(await isSignedAnswer(text, expected, nobody, now)).toBe(false);
  });
});

describe("answeringCredential", () => {
  it("is an X.509-SVID that lives", async () => {
    expect(answeringCredential(scene.ledger, now)?.kind).toBe("x509-svid");
    expect(answeringCredential(scene.ledger, now + 86_400)).toBeUndefined();
    expect(answeringCredential({ trustBundle: () => undefined }, now)).toBeUndefined();
    const tokens = await scene.domain.identity("/tokens", { credentials: ["wit-svid"] });
    expect(answeringCredential(tokens, now)).toBeUndefined();
  });
});

function resigned(answer: string, change: Parameters<typeof tamperJwt>[1]): string {
  return tamperJwt(answer, { ...change, resignWith: privateKeyOf(scene.ledger, "x509-svid") });
}
