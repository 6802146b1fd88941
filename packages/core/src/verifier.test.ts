import { type RequestData, tamperJwt, toProofRequest } from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { readProxyClaims } from "./audit/proxy-claims.js";
import type { VerificationError } from "./errors.js";
import { expectOptionError, expectRefusal } from "./expect-error.test-support.js";
import type { Observation, RefusedObservation } from "./observer.js";
import { allow } from "./policy/allow.js";
import type { Policy } from "./policy/policy.js";
import type { RequestContent } from "./proof/proof-request.js";
import type { VerificationCode } from "./refusal-codes.js";
import {
  createScene,
  now,
  privateKeyOf,
  prove,
  type Scene,
  silence,
  transfer,
  verifierOf,
  verify,
  webId,
  withProof,
  withProofClaims,
} from "./scene.test-support.js";
import { createVerifier } from "./verifier.js";
import type { VerifierOptions } from "./verifier-options.js";

let scene: Scene;
let proved: RequestData;

beforeAll(async () => {
  scene = await createScene();
  proved = await prove(scene);
});

/** A verifier that notes in which order it asks for what. */
function createWitness(options: Partial<VerifierOptions> = {}) {
  const events: string[] = [];
  const seen: Observation[] = [];
  const note = <T>(event: string, answer: T): T => {
    events.push(event);
    return answer;
  };
  const { policy = () => true, replay = { claim: () => "first" } } = options;
  const verifier = verifierOf(scene, {
    ...options,
    policy: (...given) => note("policy", (policy as Policy)(...given)),
    replay: { claim: (claim) => note("replay", replay.claim(claim)) },
    observer(observation) {
      events.push(observation.decision);
      seen.push(observation);
      return options.observer?.(observation);
    },
  });
  const content: RequestContent = {
    async buffered(limit, accept) {
      events.push("content");
      await toProofRequest(proved).content?.buffered(limit, accept);
    },
    async streaming(accept) {
      events.push("stream");
      await toProofRequest(proved).content?.streaming(accept);
    },
  };
  const call = (request: RequestData = proved, mode?: "buffered" | "streaming") =>
    verifier.verify({ ...toProofRequest(request), content }, mode && { content: mode });
  return { call, events, seen };
}

describe("createVerifier", () => {
  it("tells which kinds of proof it accepts", () => {
    expect(verifierOf(scene).challenge).toBe("SVID-Proof, WPT");
    expect(verifierOf(scene, { accept: ["wpt-01"] }).challenge).toBe("WPT");
    expect(Object.isFrozen(verifierOf(scene))).toBe(true);
  });

  it("refuses wrong options", async () => {
    const options = { identity: scene.ledger, origin: "orders", policy: () => true };
    await expectOptionError(() => createVerifier(options), "origin");
  });
});

