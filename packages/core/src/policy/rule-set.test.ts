import { createTestClock, type TestClock } from "@firsthand/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Caller } from "../caller.js";
import { expectRefusal } from "../expect-error.test-support.js";
import {
  callerOf,
  createScene,
  prove,
  silence,
  verifierOf,
  verify,
  webId,
} from "../scene.test-support.js";
import type { PolicyDecision, PolicyRequest } from "./policy.js";
import type { PolicyCondition, PolicyRule } from "./rule.js";
import { createRuleSet } from "./rule-set.js";
import type { RuleSetOptions } from "./rule-set-options.js";

const get: PolicyRequest = { method: "GET", path: "/orders/7", query: undefined, time: 0 };
const anyone: PolicyRule = { name: "rule", effect: "allow", callers: "any" };

async function ask(
  rules: readonly PolicyRule[],
  { caller = callerOf(webId), ...request }: Partial<PolicyRequest> & { caller?: Caller } = {},
  options: Partial<RuleSetOptions> = {},
): Promise<PolicyDecision> {
  const answer = await createRuleSet({ rules, ...options }).decide(caller, { ...get, ...request });
  return answer as PolicyDecision;
}

type Given = Partial<PolicyRequest> & { caller?: Caller };
const id = (caller: string): Given => ({ caller: callerOf(caller) });
const proof = (members: Partial<Caller["proof"]>): Given => ({
  caller: callerOf(webId, members as Parameters<typeof callerOf>[1]),
});
const kind = (credential: "x509-svid" | "wit-svid"): Given => {
  const caller = callerOf(webId);
  return { caller: { ...caller, credential: { ...caller.credential, kind: credential } } };
};
const signed = (verifiedHeaders: Readonly<Record<string, string>>): Given => ({
  caller: { ...callerOf(webId), verifiedHeaders } as Caller,
});
const behalf = (subject: string, ...scope: readonly string[]): Given => {
  const onBehalfOf = { subject, scope } as unknown as Caller["onBehalfOf"];
  return { caller: { ...callerOf(webId), onBehalfOf } };
};
const at = (time: string): Given => ({ time: Date.parse(time) });
const path = (text: string): Given => ({ path: text });
const method = (text: string): Given => ({ method: text });
const kubernetes = { callers: undefined, trustDomains: ["td.example"] };
const workHours = {
  days: ["mon", "fri"],
  start: "09:00",
  end: "17:30",
  timeZone: "Europe/Berlin",
} as const;

