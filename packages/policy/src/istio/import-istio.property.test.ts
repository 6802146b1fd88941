import { createRuleSet, type PolicyDecision } from "@firsthand/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { callerOfCall, requestOfCall } from "../cases/call-facts.js";
import { importIstio } from "./import-istio.js";
import { type MeshPolicy, type MeshRequest, meshAllows } from "./mesh.test-support.js";

const principals = [
  "cluster.local/ns/shop/sa/web",
  "cluster.local/ns/shop/sa/app",
  "cluster.local/ns/payroll/sa/web",
  "partner.example/ns/shop/sa/web",
];
const paths = [
  "/",
  "/orders",
  "/orders/7",
  "/orders/7/lines",
  "/orders-old",
  "/admin",
  "/a/*/b",
  "/a/x/b",
];
const methods = ["GET", "POST", "HEAD"];

/** Some of the values, or nothing, which is `weight` times as likely. */
const list = (values: readonly string[], weight: number) =>
  fc.oneof(
    { weight, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }),
    },
  );
const some = (values: readonly string[]) => list(values, 4);
const rarely = (values: readonly string[]) => list(values, 30);

const anyPrincipal = [
  ...principals,
  "*",
  "cluster.local/*",
  "cluster.local/ns/shop/*",
  "cluster.local/ns/shop/sa/*",
  "cluster.local/ns/pay*",
  "*/ns/shop/sa/web",
  "*/sa/web",
  "*web",
  "partner.example/*",
  "not a principal",
];
const anyPath = [
  ...paths,
  "*",
  "/*",
  "/orders/*",
  "/orders*",
  "*/lines",
  "*7",
  "/orders/{*}",
  "/orders/{**}",
  "/orders/{*}/lines",
  "/{**}/lines",
  "/a//b",
  "/%6frders",
];
const anyMethod = [...methods, "*", "P*", "*T"];
const anyNamespace = ["shop", "payroll", "*", "pay*", "*roll"];

const defined = <T extends object>(object: T): T => JSON.parse(JSON.stringify(object)) as T;

const wholeSource = fc
  .record({
    principals: some(anyPrincipal),
    notPrincipals: some(anyPrincipal),
    namespaces: some(anyNamespace),
    notNamespaces: some(anyNamespace),
    serviceAccounts: rarely(["shop/web", "web", "payroll/web"]),
    notServiceAccounts: rarely(["shop/web", "web"]),
    ipBlocks: rarely(["10.0.0.1"]),
    notIpBlocks: rarely(["10.0.0.1"]),
    requestPrincipals: rarely(["*", "issuer/user"]),
    notRequestPrincipals: rarely(["*"]),
    fieldOfTheFuture: rarely(["x"]),
  })
  .map(defined);
const wholeOperation = fc
  .record({
    methods: some(anyMethod),
    notMethods: some(anyMethod),
    paths: some(anyPath),
    notPaths: some(anyPath),
    hosts: rarely(["orders.shop"]),
    notHosts: rarely(["orders.shop"]),
    ports: rarely(["8080"]),
    notPorts: rarely(["8080"]),
  })
  .map(defined);
const condition = fc
  .oneof(
    fc.record({
      key: fc.constantFrom("source.principal"),
      values: some(anyPrincipal),
      notValues: some(anyPrincipal),
    }),
    fc.record({
      key: fc.constant("source.namespace"),
      values: some(anyNamespace),
      notValues: some(anyNamespace),
    }),
    fc.record({
      key: fc.constantFrom("request.headers[X-Tenant]", "request.auth.claims[iss]", "source.ip"),
      values: some(["acme", "10.0.0.1", "*", "ac*"]),
      notValues: some(["acme", "*"]),
    }),
  )
  .map(defined);

const ruleOf = (
  source: fc.Arbitrary<object>,
  operation: fc.Arbitrary<object>,
  when: fc.Arbitrary<object[]>,
) =>
  fc
    .record({
      from: fc.option(fc.array(fc.record({ source }), { minLength: 1, maxLength: 2 }), {
        nil: undefined,
      }),
      to: fc.option(fc.array(fc.record({ operation }), { minLength: 1, maxLength: 2 }), {
        nil: undefined,
      }),
      when: fc.oneof(
        { weight: 3, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: when },
      ),
    })
    .map(defined);

