import { describe, expect, it } from "vitest";
import { expectOptionError } from "../expect-error.test-support.js";
import { callerOf, createScene, prove, verifierOf, verify, webId } from "../scene.test-support.js";
import { allow, allowTrustDomain } from "./allow.js";
import { allOf } from "./combine.js";
import type { Policy } from "./policy.js";

const request = { method: "POST", path: "/v1/transfers", query: undefined, time: 0 };
const ask = (policy: Policy, id: string) => policy(callerOf(id), request);

describe("allow", () => {
  it("PO-001 allows the caller that it names", async () => {
    const scene = await createScene();
    const exact = allow(webId);
    const onTransfers: Policy = (_, { method, path }) =>
      method === "POST" && path === "/v1/transfers";
    const policy = allOf(exact, onTransfers);
    const caller = await verify(verifierOf(scene, { policy }), await prove(scene));
    expect(caller.id.toString()).toBe(webId);
  });

  it("allows each that it names, and nobody else", () => {
    const policy = allow("spiffe://td.example/a", "spiffe://td.example/b/*");
    const answer = (rule: string) => ({ effect: "allow", rule, dryRun: [] });
    expect(ask(policy, "spiffe://td.example/a")).toEqual(answer("spiffe://td.example/a"));
    expect(ask(policy, "spiffe://td.example/b/c")).toEqual(answer("spiffe://td.example/b/*"));
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
    const answer = { effect: "allow", rule: "trust domain td.example", dryRun: [] };
    expect(ask(policy, webId)).toEqual(answer);
    expect(ask(policy, "spiffe://td.example/x")).toEqual(answer);
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