const rows: readonly [
  condition: Partial<PolicyRule>,
  holds: readonly Given[],
  fails: readonly Given[],
][] = [
  [{ callers: "any" }, [{}, id("wimse://other.example/x")], []],
  [
    { callers: [webId, "spiffe://td.example/b/*"] },
    [{}, id("spiffe://td.example/b/c")],
    [
      id("spiffe://td.example/b"),
      id("spiffe://td.example/b/c/d"),
      id("spiffe://partner.example/ns/pay/sa/web"),
      id("wimse://td.example/ns/pay/sa/web"),
      id(`${webId}2`),
    ],
  ],
  [
    { callers: ["spiffe://td.example/ns/*/**"] },
    [{}, id("spiffe://td.example/ns/pay/x")],
    [id("spiffe://td.example/ns/pay"), id("spiffe://partner.example/ns/pay/sa/web")],
  ],
  [
    kubernetes,
    [{}, id("spiffe://td.example/x")],
    [id("spiffe://partner.example/x"), id("spiffe://sub.td.example/x"), id("wimse://td.example/x")],
  ],
  [
    { ...kubernetes, namespaces: ["pay"] },
    [{}, id("spiffe://td.example/ns/pay/sa/x")],
    [
      id("spiffe://td.example/ns/payroll/sa/web"),
      id("spiffe://partner.example/ns/pay/sa/web"),
      id("spiffe://td.example/ns/pay"),
      id("spiffe://td.example/ns/pay/sa/web/x"),
      id("spiffe://td.example/x/ns/pay/sa/web"),
    ],
  ],
  [
    { ...kubernetes, serviceAccounts: ["web"] },
    [{}, id("spiffe://td.example/ns/x/sa/web")],
    [id("spiffe://td.example/ns/pay/sa/webx"), id("spiffe://td.example/ns/pay/wg/web")],
  ],
  [
    { ...kubernetes, namespaces: ["pay", "shop"], serviceAccounts: ["web", "app"] },
    [{}, id("spiffe://td.example/ns/shop/sa/app")],
    [id("spiffe://td.example/ns/shop/sa/x"), id("spiffe://td.example/ns/x/sa/web")],
  ],
  [{ credentials: ["x509-svid"] }, [{}, kind("x509-svid")], [kind("wit-svid")]],
  [
    { proofs: ["svid-proof-1"] },
    [{}],
    [proof({ format: "wpt-02" }), proof({ format: "mutual-tls" })],
  ],
  [{ bindings: ["full"] }, [{}], [proof({ binding: "target" }), proof({ binding: "channel" })]],
  [
    { methods: ["GET", "POST"] },
    [{}, method("POST")],
    [method("get"), method("HEAD"), method("PUT"), method("")],
  ],
  [
    { paths: ["/orders/*", "/files/**", "/exact"] },
    [{}, path("/orders/8"), path("/files/a/b"), path("/files/"), path("/exact")],
    [
      path("/orders"),
      path("/orders/"),
      path("/orders/7/lines"),
      path("/Orders/7"),
      path("/files"),
      path("/exact/"),
      path("/EXACT"),
      path("/exactly"),
    ],
  ],
  [
    { headers: { "x-tenant": ["acme", "b"], "x-region": ["eu"] } },
    [signed({ "x-tenant": "acme", "x-region": "eu" })],
    [
      {},
      signed({}),
      signed({ "x-tenant": "acme" }),
      signed({ "x-tenant": "acme", "x-region": "us" }),
      signed({ "x-tenant": "ACME", "x-region": "eu" }),
    ],
  ],
  [
    { onBehalfOf: { subjects: ["alice", "bob"] } },
    [behalf("alice"), behalf("bob", "x")],
    [{}, behalf("Alice"), behalf("")],
  ],
  [
    { onBehalfOf: { scopes: ["transfer", "refund"] } },
    [behalf("alice", "transfer"), behalf("x", "read", "refund")],
    [{}, behalf("alice"), behalf("alice", "read", "transfers")],
  ],
  [
    { onBehalfOf: { subjects: ["alice"], scopes: ["transfer"] } },
    [behalf("alice", "transfer")],
    [{}, behalf("alice"), behalf("bob", "transfer")],
  ],
  [
    { times: [{ from: "2027-01-01T00:00:00Z", until: "2027-02-01T00:00:00+01:00" }] },
    [at("2027-01-01T00:00:00Z"), at("2027-01-31T22:59:59Z")],
    [at("2026-12-31T23:59:59Z"), at("2027-01-31T23:00:00Z")],
  ],
  [{ times: [{ from: "2027-01-01T00:00:00Z" }] }, [at("2030-01-01T00:00:00Z")], [{}]],
  [{ times: [{ until: "2027-01-01T00:00:00Z" }] }, [{}], [at("2030-01-01T00:00:00Z")]],
  [
    { times: [workHours, { from: "2030-01-01T00:00:00Z" }] },
    [
      at("2027-01-04T08:00:00Z"), // Monday, winter: 9:00 in Berlin
      at("2027-07-05T07:00:00Z"), // Monday, summer: 9:00 in Berlin
      at("2027-01-08T16:29:59Z"),
      at("2030-06-01T00:00:00Z"),
    ],
    [
      at("2027-01-04T07:59:59Z"),
      at("2027-07-05T06:59:59Z"),
      at("2027-01-08T16:30:00Z"),
      at("2027-01-05T12:00:00Z"),
    ],
  ],
  [
    { times: [{ days: ["sat"] }] },
    [at("2027-01-02T00:00:00Z"), at("2027-01-02T23:59:59Z")],
    [at("2027-01-01T23:59:59Z"), at("2027-01-03T00:00:00Z")],
  ],
  [
    {
      except: {
        callers: ["spiffe://td.example/ns/*/sa/x"],
        methods: ["GET"],
        paths: ["/admin/**"],
      },
    },
    [method("POST"), { method: "POST", path: "/orders" }],
    [
      {},
      { method: "POST", path: "/admin/x" },
      { method: "POST", ...id("spiffe://td.example/ns/pay/sa/x") },
      // what an exception of an allow may mean for a router, it does mean
      method("HEAD"),
      { method: "POST", path: "/ADMIN/x" },
      { method: "POST", path: "/admin" },
    ],
  ],
];

