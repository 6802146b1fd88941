import { type RequestData, toProofRequest } from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { VerificationError } from "../errors.js";
import { expectRefusal } from "../expect-error.test-support.js";
import type { RequestContent } from "../proof/proof-request.js";
import type { VerificationCode } from "../refusal-codes.js";
import {
  callerOf,
  createScene,
  now,
  prove,
  rulesOf,
  type Scene,
  silence,
  transfer,
  verifierOf,
  webId,
  withProofClaims,
} from "../scene.test-support.js";
import type { VerifierOptions } from "../verifier-options.js";
import { contentFor, isUnenforced } from "./enforcement.js";
import { audience, end, migrating, type Outcome, outcomeOf } from "./migration.test-support.js";

let scene: Scene;
let proved: RequestData;

beforeAll(async () => {
  scene = await createScene();
  proved = await prove(scene);
});

const observing = { unsafeMigration: migrating("observe", webId) };
const observingAll = {
  unsafeMigration: { ...migrating("observe", webId), unidentifiedUntil: end },
};

/** It passes, without a caller, and the record says that it would have been refused. */
function expectUnenforced({ caller, code, passes, observed }: Outcome, expected: VerificationCode) {
  expect({ caller, code, passes }).toEqual({ caller: undefined, code: expected, passes: true });
  expect(observed).toMatchObject([{ decision: "unenforced", error: { code: expected } }]);
}

function expectRefused({ caller, code, passes, observed }: Outcome, expected: VerificationCode) {
  expect({ caller, code, passes }).toEqual({ caller: undefined, code: expected, passes: false });
  expect(observed).toMatchObject([{ decision: "refused", error: { code: expected } }]);
}

describe("an observed caller", () => {
  it("is a caller when everything holds, as without observation", async () => {
    const { caller, observed } = await outcomeOf(scene, proved, observing);
    expect(caller?.proof).toMatchObject({ format: "svid-proof-1", binding: "full" });
    expect(observed).toMatchObject([{ decision: "accepted" }]);
  });

  it("may come with a JWT-SVID", async () => {
    const token = await scene.domain.issueJwtSvid(webId, { audience: [audience] });
    const headers = [["Authorization", `Bearer ${token}`]] as const;
    const { caller } = await outcomeOf(scene, { ...transfer, headers }, observing);
    expect(caller?.proof.binding).toBe("none");
  });

  const failures: readonly (readonly [string, Partial<VerifierOptions>, VerificationCode])[] = [
    ["the policy forbids it", { policy: () => false }, "caller_forbidden"],
    ["the policy throws", { policy: () => expect.fail("down") }, "caller_forbidden"],
    ["the proof was used before", { replay: { claim: () => "replayed" } }, "proof_replayed"],
    ["the guard is full", { replay: { claim: () => "full" } }, "replay_guard_full"],
    [
      "the guard fails",
      { replay: { claim: () => Promise.reject(new Error("down")) } },
      "replay_guard_unavailable",
    ],
  ];

  it.each(failures)("passes without a caller when %s", async (_, options, code) => {
    expectUnenforced(await outcomeOf(scene, proved, { ...options, ...observing }), code);
  });

  it.each(failures)("is refused after the end when %s", async (_, options, code) => {
    const later = await createScene();
    later.clock.set(end);
    await later.web.renew();
    const request = await prove(later);
    expectRefused(await outcomeOf(later, request, { ...options, ...observing }), code);
  });

  it.each(failures)("is refused when another is observed and %s", async (_, options, code) => {
    const unsafeMigration = migrating("observe", "spiffe://td.example/ns/pay/sa/other");
    expectRefused(await outcomeOf(scene, proved, { ...options, unsafeMigration }), code);
  });

  it("gets its content through when it is not the proved one, and the check still fails", async () => {
    const altered = { ...proved, body: Buffer.from('{"amount":9}') };
    const through: string[] = [];
    const content = contentOf(altered, through);
    const verifying = verifierOf(scene, observing).verify({ ...toProofRequest(altered), content });
    const error = await expectRefusal(() => verifying, "proof_body_mismatch");
    expect(isUnenforced(error)).toBe(true);
    expect(through).toEqual(["buffered"]);
  });

  it("is held to its content when that is streamed: its handler runs before the end is known", async () => {
    const altered = { ...proved, body: Buffer.from('{"amount":9}') };
    const through: string[] = [];
    const content = contentOf(altered, through);
    const request = { ...toProofRequest(altered), content };
    const verifying = verifierOf(scene, observing).verify(request, { content: "streaming" });
    const error = await expectRefusal(() => verifying, "proof_body_mismatch");
    expect(isUnenforced(error)).toBe(false);
    expect(through).toEqual([]);
  });

  it("is held to its content by a gate that is asked to stream, also where it is buffered", async () => {
    const rules = rulesOf({ ...observing, clock: scene.clock });
    const through: string[] = [];
    const request = { ...toProofRequest(transfer), content: contentOf(transfer, through) };
    const content = contentFor(callerOf(webId), request, "buffered", rules);
    await content?.streaming(() => undefined);
    expect(through).toEqual(["streaming"]);
  });

  it.each<VerificationCode>(["body_too_large", "body_aborted"])(
    "is refused with %s: the content could not be kept",
    async (code) => {
      const fail = () => Promise.reject(new VerificationError(code));
      const content = { buffered: fail, streaming: fail };
      const request = { ...toProofRequest(proved), content };
      const verifying = verifierOf(scene, observing).verify(request);
      expect(isUnenforced(await expectRefusal(() => verifying, code))).toBe(false);
    },
  );

  it.each<[string, Partial<VerifierOptions>, VerificationCode]>([
    ["fails", { observer: () => expect.fail("disk full") }, "observer_failed"],
    ["hangs", { observer: () => silence(scene.clock) }, "verification_timeout"],
  ])("is refused when the observer %s: nothing passes unrecorded", async (_, options, code) => {
    for (const given of [{}, { policy: () => false }]) {
      const verifier = verifierOf(scene, { ...observingAll, ...given, ...options });
      const request = toProofRequest(await prove(scene));
      expect(isUnenforced(await expectRefusal(() => verifier.verify(request), code))).toBe(false);
    }
  });
});

