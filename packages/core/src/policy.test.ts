import { createTestClock } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import type { Caller } from "./caller.js";
import { VerificationError } from "./errors.js";
import { expectOptionError, expectRefusal } from "./expect-error.test-support.js";
import { allow, allowTrustDomain, anyOf, enforcePolicy, type Policy } from "./policy.js";
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
} from "./scene.test-support.js";

const request = { method: "POST", path: "/v1/transfers", query: undefined };
const ask = (policy: Policy, id: string) => policy(callerOf(id), request);

describe("allow", () => {
  it("PO-001 allows the caller that it names", async () => {
    const scene = await createScene();
    const exact = allow(webId);
    const policy: Policy = (caller, { method, path, ...rest }) =>
      method === "POST" && path === "/v1/transfers" && exact(caller, { method, path, ...rest });
    const caller = await verify(verifierOf(scene, { policy }), await prove(scene));
    expect(caller.id.toString()).toBe(webId);
  });

  it("allows each that it names, and nobody else", () => {
    const policy = allow("spiffe://td.example/a", "spiffe://td.example/b/*");
    expect(ask(policy, "spiffe://td.example/a")).toBe(true);
    expect(ask(policy, "spiffe://td.example/b/c")).toBe(true);
    expect(ask(policy, "spiffe://td.example/c")).toBe(false);
    expect(ask(policy, "wimse://td.example/a")).toBe(false);
  });

  it.each(["spiffe://td.example/ns/pay", "spiffe://td.example/ns/pay/*/*"])(
    "PO-007 does not take %s for a prefix of text",
    (rule) => {
      expect(ask(allow(rule), "spiffe://td.example/ns/payroll/sa/x")).toBe(false);
    },
  );

  it.each([["spiffe://td.example/"], ["spiffe://td.example"], ["spiffe://"], [""], [undefined]])(
    "PO-008 refuses the rule %s",
    async (rule) => {
      const error = await expectOptionError(() => allow(webId, rule as string), "[1]");
      expect(error.cause).toBeInstanceOf(Error);
    },
  );

  it("PO-008 refuses to have no rule", async () => {
    await expectOptionError(() => allow(), "");
  });

  it.each([
    "/ns/pay/*",
    "spiffe://td.example/ns/(pay|billing)",
    "spiffe://td.example/ns/.+",
    "spiffe://td.example/ns/[a-z]+/sa",
    "spiffe://td.example/ns/pay*",
    "spiffe://td.example/ns/**",
    "spiffe://*/ns/pay",
  ])("PO-009 refuses the rule %s", async (rule) => {
    await expectOptionError(() => allow(rule), "[0]");
  });
});

describe("allowTrustDomain", () => {
  it("PO-003 allows every workload of the trust domain, and of no other", () => {
    const policy = allowTrustDomain("td.example");
    expect(ask(policy, webId)).toBe(true);
    expect(ask(policy, "spiffe://td.example/x")).toBe(true);
    expect(ask(policy, "spiffe://partner.example/x")).toBe(false);
    expect(ask(policy, "spiffe://sub.td.example/x")).toBe(false);
    expect(ask(policy, "wimse://td.example/x")).toBe(false);
  });

  it.each([["spiffe://td.example"], ["td.example/a"], ["*"], [""], [undefined]])(
    "refuses the name %s",
    async (name) => {
      const act = () => allowTrustDomain(name as string);
      const error = await expectOptionError(act, "trustDomain");
      expect(error.cause).toBeInstanceOf(Error);
    },
  );
});

describe("anyOf", () => {
  const yes: Policy = () => true;
  const no: Policy = async () => false;
  const truthy = (() => "yes") as unknown as Policy;

  it.each<[title: string, policies: Policy[], answer: boolean]>([
    ["the only one allows", [yes], true],
    ["the last one allows", [no, yes], true],
    ["one allows later", [no, async () => true], true],
    ["none allows", [no, no], false],
    ["one says something true", [truthy], false],
  ])("answers when %s", async (_, policies, answer) => {
    expect(await ask(anyOf(...policies), webId)).toBe(answer);
  });

  it("asks no further than needed, in order", async () => {
    const asked: number[] = [];
    const policy = (at: number, answer: boolean): Policy => {
      return () => {
        asked.push(at);
        return answer;
      };
    };
    await ask(anyOf(policy(1, false), policy(2, true), policy(3, true)), webId);
    expect(asked).toEqual([1, 2]);
  });

  it("refuses to have no policy", async () => {
    await expectOptionError(() => anyOf(), "");
  });
});

describe("enforcePolicy", () => {
  const caller = callerOf(webId);
  const enforce = (policy: unknown, clock = createTestClock()) =>
    enforcePolicy(caller, request, rulesOf({ policy: policy as Policy, clock }));

  it("lets through what is allowed, at once or later", async () => {
    const seen: unknown[] = [];
    const policy: Policy = (...given) => {
      seen.push(given);
      return true;
    };
    await enforce(policy);
    await enforce(async () => true);
    expect(seen).toEqual([[caller, request]]);
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
  ])("PO-012 refuses when the answer is %s, at once or later", async (_, answer) => {
    await expectRefusal(() => enforce(() => answer), "caller_forbidden");
    await expectRefusal(() => enforce(async () => answer), "caller_forbidden");
  });

  const failure = new Error("down");
  const refusal = new VerificationError("token_expired");
  it.each<[title: string, policy: () => unknown, cause: Error]>([
    ["throws", () => fail(failure), failure],
    ["rejects", () => Promise.reject(failure), failure],
    ["throws a refusal about something else", () => fail(refusal), refusal],
  ])("PO-012 refuses when the policy %s, with the cause", async (_, policy, cause) => {
    const error = await expectRefusal(() => enforce(policy), "caller_forbidden");
    expect(error.cause).toBe(cause);
  });

  it("PO-013 refuses when the policy never answers", async () => {
    const clock = createTestClock();
    await expectRefusal(() => enforce(() => silence(clock), clock), "policy_timeout");
    expect(clock.pendingDelays()).toEqual([]);
  });
});

describe("a policy of a verifier", () => {
  it("PO-014 can refuse calls from the service itself", async () => {
    const scene = await createScene();
    const self = allow(ledgerId);
    const policy: Policy = async (caller, asked) =>
      caller.id.toString() !== ledgerId && (await self(caller, asked));
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
      { method: "POST", path: "/a%2fb/c", query: "x=%31&?" },
      { method: "GET", path: "/", query: undefined },
    ]);
  });
});

function fail(error: Error): never {
  throw error;
}