describe("a rule that allows", () => {
  describe.each(rows)("with %j", (condition, holds, fails) => {
    const rules = [{ ...anyone, ...condition }];

    it.each(holds.map((given) => [given]))("allows %j", async (given) => {
      expect(await ask(rules, given)).toEqual({ effect: "allow", rule: "rule", dryRun: [] });
    });

    it.each(fails.map((given) => [given]))("does not allow %j", async (given) => {
      expect(await ask(rules, given)).toEqual({ effect: "deny", rule: undefined, dryRun: [] });
    });
  });

  it("names the first of several", async () => {
    const rules = [{ ...anyone, name: "a", methods: ["PUT"] }, { ...anyone, name: "b" }, anyone];
    expect(await ask(rules)).toMatchObject({ effect: "allow", rule: "b" });
  });

  it("is found once, however many of its patterns match", async () => {
    const rule = { ...anyone, paths: ["/orders/*", "/orders/7", "/**"], dryRun: true };
    expect((await ask([rule])).dryRun).toEqual([{ effect: "allow", rule: "rule" }]);
  });
});

describe("a rule that denies", () => {
  const everything = { ...anyone, name: "everything" };
  const denied = (rule: string) => ({ effect: "deny", rule, dryRun: [] });

  it.each<[deny: Partial<PolicyRule>, given: Given]>([
    [{}, {}],
    [{ methods: ["GET"] }, {}],
    [{ methods: ["GET"] }, method("HEAD")],
    [{ paths: ["/orders/*"] }, {}],
    [{ paths: ["/Orders/7"] }, {}],
    [{ paths: ["/orders/*"] }, path("/ORDERS/7/")],
    [{ paths: ["/orders/**"] }, path("/orders")],
    [{ paths: ["/**"] }, path("/")],
    [{ paths: ["/"] }, path("/")],
    [{ namespaces: ["pay"] }, id("spiffe://any.example/ns/pay/sa/x")],
    [{ serviceAccounts: ["web"] }, {}],
    [{ trustDomains: ["td.example"] }, {}],
    [{ except: { paths: ["/health"] } }, {}],
    [{ except: { paths: ["/orders/7"] } }, path("/Orders/7")],
    [{ except: { methods: ["GET"] } }, method("HEAD")],
  ])("wins over what allows, wherever it stands: %j", async (condition, given) => {
    const deny: PolicyRule = { name: "deny", effect: "deny", ...condition };
    expect(await ask([deny, everything], given)).toEqual(denied("deny"));
    expect(await ask([everything, deny], given)).toEqual(denied("deny"));
  });

  it.each<[deny: Partial<PolicyRule>, given: Given]>([
    [{ methods: ["POST"] }, {}],
    [{ methods: ["POST"] }, method("HEAD")],
    [{ paths: ["/orders"] }, {}],
    [{ namespaces: ["pay"] }, id("spiffe://td.example/pay")],
    [{ except: { paths: ["/orders/*"] } }, {}],
    [{ except: { methods: ["GET"] } }, {}],
  ])("leaves alone what it does not name: %j", async (condition, given) => {
    const deny: PolicyRule = { name: "deny", effect: "deny", ...condition };
    expect(await ask([deny, everything], given)).toMatchObject({ effect: "allow" });
  });

  it.each(["/%6frders/7", "/orders//7", "/a/../orders/7", "/orders/7;x", "/orders%2F7"])(
    "is not got round by %s, which no rule allows",
    async (text) => {
      expect(await ask([everything], path(text))).toEqual(denied("(ambiguous path)"));
    },
  );
});

describe("a rule in dry run", () => {
  it("is recorded and changes nothing", async () => {
    const deny: PolicyRule = { name: "trial-deny", effect: "deny", dryRun: true };
    const allow: PolicyRule = { ...anyone, name: "trial-allow", dryRun: true };
    const verdicts = [
      { effect: "deny", rule: "trial-deny" },
      { effect: "allow", rule: "trial-allow" },
    ];
    expect(await ask([deny, allow])).toEqual({ effect: "deny", rule: undefined, dryRun: verdicts });
    expect(await ask([deny, anyone, allow])).toEqual({
      effect: "allow",
      rule: "rule",
      dryRun: verdicts,
    });
    expect((await ask([{ ...deny, methods: ["PUT"] }])).dryRun).toEqual([]);
  });
});