describe("a request whose caller is not proved", () => {
  const broken = (claims: object) => withProofClaims(proved, scene.web, claims as never);
  const rows: readonly (readonly [string, () => RequestData, VerificationCode])[] = [
    ["no proof", () => transfer, "proof_missing"],
    ["a proof for another method", () => broken({ htm: "GET" }), "proof_method_mismatch"],
    ["a proof that has expired", () => broken({ iat: now - 200, exp: now - 140 }), "proof_expired"],
    [
      "two proofs",
      () => ({ ...proved, headers: [...proved.headers, ...proved.headers] }),
      "header_duplicate",
    ],
    ["a target with a host", () => ({ ...proved, target: "http://ledger/" }), "target_invalid"],
  ];

  it.each(rows)(
    "FC-002 passes without a caller while that is observed: %s",
    async (_, request, code) => {
      expectUnenforced(await outcomeOf(scene, request(), observingAll), code);
    },
  );

  it.each(rows)(
    "is refused where only proved callers are observed: %s",
    async (_, request, code) => {
      expectRefused(await outcomeOf(scene, request(), observing), code);
    },
  );

  it.each(rows)("is refused after the end: %s", async (_, request, code) => {
    const unsafeMigration = { unidentifiedUntil: new Date(now * 1000) };
    expectRefused(await outcomeOf(scene, request(), { unsafeMigration }), code);
  });

  it("is nobody: a caller that is refused stays refused, observed strangers or not", async () => {
    const unsafeMigration = { unidentifiedUntil: end };
    const options = { unsafeMigration, policy: () => false };
    expectRefused(await outcomeOf(scene, proved, options), "caller_forbidden");
  });
});

/** Content that says how it was let through. */
function contentOf({ body }: RequestData, through: string[]): RequestContent {
  const { content } = toProofRequest({ method: "POST", target: "/", headers: [], body });
  return {
    async buffered(limit, accept) {
      await content?.buffered(limit, accept);
      through.push("buffered");
    },
    async streaming(accept) {
      await content?.streaming(accept);
      through.push("streaming");
    },
  };
}
