import { createTestClock } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import type { Caller } from "../caller.js";
import { VerificationError } from "../errors.js";
import { expectRefusal } from "../expect-error.test-support.js";
import {
  callerOf,
  createScene,
  ledgerId,
  now,
  prove,
  rulesOf,
  silence,
  transfer,
  verifierOf,
  verify,
  webId,
} from "../scene.test-support.js";
import { allow } from "./allow.js";
import { askPolicy } from "./ask-policy.js";
import type { Policy } from "./policy.js";

const head = { method: "POST", path: "/v1/transfers", query: undefined };

describe("askPolicy", () => {
  const caller = callerOf(webId);
  const ask = (policy: unknown, routePolicy?: unknown, clock = createTestClock()) =>
    askPolicy(
      caller,
      head,
      rulesOf({ policy: policy as Policy, clock }),
      routePolicy as Policy | undefined,
    );
  const denied = { effect: "deny", rule: undefined, dryRun: [] };

  it("shows the caller, and the request with the time", async () => {
    const seen: unknown[] = [];
    const policy: Policy = (...given) => {
      seen.push(given);
      return true;
    };
    await ask(policy);
    expect(seen).toEqual([[caller, { ...head, time: now * 1000 }]]);
  });

  it.each<[title: string, answer: unknown, expected: object]>([
    ["true", true, { ...denied, effect: "allow" }],
    ["a decision", { effect: "allow", rule: "r" }, { ...denied, effect: "allow", rule: "r" }],
    ["a refusal by a rule", { effect: "deny", rule: "r" }, { ...denied, rule: "r" }],
    [
      "a dry run",
      { effect: "deny", dryRun: [{ effect: "allow", rule: "t" }] },
      { ...denied, dryRun: [{ effect: "allow", rule: "t" }] },
    ],
    [
      "a rule that is no text",
      { effect: "allow", rule: 1, dryRun: 1 },
      { ...denied, effect: "allow" },
    ],
  ])("takes %s, at once or later", async (_, answer, expected) => {
    expect(await ask(() => answer)).toEqual(expected);
    expect(await ask(async () => answer)).toEqual(expected);
  });

  it.each([
    ["false", false],
    ["undefined", undefined],
    ["null", null],
    ["the text false", "false"],
    ["the text true", "true"],
    ["an object", {}],
    ["1", 1],
    ["a list", [true]],
    ["a function", () => true],
    ["an effect of another spelling", { effect: "ALLOW" }],
    ["an inherited effect", Object.create({ effect: "allow" })],
  ])("PO-012 does not allow when the answer is %s, at once or later", async (_, answer) => {
    expect(await ask(() => answer)).toEqual(denied);
    expect(await ask(async () => answer)).toEqual(denied);
  });

  const failure = new Error("down");
  const refusal = new VerificationError("token_expired");
  it.each<[title: string, policy: () => unknown, cause: Error]>([
    ["throws", () => fail(failure), failure],
    ["rejects", () => Promise.reject(failure), failure],
    ["throws a refusal about something else", () => fail(refusal), refusal],
  ])("PO-012 refuses when the policy %s, with the cause", async (_, policy, cause) => {
    const error = await expectRefusal(() => ask(policy), "caller_forbidden");
    expect(error.cause).toBe(cause);
  });

  it("PO-013 refuses when the policy never answers", async () => {
    const clock = createTestClock();
    await expectRefusal(() => ask(() => silence(clock), undefined, clock), "policy_timeout");
    expect(clock.pendingDelays()).toEqual([]);
  });

  it("asks the policy of the route as well, which can only narrow", async () => {
    const yes = () => true;
    const no = () => false;
    expect(await ask(yes, yes)).toMatchObject({ effect: "allow" });
    expect(await ask(yes, no)).toMatchObject({ effect: "deny" });
    expect(await ask(no, yes)).toMatchObject({ effect: "deny" });
  });

  it("asks only the policy of the route where each route has its own", async () => {
    expect(await ask("per-route", () => true)).toMatchObject({ effect: "allow" });
    expect(await ask("per-route", () => false)).toMatchObject({ effect: "deny" });
  });

  it("refuses a route without a policy where each has to have its own", async () => {
    await expectRefusal(() => ask("per-route"), "policy_missing");
  });
});

describe("a policy of a verifier", () => {
  it("PO-014 can refuse calls from the service itself", async () => {
    const scene = await createScene();
    const self = allow(ledgerId);
    const policy: Policy = (caller, asked) =>
      caller.id.toString() === ledgerId ? false : self(caller, asked);
    const request = await prove({ ...scene, web: scene.ledger });
    await verify(verifierOf(scene, { policy: self }), request);
    await expectRefusal(() => verify(verifierOf(scene, { policy }), request), "caller_forbidden");
  });

  it("PO-017 sees the method as it was sent", async () => {
    const scene = await createScene();
    const methods: string[] = [];
    const policy: Policy = (_, { method }) => {
      methods.push(method);
      return method === "POST";
    };
    const request = await prove(scene, { ...transfer, method: "post" });
    await expectRefusal(() => verify(verifierOf(scene, { policy }), request), "caller_forbidden");
    expect(methods).toEqual(["post"]);
  });

  it("PO-018 can demand a credential from after a name got a new owner", async () => {
    const scene = await createScene();
    const reassignedAt = now + 60;
    const isNew = ({ credential: { notBefore } }: Caller) =>
      notBefore !== undefined && notBefore >= reassignedAt;
    const verifier = verifierOf(scene, { policy: isNew });
    scene.clock.advance({ seconds: 90 });
    const old = await prove(scene);
    await expectRefusal(() => verify(verifier, old), "caller_forbidden");
    await scene.web.renew();
    await verify(verifier, await prove(scene));
  });

  it("sees path and query as they were sent", async () => {
    const scene = await createScene();
    const seen: unknown[] = [];
    const policy: Policy = (_, asked) => {
      seen.push(asked);
      return true;
    };
    const verifier = verifierOf(scene, { policy });
    await verify(verifier, await prove(scene, { ...transfer, target: "/a%2fb/c?x=%31&?" }));
    await verify(verifier, await prove(scene, { method: "GET", target: "/", headers: [] }));
    expect(seen).toEqual([
      { method: "POST", path: "/a%2fb/c", query: "x=%31&?", time: now * 1000 },
      { method: "GET", path: "/", query: undefined, time: now * 1000 },
    ]);
  });
});

function fail(error: Error): never {
  throw error;
}
