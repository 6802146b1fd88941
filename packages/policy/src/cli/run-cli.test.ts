import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { scratchDirectory } from "../policy-file.test-support.js";
import { runCli } from "./run-cli.js";

const policy = `
version: 1
rules:
  - name: orders
    effect: allow
    callers: [spiffe://shop.example/checkout]
    methods: [POST]
    paths: [/orders]
  - name: maintenance
    effect: deny
    conditions: [maintenance]
  - name: trial
    effect: deny
    dryRun: true
    bindings: [target, channel]
`;
const checkout = "spiffe://shop.example/checkout";

async function run(...args: readonly string[]) {
  let out = "";
  let err = "";
  const code = await runCli(args, { out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
}

function written(files: Readonly<Record<string, string>>): (name: string) => string {
  const directory = scratchDirectory();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return (name) => join(directory, name);
}

describe("firsthand-policy", () => {
  it.each([[[]], [["chek"]], [["--help"]]])("says how it is called, for %j", async (args) => {
    const { code, err } = await run(...args);
    expect(code).toBe(2);
    expect(err).toContain("firsthand-policy check");
  });

  it.each([
    [["check"], "name at least one policy file"],
    [["check", "--strict", "p"], "--strict"],
    [["check", "/nowhere/policy.yaml"], "cannot be read"],
    [["test"], "name at least one file of cases"],
    [["explain"], "name one policy file"],
    [["import-istio"], "name at least one manifest"],
    [["import-istio", "m.yaml"], "--namespace is missing"],
    [["schema", "--json"], "--json"],
  ])("says what is wrong with %j", async (args, problem) => {
    const { code, err } = await run(...args);
    expect([code, err]).toEqual([2, expect.stringContaining(problem)]);
  });
});

describe("firsthand-policy check", () => {
  it("accepts a policy, and says what it needs", async () => {
    const at = written({ "policy.yaml": policy });
    const { code, out } = await run("check", at("policy.yaml"));
    const said = `${at("policy.yaml")}: valid, 3 rules; needs the conditions maintenance\n`;
    expect([code, out]).toEqual([0, said]);
  });

  it.each([
    ["methods:", "method:", "rules[0].method"],
    ["name: maintenance", "name: orders", "rules[1].name"],
    ["[/orders]", "[/orders*]", "rules[0].paths[0]"],
  ])("refuses one with %s made %s", async (before, after, problem) => {
    const at = written({ "policy.yaml": policy.replace(before, after) });
    const { code, err } = await run("check", at("policy.yaml"));
    expect([code, err]).toEqual([2, expect.stringContaining(problem)]);
    expect(err).toContain(at("policy.yaml"));
  });
});

describe("firsthand-policy test", () => {
  const passing = `
version: 1
policy: policy.yaml
cases:
  - caller: ${checkout}
    request: POST /orders?dry=1
    conditions: { maintenance: false }
    expect: allow
    rule: orders
  - name: in maintenance
    caller: ${checkout}
    request: POST /orders
    conditions: { maintenance: true }
    expect: deny
    rule: maintenance
  - name: nobody said whether there is maintenance
    caller: ${checkout}
    request: POST /orders
    expect: deny
    rule: maintenance
  - name: a stranger
    caller: spiffe://shop.example/returns
    request: POST /orders
    conditions: { maintenance: false }
    expect: deny
`;

  it("passes when everything is decided as it has to be", async () => {
    const at = written({ "policy.yaml": policy, "cases.yaml": passing });
    const { code, out } = await run("test", at("cases.yaml"));
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      `ok  ${checkout} POST /orders?dry=1`,
      "ok  in maintenance",
      "ok  nobody said whether there is maintenance",
      "ok  a stranger",
      `${at("cases.yaml")}: 4 cases, 0 failed`,
      "",
    ]);
  });

  it("fails and says why", async () => {
    const cases = passing.replace("POST /orders?dry=1", "GET /orders");
    const at = written({ "policy.yaml": policy, "cases.yaml": cases });
    const { code, out } = await run("test", at("cases.yaml"));
    expect(code).toBe(1);
    expect(out.split("\n").slice(0, 6)).toEqual([
      `FAILED  ${checkout} GET /orders`,
      "        expected allow by the rule orders",
      "        deny: no rule allows it",
      "          orders (allow) fails on methods",
      "          maintenance (deny) fails on conditions.maintenance",
      "          trial (deny, dry run) fails on bindings",
    ]);
  });

  it("fails when another rule decides than the one that has to", async () => {
    const cases = passing.replace("rule: orders", "rule: other");
    const at = written({ "policy.yaml": policy, "cases.yaml": cases });
    expect(await run("test", at("cases.yaml"))).toMatchObject({ code: 1 });
  });

  it.each([
    ["version: 1", "version: 2", "version"],
    ["policy: policy.yaml", "", "policy"],
    ["policy: policy.yaml", "policy: nowhere.yaml", "cannot be read"],
    ["expect: allow", "expect: yes", "cases[0].expect"],
    ["expect: allow", "expects: allow", "cases[0]"],
    [`caller: ${checkout}`, "caller: checkout", "cases[0].caller"],
    ["POST /orders?dry=1", "/orders", "cases[0].request"],
    ["maintenance: false", "maintenance: maybe", "cases[0].conditions.maintenance"],
    ["expect: allow", "expect: allow\n    at: yesterday", "cases[0].at"],
    ["expect: allow", "expect: allow\n    onBehalfOf: alice", "cases[0].onBehalfOf"],
    ["expect: allow", "expect: allow\n    proof: wpt", "cases[0].proof"],
  ])("refuses cases with %s made %s", async (before, after, problem) => {
    const at = written({ "policy.yaml": policy, "cases.yaml": passing.replace(before, after) });
    const { code, err } = await run("test", at("cases.yaml"));
    expect([code, err]).toEqual([2, expect.stringContaining(problem)]);
  });
});