describe("a condition of the application", () => {
  const window: PolicyRule = { ...anyone, conditions: ["window"] };
  const block: PolicyRule = { name: "block", effect: "deny", conditions: ["window"] };

  function supplied(
    holds: unknown,
    onFailure: PolicyCondition["onFailure"] = "closed",
    clock: TestClock = createTestClock(),
  ): Partial<RuleSetOptions> {
    const condition = { holds: holds as PolicyCondition["holds"], onFailure };
    return { conditions: { window: condition }, conditionTimeoutMilliseconds: 100, clock };
  }

  it("decides, at once or later", async () => {
    expect(
      await ask(
        [window],
        {},
        supplied(() => true),
      ),
    ).toMatchObject({ rule: "rule" });
    expect(
      await ask(
        [window],
        {},
        supplied(async () => true),
      ),
    ).toMatchObject({ rule: "rule" });
    expect(
      await ask(
        [window],
        {},
        supplied(() => false),
      ),
    ).toMatchObject({ rule: undefined });
    expect(
      await ask(
        [block, anyone],
        {},
        supplied(() => true),
      ),
    ).toMatchObject({ rule: "block" });
    expect(
      await ask(
        [block, anyone],
        {},
        supplied(() => false),
      ),
    ).toMatchObject({ rule: "rule" });
  });

  it("sees the call, and is asked once for all rules", async () => {
    const seen: unknown[][] = [];
    const rules = [window, { ...window, name: "b" }, block];
    const caller = callerOf(webId);
    await ask(
      rules,
      { caller },
      supplied((...given: unknown[]) => seen.push(given) > 5),
    );
    expect(seen).toEqual([[caller, get]]);
  });

  it("is not asked for a rule that does not apply anyway", async () => {
    const rules = [{ ...window, methods: ["PUT"] }];
    await ask(
      rules,
      {},
      supplied(() => expect.fail("asked")),
    );
  });

  const clock = createTestClock();
  const failures: readonly [title: string, holds: () => unknown][] = [
    ["throws", () => fail(new Error("down"))],
    ["rejects", () => Promise.reject(new Error("down"))],
    ["is silent", () => silence(clock, 100)],
    ["answers undefined", () => undefined],
    ["answers a text", async () => "true"],
    ["answers 1", () => 1],
  ];

  it.each(failures)(
    "that is closed holds back an allow and not a deny when it %s",
    async (_, holds) => {
      const options = supplied(holds, "closed", clock);
      expect(await ask([window], {}, options)).toMatchObject({ effect: "deny", rule: undefined });
      expect(await ask([block, anyone], {}, options)).toMatchObject({
        effect: "deny",
        rule: "block",
      });
    },
  );

  it.each(failures)("that is open does the reverse when it %s", async (_, holds) => {
    const options = supplied(holds, "unsafe-open", clock);
    expect(await ask([window], {}, options)).toMatchObject({ effect: "allow", rule: "rule" });
    expect(await ask([block, anyone], {}, options)).toMatchObject({
      effect: "allow",
      rule: "rule",
    });
  });
});

describe("explain", () => {
  it("says of each rule which conditions do not hold", async () => {
    const rules: readonly PolicyRule[] = [
      {
        name: "close",
        effect: "allow",
        callers: [webId],
        methods: ["POST"],
        paths: ["/orders/*"],
        credentials: ["x509-svid"],
      },
      {
        name: "far",
        effect: "allow",
        trustDomains: ["partner.example"],
        paths: ["/x"],
        credentials: ["wit-svid"],
        proofs: ["wpt-02"],
        bindings: ["target"],
        headers: { "x-tenant": ["acme"] },
        onBehalfOf: { subjects: ["alice"], scopes: ["transfer"] },
        times: [{ from: "2030-01-01T00:00:00Z" }],
        conditions: ["open"],
        except: { callers: [webId], methods: ["GET"], paths: ["/orders/*"] },
        dryRun: true,
      },
      { name: "block", effect: "deny", callers: ["spiffe://td.example/other"] },
      anyone,
    ];
    const conditions = { open: { holds: () => false, onFailure: "closed" } } as const;
    const explained = await createRuleSet({ rules, conditions }).explain(callerOf(webId), get);
    expect(explained).toEqual({
      decision: { effect: "allow", rule: "rule", dryRun: [] },
      rules: [
        { name: "close", effect: "allow", dryRun: false, failed: ["methods"] },
        {
          name: "far",
          effect: "allow",
          dryRun: true,
          failed: [
            "trustDomains",
            "paths",
            "credentials",
            "proofs",
            "bindings",
            "headers.x-tenant",
            "onBehalfOf.subjects",
            "onBehalfOf.scopes",
            "times",
            "except.callers",
            "except.methods",
            "except.paths",
            "conditions.open",
          ],
        },
        { name: "block", effect: "deny", dryRun: false, failed: ["callers"] },
        { name: "rule", effect: "allow", dryRun: false, failed: [] },
      ],
    });
  });

  it("agrees with the index, which looks at few rules, for all rules and calls", async () => {
    const ids = [
      "spiffe://a.example/x",
      "spiffe://a.example/ns/n/sa/s",
      "wimse://b.example/ns/n/sa/s",
    ];
    const paths = ["/", "/a", "/A", "/a/", "/a/b", "/b/a"];
    const asked = [...paths, "/%61", "//a"];
    const patterns = [...paths, "/*", "/a/*", "/a/**", "/**", "/*/a"];
    const methods = ["GET", "HEAD", "POST"];
    const some = <T>(values: readonly T[]) =>
      fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }), {
        nil: undefined,
      });
    const callers = fc.oneof(
      fc.record({ callers: fc.constant("any" as const) }),
      fc.record({ callers: fc.constantFrom([ids[0]], [ids[1]], ["spiffe://a.example/ns/*/sa/*"]) }),
      fc.record({ trustDomains: fc.constant(["a.example"]), namespaces: some(["n", "m"]) }),
    );
    const rule = fc
      .tuple(
        callers,
        fc.record({
          effect: fc.constantFrom("allow", "deny"),
          dryRun: fc.boolean(),
          methods: some(methods),
          paths: some(patterns),
          except: fc.record({ methods: some(methods), paths: some(patterns) }),
        }),
      )
      .map(([who, others]) => ({ ...who, ...others }));
    const call = fc.record({
      id: fc.constantFrom(...ids),
      method: fc.constantFrom(...methods),
      path: fc.constantFrom(...asked),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { maxLength: 8 }), call, async (given, { id, ...line }) => {
        const rules = given.map((each, index) => ({ ...each, name: `${index}` }) as PolicyRule);
        const { decide, explain } = createRuleSet({ rules });
        const call = [callerOf(id), { ...get, ...line }] as const;
        expect(await decide(...call)).toEqual((await explain(...call)).decision);
      }),
    );
  });
});

