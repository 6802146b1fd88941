import { describe, expect, it } from "vitest";
import { checkoutCall, decisionFor } from "../policy-file.test-support.js";
import { type CedarPolicyOptions, cedarPolicy } from "./cedar-policy.js";

const policies = `
@id("orders")
permit (
  principal == Workload::"spiffe://shop.example/checkout",
  action in [Action::"GET", Action::"POST"],
  resource
) when { resource == Route::"/orders" || resource == Route::"/returns" };

@id("only proofs")
forbid (principal, action, resource) when { context.binding == "channel" };

permit (principal, action == Action::"HEAD", resource);
`;

const schema = `
entity Workload, Route;
action GET, POST, HEAD appliesTo {
  principal: Workload,
  resource: Route,
  context: { trustDomain: String, credential: String, proof: String, binding: String, time: Long }
};
`;

const decide = (change: object = {}, options: Partial<CedarPolicyOptions> = {}) =>
  decisionFor(cedarPolicy({ policies, ...options }), { ...checkoutCall, ...change });

describe("cedarPolicy", () => {
  it.each([{}, { schema }])(
    "decides, and names the policies that did, with %j",
    async (options) => {
      expect(await decide({}, options)).toEqual({ effect: "allow", rule: "orders" });
      expect(await decide({ request: "HEAD /x" }, options)).toEqual({
        effect: "allow",
        rule: "policy2",
      });
      expect(await decide({ request: "HEAD /x", proof: "mutual-tls" }, options)).toEqual({
        effect: "deny",
        rule: "only proofs",
      });
    },
  );

  it("denies what no policy permits, and names none", async () => {
    expect(await decide({ request: "GET /admin" })).toEqual({ effect: "deny" });
    expect(await decide({ caller: "spiffe://shop.example/returns" })).toEqual({ effect: "deny" });
  });

  it("names all policies that decide", async () => {
    const two = `@id("a") permit (principal, action, resource); @id("b") permit (principal, action, resource);`;
    expect(await decide({}, { policies: two })).toEqual({ effect: "allow", rule: "a and b" });
  });

  it("denies when a policy cannot be evaluated, although another permits", async () => {
    const broken = `${policies} forbid (principal, action, resource) when { context.posture == "bad" };`;
    expect(await decide({}, { policies: broken })).toEqual({
      effect: "deny",
      rule: "cedar (failed)",
    });
  });

  it("denies a request that does not fit the schema", async () => {
    const request = { request: "PUT /orders" };
    expect(await decide(request, { schema })).toEqual({ effect: "deny", rule: "cedar (failed)" });
  });

  it("asks what the application wants asked", async () => {
    const team = { type: "Team", id: "pay" };
    const uid = { type: "Service", id: "checkout" };
    const answer = await decide(
      {},
      {
        policies: `@id("team") permit (principal in Team::"pay", action, resource) when { context.region == "eu" };`,
        request: () => ({
          principal: uid,
          action: { type: "Action", id: "read" },
          resource: { type: "Order", id: "7" },
          context: { region: "eu" },
          entities: [{ uid, attrs: {}, parents: [team] }],
        }),
      },
    );
    expect(answer).toEqual({ effect: "allow", rule: "team" });
  });

  it.each<[options: object, option: string]>([
    [{ policies: "permit (principal, action);" }, "policies"],
    [{ policies: "permit (principal == ?principal, action, resource);" }, "policies"],
    [
      {
        policies: `@id("a") permit (principal, action, resource); @id("a") forbid (principal, action, resource);`,
      },
      "policies",
    ],
    [{ policies: 1 }, "policies"],
    [{ schema: "entity Workload" }, "schema"],
    [{ schema: "entity Other;" }, "policies"],
    [{ request: {} }, "request"],
    [{ entities: [] }, "entities"],
  ])("refuses the options %j", (options, option) => {
    const act = () => cedarPolicy({ policies, ...options } as CedarPolicyOptions);
    expect(act).toThrow(expect.objectContaining({ option }));
  });
});