describe("firsthand-policy explain", () => {
  const call = [
    "--caller",
    checkout,
    "--request",
    "POST /orders",
    "--condition",
    "maintenance=false",
  ];

  it("says which rule allows", async () => {
    const at = written({ "policy.yaml": policy });
    const { code, out } = await run("explain", at("policy.yaml"), ...call);
    expect([code, out.split("\n")[0]]).toEqual([0, "allow: by the rule orders"]);
  });

  it("says which rules apply as well, and what denies", async () => {
    const at = written({ "policy.yaml": policy });
    const args = [...call.slice(0, 4), "--proof", "mutual-tls", "--condition", "maintenance=true"];
    const { code, out } = await run("explain", at("policy.yaml"), ...args);
    expect(code).toBe(1);
    expect(out.split("\n")).toEqual([
      "deny: by the rule maintenance",
      "  orders (allow) applies as well",
      "  trial (deny, dry run) applies as well",
      "",
    ]);
  });

  it("takes all that a call may have", async () => {
    const rule = {
      name: "all",
      effect: "allow",
      callers: [checkout],
      credentials: ["wit-svid"],
      proofs: ["wpt-02"],
      bindings: ["target"],
      headers: { "x-tenant": ["acme"] },
      onBehalfOf: { subjects: ["alice"], scopes: ["orders"] },
      times: [{ from: "2027-01-01T00:00:00Z" }],
    };
    const at = written({ "policy.json": JSON.stringify({ version: 1, rules: [rule] }) });
    const all = [
      ...["--caller", checkout, "--request", "GET /", "--credential", "wit-svid"],
      ...["--proof", "wpt-02", "--binding", "target", "--header", "x-tenant=acme"],
      ...["--on-behalf-of", "alice", "--scope", "orders"],
      ...["--at", "2027-06-01T00:00:00Z"],
    ];
    expect(await run("explain", at("policy.json"), ...all)).toMatchObject({ code: 0 });
    const none = await run("explain", at("policy.json"), ...all.slice(0, 4));
    expect(none.out).toContain(
      "all (allow) fails on credentials, proofs, bindings, headers.x-tenant, onBehalfOf.subjects, onBehalfOf.scopes, times",
    );
  });

  it.each([
    [["--caller", "checkout", "--request", "GET /"], "caller"],
    [["--caller", checkout], "request"],
    [["--caller", checkout, "--request", "GET /", "--condition", "maintenance"], "maintenance"],
    [["--caller", checkout, "--request", "GET /", "--condition", "maintenance=1"], "conditions"],
  ])("refuses the call %j", async (args, problem) => {
    const at = written({ "policy.yaml": policy });
    const { code, err } = await run("explain", at("policy.yaml"), ...args);
    expect([code, err]).toEqual([2, expect.stringContaining(problem)]);
  });
});

describe("firsthand-policy import-istio", () => {
  const manifest = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: orders, namespace: shop }
spec:
  selector: { matchLabels: { app: orders } }
  rules:
    - from: [{ source: { principals: ["cluster.local/ns/shop/sa/checkout"] } }]
      to: [{ operation: { methods: [POST], paths: [/orders] } }]
    - from: [{ source: { ipBlocks: [10.0.0.0/8] } }]
`;

  it("prints a policy file, and on the other stream what is not in it", async () => {
    const at = written({ "orders.yaml": manifest });
    const options = [
      "--namespace",
      "shop",
      "--trust-domain",
      "shop.example",
      "--label",
      "app=orders",
    ];
    const { code, out, err } = await run("import-istio", at("orders.yaml"), ...options);
    expect(code).toBe(0);
    expect(parse(out)).toEqual({
      version: 1,
      rules: [
        {
          name: "shop/orders/0",
          effect: "allow",
          callers: ["spiffe://shop.example/ns/shop/sa/checkout"],
          methods: ["POST"],
          paths: ["/orders"],
        },
      ],
    });
    expect(err.split("\n")).toEqual([
      "left out: shop/orders rules[1] source.ipBlocks: no rule has a condition for it",
      "1 rules, 1 notes",
      "",
    ]);
  });

  it("imports nothing where a manifest does not have its form", async () => {
    const at = written({ "orders.yaml": manifest.replace("rules:", "rule:") });
    const options = ["--namespace", "shop", "--trust-domain", "shop.example"];
    const { code, out } = await run("import-istio", at("orders.yaml"), ...options);
    expect([code, out]).toEqual([2, ""]);
  });
});

describe("firsthand-policy schema", () => {
  it("prints the JSON Schema", async () => {
    const { code, out } = await run("schema");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ $schema: expect.stringContaining("2020-12") });
  });
});
