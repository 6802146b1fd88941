import { createTestClock } from "@firsthand/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VerificationError } from "../errors.js";
import { expectRefusal } from "../expect-error.test-support.js";
import type { VerificationCode } from "../refusal-codes.js";
import {
  callerOf,
  createScene,
  now,
  prove,
  rulesOf,
  type Scene,
  silence,
  verifierOf,
  verify,
  webId,
  withProofClaims,
} from "../scene.test-support.js";
import { claimOnce } from "./claim-once.js";
import { memoryReplayGuard } from "./memory-replay-guard.js";
import type { ReplayClaim, ReplayGuard, ReplayOutcome } from "./replay-guard.js";

const caller = callerOf(webId);

function claimFrom(replay: ReplayGuard, clock = createTestClock()) {
  return claimOnce(
    caller,
    { id: "jti", token: "wpt" },
    rulesOf({ replay, clock, clockSkewSeconds: 30 }),
    now,
  );
}

describe("claimOnce", () => {
  it("tells the guard who, what, since when and for how long", async () => {
    const claims: ReplayClaim[] = [];
    const claim = (given: ReplayClaim) => {
      claims.push(given);
      return "first" as const;
    };
    await claimFrom({ claim });
    expect(claims).toEqual([
      {
        key: expect.stringMatching(/^[\w-]{43}$/),
        caller: caller.id,
        issuedAt: now,
        ttlSeconds: 90,
      },
    ]);
  });

  it.each<[outcome: ReplayOutcome, code: VerificationCode]>([
    ["replayed", "proof_replayed"],
    ["full", "replay_guard_full"],
    ["quota", "replay_quota_exceeded"],
    ["before_start", "proof_before_start"],
  ])("refuses when the answer is %s, at once or later", async (outcome, code) => {
    await expectRefusal(() => claimFrom({ claim: () => outcome }), code);
    await expectRefusal(() => claimFrom({ claim: async () => outcome }), code);
  });

  it.each([
    ["undefined", undefined],
    ["true", true],
    ["1", 1],
    ["OK", "OK"],
    ["First", "First"],
    ["a list of the right answer", ["first"]],
    ["a list of another answer", ["full"]],
    ["constructor", "constructor"],
    ["an object without a prototype", Object.create(null)],
    ["a symbol", Symbol("first")],
  ])("RC-011 refuses when the answer is %s", async (_, answer) => {
    const claim = () => answer as ReplayOutcome;
    await expectRefusal(() => claimFrom({ claim }), "replay_guard_unavailable");
  });

  it("takes nothing but first for a yes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (answer) => {
        fc.pre(answer !== "first");
        const claim = async () => answer as ReplayOutcome;
        const refused = claimFrom({ claim });
        await expect(refused).rejects.toBeInstanceOf(VerificationError);
      }),
    );
  });

  it.each<[title: string, claim: () => ReplayOutcome | Promise<ReplayOutcome>]>([
    ["throws", () => fail(new Error("down"))],
    ["rejects", () => Promise.reject(new Error("down"))],
    ["throws a refusal of its own", () => fail(new VerificationError("proof_missing"))],
  ])("refuses when the guard %s, with the cause", async (_, claim) => {
    const error = await expectRefusal(() => claimFrom({ claim }), "replay_guard_unavailable");
    expect(error.cause).toBeInstanceOf(Error);
  });

  it("refuses when the guard is silent", async () => {
    const clock = createTestClock();
    const claim = () => silence(clock);
    await expectRefusal(() => claimFrom({ claim }, clock), "replay_guard_unavailable");
  });
});

describe("a verifier", () => {
  const withId = async (jti: string, given?: Scene) => {
    const scene = given ?? (await createScene());
    return { scene, request: withProofClaims(await prove(scene), scene.web, { jti }) };
  };

  it("RC-003 keeps the same jti of two credentials apart", async () => {
    const { scene, request } = await withId("jti");
    const verifier = verifierOf(scene);
    await verify(verifier, request);
    await scene.web.renew();
    await verify(verifier, (await withId("jti", scene)).request);
    await expectRefusal(() => verify(verifier, request), "proof_replayed");
  });

  it("RC-008 refuses a proof from before a restart, if told to", async () => {
    const scene = await createScene();
    const request = await prove(scene);
    await verify(verifierOf(scene), request);
    scene.clock.advance({ seconds: 5 });
    const { clock } = scene;
    const restarted = verifierOf(scene, {
      replay: memoryReplayGuard({ clock, refuseBeforeStart: true }),
    });
    await expectRefusal(() => verify(restarted, request), "proof_before_start");
    await verify(restarted, await prove(scene));
  });

  it("RC-012 gives the guard hashes of fixed length, whatever a caller chose as jti", async () => {
    const keys: string[] = [];
    const scene = await createScene();
    const claim = ({ key }: ReplayClaim) => {
      keys.push(key);
      return "first" as const;
    };
    const verifier = verifierOf(scene, { replay: { claim } });
    for (const jti of ["1", "2147483647", "4294967295", "x".repeat(256)]) {
      await verify(verifier, (await withId(jti, scene)).request);
    }
    expect(keys.every((key) => /^[\w-]{43}$/.test(key))).toBe(true);
    expect(new Set(keys).size).toBe(4);
  });

  it.each(["__proto__", "constructor"])("RC-013 takes the jti %s once", async (jti) => {
    const { scene, request } = await withId(jti);
    const verifier = verifierOf(scene);
    await verify(verifier, request);
    await expectRefusal(() => verify(verifier, request), "proof_replayed");
  });

  it("RC-014 refuses a proof again after the wall clock was set back", async () => {
    const scene = await createScene();
    const verifier = verifierOf(scene);
    const request = await prove(scene);
    await verify(verifier, request);
    scene.clock.stepWallClock(-20);
    await expectRefusal(() => verify(verifier, request), "proof_replayed");
  });

  it("RC-016 refuses a proof that outlives what the guard remembers", async () => {
    const scene = await createScene();
    const request = withProofClaims(await prove(scene), scene.web, { exp: now + 86_400 });
    await expectRefusal(
      () => verify(verifierOf(scene), request),
      "proof_lifetime_exceeded",
      "svid-proof",
    );
  });

  it.each(["\u00e9", "e\u0301"])("RC-017 refuses the jti %j", async (jti) => {
    const { scene, request } = await withId(jti);
    await expectRefusal(() => verify(verifierOf(scene), request), "proof_id_invalid", "svid-proof");
  });

  it("RC-018 takes a proof once at each instance, or once at all that share a guard", async () => {
    const scene = await createScene();
    const request = await prove(scene);
    await verify(verifierOf(scene), request);
    await verify(verifierOf(scene), request);
    const shared = { replay: memoryReplayGuard({ clock: scene.clock }) };
    await verify(verifierOf(scene, shared), request);
    await expectRefusal(() => verify(verifierOf(scene, shared), request), "proof_replayed");
  });

  it("takes one of many copies that arrive together", async () => {
    const scene = await createScene();
    const verifier = verifierOf(scene);
    const request = await prove(scene);
    const copies = Array.from({ length: 20 }, () => verify(verifier, request));
    const outcomes = await Promise.allSettled(copies);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("does not use up a proof that is refused for another reason before", async () => {
    const scene = await createScene();
    const replay = memoryReplayGuard({ clock: scene.clock });
    const request = await prove(scene);
    const strict = verifierOf(scene, { replay, policy: () => false });
    await expectRefusal(() => verify(strict, request), "caller_forbidden");
    await verify(verifierOf(scene, { replay }), request);
  });
});

function fail(error: Error): never {
  throw error;
}