describe("a thousand rules", () => {
  /** How many rules are looked at, told by the header that each of them asks for. */
  async function rulesLookedAt(rules: readonly PolicyRule[], given: Given): Promise<number> {
    let reads = 0;
    const verifiedHeaders = new Proxy(
      { "x-tenant": "acme" },
      {
        get: (target, name) => {
          reads++;
          return Reflect.get(target, name);
        },
      },
    );
    const caller = { ...(given.caller ?? callerOf(webId)), verifiedHeaders };
    const asking = rules.map((rule) => ({ ...rule, headers: { "x-tenant": ["acme"] } }));
    expect(await ask(asking, { ...given, caller })).toMatchObject({ effect: "allow" });
    return reads;
  }

  const thousand = (rule: (index: number) => Partial<PolicyRule>): readonly PolicyRule[] =>
    Array.from({ length: 1000 }, (_, index) => ({ ...anyone, ...rule(index), name: `${index}` }));

  it.each<[differ: string, rules: readonly PolicyRule[], given: Given]>([
    [
      "callers",
      thousand((i) => ({ callers: [`spiffe://td.example/w${i}`] })),
      id("spiffe://td.example/w700"),
    ],
    [
      "namespaces",
      thousand((i) => ({
        callers: undefined,
        trustDomains: ["td.example"],
        namespaces: [`n${i}`],
      })),
      id("spiffe://td.example/ns/n3/sa/x"),
    ],
    ["paths", thousand((i) => ({ paths: [`/orders/${i}`] })), path("/orders/999")],
    ["patterns", thousand((i) => ({ paths: [`/r${i}/*/**`] })), path("/r0/a/b")],
    ["methods", thousand((i) => ({ methods: [`M${i}`] })), method("M500")],
  ])("that differ in %s cost a look at one", async (_, rules, given) => {
    expect(await rulesLookedAt(rules, given)).toBe(1);
  });
});

it("PO-001 PO-017 decides for a verifier", async () => {
  const scene = await createScene();
  const rules: readonly PolicyRule[] = [
    {
      name: "web-transfers",
      effect: "allow",
      callers: [webId],
      methods: ["POST"],
      paths: ["/v1/transfers"],
    },
  ];
  const { decide } = createRuleSet({ rules });
  const verifier = verifierOf(scene, { policy: decide });
  expect((await verify(verifier, await prove(scene))).id.toString()).toBe(webId);
  const lower = await prove(scene, { method: "post", target: "/v1/transfers", headers: [] });
  await expectRefusal(() => verify(verifier, lower), "caller_forbidden");
});

it("PO-003 allows a trust domain only when asked for, PO-007 by whole segments", async () => {
  const domain: PolicyRule = { name: "domain", effect: "allow", trustDomains: ["td.example"] };
  expect(await ask([domain], id("spiffe://td.example/x"))).toMatchObject({ effect: "allow" });
  const pay: PolicyRule = { ...domain, namespaces: ["pay"] };
  const payroll = id("spiffe://td.example/ns/payroll/sa/x");
  expect(await ask([pay], payroll)).toMatchObject({ effect: "deny" });
});

function fail(error: Error): never {
  throw error;
}
