import { describe, expect, it } from "vitest";
import { expectOptionError } from "../expect-error.test-support.js";
import { callerOf, webId } from "../scene.test-support.js";
import { createRuleSet } from "./rule-set.js";
import type { RuleSetOptions } from "./rule-set-options.js";

const rule = { name: "r", effect: "allow", callers: [webId] } as const;
const create = (given: unknown) => createRuleSet(given as RuleSetOptions);

describe("createRuleSet", () => {
  it("allows nothing without a rule", async () => {
    const request = { method: "GET", path: "/", query: undefined, time: 0 };
    const answer = await createRuleSet({ rules: [] }).decide(callerOf(webId), request);
    expect(answer).toEqual({ effect: "deny", rule: undefined, dryRun: [] });
  });

  it.each<[change: object, option: string]>([
    [{ name: undefined }, "rules[0].name"],
    [{ name: "" }, "rules[0].name"],
    [{ name: "(ambiguous path)" }, "rules[0].name"],
    [{ name: "a\nb" }, "rules[0].name"],
    [{ name: "a".repeat(129) }, "rules[0].name"],
    [{ effect: "Allow" }, "rules[0].effect"],
    [{ effect: undefined }, "rules[0].effect"],
    [{ dryRun: "yes" }, "rules[0].dryRun"],
    [{ caller: webId }, "rules[0].caller"],
    [{ callers: undefined }, "rules[0].callers"],
    [{ callers: undefined, namespaces: ["pay"] }, "rules[0].callers"],
    [{ callers: undefined, serviceAccounts: ["web"] }, "rules[0].callers"],
    [{ callers: [] }, "rules[0].callers"],
    [{ callers: "*" }, "rules[0].callers"],
    [{ callers: webId }, "rules[0].callers"],
    [{ trustDomains: ["td.example"] }, "rules[0].callers"],
    [{ effect: "deny", namespaces: ["pay"] }, "rules[0].callers"],
    [{ callers: undefined, trustDomains: [] }, "rules[0].trustDomains"],
    [{ callers: undefined, trustDomains: ["*"] }, "rules[0].trustDomains[0]"],
    [{ callers: undefined, trustDomains: ["a".repeat(256)] }, "rules[0].trustDomains[0]"],
    [
      { callers: undefined, trustDomains: ["td.example"], namespaces: [".."] },
      "rules[0].namespaces[0]",
    ],
    [
      { callers: undefined, trustDomains: ["td.example"], serviceAccounts: ["*"] },
      "rules[0].serviceAccounts[0]",
    ],
    [{ credentials: ["jwt"] }, "rules[0].credentials[0]"],
    [{ proofs: ["wpt"] }, "rules[0].proofs[0]"],
    [{ bindings: ["none"] }, "rules[0].bindings[0]"],
    [{ methods: [] }, "rules[0].methods"],
    [{ methods: ["GET "] }, "rules[0].methods[0]"],
    [{ paths: [] }, "rules[0].paths"],
    [{ paths: ["orders"] }, "rules[0].paths[0]"],
    [{ paths: ["/orders?x"] }, "rules[0].paths[0]"],
    [{ paths: ["/orders*"] }, "rules[0].paths[0]"],
    [{ paths: ["/**/orders"] }, "rules[0].paths[0]"],
    [{ paths: ["/a/../b"] }, "rules[0].paths[0]"],
    [{ paths: ["/%61"] }, "rules[0].paths[0]"],
    [{ paths: ["/a//b"] }, "rules[0].paths[0]"],
    [{ headers: { "X-Tenant": ["a"] } }, 'rules[0].headers["X-Tenant"]'],
    [{ headers: { "x-tenant": [] } }, 'rules[0].headers["x-tenant"]'],
    [{ headers: { "x-tenant": "a" } }, 'rules[0].headers["x-tenant"]'],
    [{ onBehalfOf: {} }, "rules[0].onBehalfOf"],
    [{ onBehalfOf: { subject: ["alice"] } }, "rules[0].onBehalfOf.subject"],
    [{ onBehalfOf: { subjects: [] } }, "rules[0].onBehalfOf.subjects"],
    [{ onBehalfOf: { scopes: "transfer" } }, "rules[0].onBehalfOf.scopes"],
    [{ times: [{}] }, "rules[0].times[0]"],
    [{ times: [{ from: "2027-01-31" }] }, "rules[0].times[0].from"],
    [{ times: [{ from: "2027-13-31T00:00:00Z" }] }, "rules[0].times[0].from"],
    [
      { times: [{ from: "2027-02-01T00:00:00Z", until: "2027-01-31T00:00:00Z" }] },
      "rules[0].times[0]",
    ],
    [{ times: [{ days: [] }] }, "rules[0].times[0]"],
    [{ times: [{ days: ["Monday"] }] }, "rules[0].times[0].days"],
    [{ times: [{ days: ["mon"], start: "8:00" }] }, "rules[0].times[0]"],
    [{ times: [{ days: ["mon"], start: "22:00", end: "06:00" }] }, "rules[0].times[0]"],
    [{ times: [{ days: ["mon"], timeZone: "Mars/Olympus" }] }, "rules[0].times[0]"],
    [{ times: [{ days: ["mon"], from: "2027-01-31T00:00:00Z" }] }, "rules[0].times[0]"],
    [{ conditions: ["change-window"] }, "rules[0].conditions[0]"],
    [{ conditions: ["toString"] }, "rules[0].conditions[0]"],
    [{ except: { caller: [webId] } }, "rules[0].except.caller"],
    [{ except: { paths: ["a"] } }, "rules[0].except.paths[0]"],
  ])("refuses a rule with %j", async (change, option) => {
    await expectOptionError(() => create({ rules: [{ ...rule, ...change }] }), option);
  });

  it.each([
    "spiffe://td.example/",
    "spiffe://td.example",
    "",
    "*",
    "**",
    "spiffe://td.example/ns/pay*",
    "spiffe://td.example/**/sa",
    "spiffe://**",
  ])("PO-008 PO-009 refuses the caller %j", async (caller) => {
    const rules = [{ ...rule, callers: [caller] }];
    await expectOptionError(() => create({ rules }), "rules[0].callers[0]");
  });

  const condition = { holds: () => true, onFailure: "closed" };
  it.each<[options: object, option: string]>([
    [{}, "rules"],
    [{ rules: [rule, { ...rule }] }, "rules[1].name"],
    [{ rules: [], rule: [] }, "rule"],
    [{ rules: [], conditions: { a: { holds: () => true } } }, "conditions.a.onFailure"],
    [
      { rules: [], conditions: { a: { ...condition, onFailure: "open" } } },
      "conditions.a.onFailure",
    ],
    [{ rules: [], conditions: { a: { ...condition, holds: true } } }, "conditions.a.holds"],
    [{ rules: [], conditionTimeoutMilliseconds: 0 }, "conditionTimeoutMilliseconds"],
    [{ rules: [], clock: {} }, "clock"],
  ])("refuses the options %j", async (options, option) => {
    await expectOptionError(() => create(options), option);
  });
});