describe("a verifier", () => {
  it("asks policy, replay guard, content and observer, in this order", async () => {
    const { call, events } = createWitness();
    const caller = await call();
    expect(caller.id.toString()).toBe(webId);
    expect(events).toEqual(["policy", "replay", "content", "accepted"]);
  });

  it("lets content through as it arrives where that is asked for", async () => {
    const { call, events } = createWitness();
    await call(proved, "streaming");
    expect(events).toEqual(["policy", "replay", "stream", "accepted"]);
  });

  it("asks no further than needed", async () => {
    const forged = withProof(proved, (token) =>
      tamperJwt(token, { signature: () => new Uint8Array(64) }),
    );
    type Row = readonly [
      request: RequestData,
      options: Partial<VerifierOptions>,
      code: VerificationCode,
      events: readonly string[],
    ];
    const rows: readonly Row[] = [
      [forged, {}, "token_signature_invalid", ["refused"]],
      [proved, { policy: () => false }, "caller_forbidden", ["policy", "refused"]],
      [
        proved,
        { replay: { claim: () => "replayed" } },
        "proof_replayed",
        ["policy", "replay", "refused"],
      ],
      [
        withProofClaims(proved, scene.web, { htb: "x" }),
        {},
        "proof_body_mismatch",
        ["policy", "replay", "content", "refused"],
      ],
    ];
    for (const [request, options, code, expected] of rows) {
      const { call, events } = createWitness(options);
      await expectRefusal(() => call(request), code);
      expect(events).toEqual(expected);
    }
  });

  it.each<[title: string, change: Partial<RequestData>, code: VerificationCode]>([
    ["no proof", { headers: [] }, "proof_missing"],
    ["a target in absolute form", { target: "https://ledger.pay.svc:8443/" }, "target_invalid"],
    [
      "a header twice",
      {
        headers: [
          ["SVID-Proof", "a"],
          ["SVID-Proof", "a"],
        ],
      },
      "header_duplicate",
    ],
    ["a proof that is none", { headers: [["SVID-Proof", "a"]] }, "token_malformed"],
  ])("refuses a request with %s", async (_, change, code) => {
    await expectRefusal(() => verify(verifierOf(scene), { ...transfer, ...change }), code);
  });

  it("takes no more content than the limit", async () => {
    const verifier = verifierOf(scene, { contentLimitBytes: 11 });
    await expectRefusal(() => verify(verifier, proved), "body_too_large");
    await verify(verifierOf(scene, { contentLimitBytes: 12 }), proved);
  });

  it("passes on what is no refusal, unchanged and unrecorded", async () => {
    const { seen } = createWitness();
    const failure = new RangeError("Array buffer allocation failed");
    const content: RequestContent = {
      buffered: () => Promise.reject(failure),
      streaming: () => Promise.reject(failure),
    };
    const verifier = verifierOf(scene, { observer: (observation) => void seen.push(observation) });
    const request = { ...toProofRequest(proved), content };
    await expect(verifier.verify(request)).rejects.toBe(failure);
    expect(seen).toEqual([]);
  });

  it("FC-013 lets nobody in when reading the content fails", async () => {
    const content: RequestContent = {
      buffered: () => Promise.reject(new RangeError("Array buffer allocation failed")),
      streaming: () => expect.fail("not asked for"),
    };
    const admitted: unknown[] = [];
    const verified = verifierOf(scene)
      .verify({ ...toProofRequest(proved), content })
      .then((caller) => admitted.push(caller));
    await expect(verified).rejects.toBeInstanceOf(RangeError);
    expect(admitted).toEqual([]);
  });
});

describe("the observer", () => {
  it("gets an accepted request, without its query", async () => {
    const { call, seen } = createWitness();
    const caller = await call();
    expect(seen).toEqual([
      {
        decision: "accepted",
        caller,
        policy: { effect: "allow", rule: undefined, dryRun: [] },
        request: { method: "POST", path: "/v1/transfers", claims: readProxyClaims([]) },
        time: now * 1000,
        elapsedMilliseconds: 0,
      },
    ]);
  });

  it("gets a refused request, without a caller that was not proved", async () => {
    const { call, seen } = createWitness();
    const error = await expectRefusal(() => call({ ...transfer, headers: [] }), "proof_missing");
    expect(seen).toEqual([
      {
        decision: "refused",
        error,
        caller: undefined,
        policy: undefined,
        request: { method: "POST", path: "/v1/transfers", claims: readProxyClaims([]) },
        time: now * 1000,
        elapsedMilliseconds: 0,
      },
    ]);
  });

  it("gets the caller that was proved and refused after that", async () => {
    const { call, seen } = createWitness({ policy: () => false });
    await expectRefusal(call, "caller_forbidden");
    const [observation] = seen as [RefusedObservation];
    expect(observation.caller?.id.toString()).toBe(webId);
  });

  it("gets the rule that decided, for either decision", async () => {
    const forbids = createWitness({ policy: () => ({ effect: "deny", rule: "no transfers" }) });
    await expectRefusal(forbids.call, "caller_forbidden");
    const replayed = createWitness({
      policy: allow(webId),
      replay: { claim: () => "replayed" },
    });
    await expectRefusal(replayed.call, "proof_replayed");
    const accepted = createWitness({ policy: allow(webId) });
    await accepted.call();
    const rules = [forbids, replayed, accepted].map(
      ({ seen: [observation] }) => observation?.policy,
    );
    expect(rules).toEqual([
      { effect: "deny", rule: "no transfers", dryRun: [] },
      { effect: "allow", rule: webId, dryRun: [] },
      { effect: "allow", rule: webId, dryRun: [] },
    ]);
  });

  it("gets no decision of a policy that gave none", async () => {
    const { call, seen } = createWitness({ policy: () => Promise.reject(new Error("down")) });
    await expectRefusal(call, "caller_forbidden");
    expect(seen[0]?.policy).toBeUndefined();
  });

  it("is told once of content that is refused as it arrives", async () => {
    const { call, events, seen } = createWitness();
    const request = withProofClaims(proved, scene.web, { htb: "x" });
    const error = await expectRefusal(() => call(request, "streaming"), "proof_body_mismatch");
    expect(events).toEqual(["policy", "replay", "stream", "refused"]);
    expect((seen as [RefusedObservation])[0].error).toBe(error);
  });

  it("refuses what it cannot record, and is told so", async () => {
    const failure = new Error("disk full");
    const observer = ({ decision }: Observation) => {
      if (decision === "accepted") throw failure;
    };
    const { call, seen } = createWitness({ observer });
    const error = await expectRefusal(call, "observer_failed");
    expect(error.cause).toBe(failure);
    expect(seen.map(({ decision }) => decision)).toEqual(["accepted", "refused"]);
    expect((seen[1] as RefusedObservation).error).toBe(error);
  });

  it("stands in for the refusal that it cannot record", async () => {
    const observer = () => Promise.reject(new Error("disk full"));
    const { call } = createWitness({ observer, policy: () => false });
    await expectRefusal(call, "observer_failed");
  });

  it("refuses when it hangs", async () => {
    const observer = () => silence(scene.clock, 1);
    const { call, seen } = createWitness({ observer, timeoutMilliseconds: 1 });
    await expectRefusal(call, "verification_timeout");
    expect(seen.map(({ decision }) => decision)).toEqual(["accepted", "refused"]);
  });
});