const policiesOf = (rule: fc.Arbitrary<object>, actions: readonly string[]) =>
  fc.array(
    fc.record({
      action: fc.constantFrom(...actions),
      namespace: fc.constantFrom("shop", "istio-system", "elsewhere"),
      labels: fc.constantFrom(undefined, undefined, undefined, { app: "orders" }, { app: "other" }),
      dryRun: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      rules: fc.array(rule, { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 4 },
  ) as fc.Arbitrary<MeshPolicy[]>;

const request: fc.Arbitrary<MeshRequest> = fc.record({
  principal: fc.constantFrom(...principals),
  method: fc.constantFrom(...methods),
  path: fc.constantFrom(...paths),
  headers: fc.constantFrom({}, { "x-tenant": "acme" }, { "x-tenant": "other" }),
  ip: fc.constantFrom("10.0.0.1", "10.0.0.2"),
  host: fc.constantFrom("orders.shop", "other.shop"),
  port: fc.constantFrom("8080", "9090"),
  requestPrincipal: fc.constantFrom(undefined, "issuer/user"),
});

function manifestOf(policy: MeshPolicy, index: number): string {
  const { action, namespace, labels, dryRun, rules } = policy;
  const annotations = dryRun ? { annotations: { "istio.io/dry-run": "true" } } : {};
  return stringify({
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    metadata: { name: `p${index}`, namespace, ...annotations },
    spec: { action, ...(labels && { selector: { matchLabels: labels } }), rules },
  });
}

async function importAllows(
  policies: readonly MeshPolicy[],
  asked: MeshRequest,
  labels: Readonly<Record<string, string>> | undefined,
): Promise<boolean> {
  const { rules } = importIstio(policies.map(manifestOf).join("---\n"), {
    trustDomains: ["cluster.local"],
    namespace: "shop",
    labels,
  });
  const { principal, method, path, headers } = asked;
  const call = { caller: `spiffe://${principal}`, request: `${method} ${path}`, headers };
  const { decide } = createRuleSet({ rules });
  const answer = (await decide(callerOfCall(call), requestOfCall(call))) as PolicyDecision;
  return answer.effect === "allow";
}

describe("importIstio", () => {
  it.each([{ app: "orders" }, undefined])(
    "allows nothing that the mesh does not allow, for a workload with the labels %j",
    async (labels) => {
      let allowed = 0;
      const rule = ruleOf(
        wholeSource,
        wholeOperation,
        fc.array(condition, { minLength: 1, maxLength: 2 }),
      );
      const policies = policiesOf(rule, [...Array(6).fill("ALLOW"), "DENY", "AUDIT", "CUSTOM"]);
      await fc.assert(
        fc.asyncProperty(policies, request, async (given, asked) => {
          if (!(await importAllows(given, asked, labels))) return;
          allowed++;
          expect(meshAllows(given, asked, { namespace: "shop", labels: { app: "orders" } })).toBe(
            true,
          );
        }),
        { numRuns: 1500 },
      );
      expect(allowed).toBeGreaterThan(25);
    },
  );

  it("decides as the mesh does where each part has its counterpart", async () => {
    const exactPrincipals = [...principals, "*", "cluster.local/*", "cluster.local/ns/shop/*"];
    const exactPaths = ["/orders", "/orders/7", "/admin", "*", "/*", "/orders/*", "/orders/{*}"];
    const source = fc.record({ principals: some(exactPrincipals) }).map(defined);
    const operation = fc
      .record({ methods: some(["GET", "POST", "*"]), paths: some(exactPaths) })
      .map(defined);
    const rule = ruleOf(source, operation, fc.constant([]));
    const denied = ruleOf(
      source,
      fc.record({ methods: some(["POST"]), paths: some(["/admin", "/orders/7"]) }).map(defined),
      fc.constant([]),
    );
    const policies = fc
      .tuple(policiesOf(rule, ["ALLOW"]), policiesOf(denied, ["DENY", "AUDIT"]))
      .map((parts) => parts.flat());
    await fc.assert(
      fc.asyncProperty(policies, request, async (given, asked) => {
        const scope = { namespace: "shop", labels: { app: "orders" } };
        const mesh = meshAllows(given, asked, scope, { unlessAllowed: "deny" });
        expect(await importAllows(given, asked, scope.labels)).toBe(mesh);
      }),
      { numRuns: 700 },
    );
  });
});