describe("a polluted Object.prototype", () => {
  async function refusalOf(members: object, request: RequestData): Promise<VerificationError> {
    const { prototype } = Object;
    const verifier = verifierOf(scene);
    Object.defineProperties(
      prototype,
      Object.fromEntries(
        Object.entries(members).map(([name, value]) => [
          name,
          { value, configurable: true, writable: true },
        ]),
      ),
    );
    try {
      await verify(verifier, request);
    } catch (error) {
      return error as VerificationError;
    } finally {
      for (const name of Object.keys(members)) Reflect.deleteProperty(prototype, name);
    }
    return expect.fail("it was accepted");
  }

  const withHeader = (header: Readonly<Record<string, unknown>>) =>
    withProof(proved, (token, kind) =>
      tamperJwt(token, { header, resignWith: privateKeyOf(scene.web, kind) }),
    );
  const without = (claim: string) => withProofClaims(proved, scene.web, { [claim]: undefined });

  it.each<[title: string, members: object, request: () => RequestData, code: VerificationCode]>([
    ["alg", { alg: "ES256" }, () => withHeader({ alg: undefined }), "token_malformed"],
    ["typ", { typ: "svid-proof+jwt" }, () => withHeader({ typ: undefined }), "token_type_invalid"],
    [
      "aud",
      { aud: "https://ledger.pay.svc:8443/v1/transfers" },
      () => without("aud"),
      "proof_audience_missing",
    ],
    ["exp", { exp: now + 60 }, () => without("exp"), "proof_expiry_missing"],
    ["jti", { jti: "jti" }, () => without("jti"), "proof_id_invalid"],
    ["htm", { htm: "POST" }, () => without("htm"), "proof_method_unbound"],
    ["x5c", { x5c: [] }, () => withHeader({ x5c: undefined }), "token_malformed"],
  ])("FC-011 does not stand in for %s", async (_, members, request, code) => {
    expect(await refusalOf(members, request())).toMatchObject({ code });
  });

  it("FC-011 is not made by a token", async () => {
    const claims = { constructor: { prototype: { polluted: true } } };
    const request = withProof(proved, (token, kind) =>
      tamperJwt(token, {
        claims,
        claimsText: (json) => json.replace("{", '{"__proto__":{"polluted":true},'),
        resignWith: privateKeyOf(scene.web, kind),
      }),
    );
    expect((await verify(verifierOf(scene), request)).id.toString()).toBe(webId);
    expect("polluted" in {}).toBe(false);
  });
});
