import {
  createProver,
  createRuleSet,
  createVerifier,
  type VerificationError,
} from "@firsthand/core";
import { createTestClock, createTrustDomain, type TestIdentity } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { type IstioImportOptions, importIstio } from "./import-istio.js";

const clock = createTestClock();
const mesh = await createTrustDomain("cluster.local", { clock });
const service = await mesh.identity("/ns/shop/sa/orders");
const origin = "https://orders.shop.svc";
const options: IstioImportOptions = {
  trustDomains: ["cluster.local"],
  namespace: "shop",
  labels: { app: "orders" },
};

const identities = new Map<string, Promise<TestIdentity>>();
function identityOf(caller: string): Promise<TestIdentity> {
  const known = identities.get(caller) ?? mesh.identity(`/ns/${caller.replace("/", "/sa/")}`);
  identities.set(caller, known);
  return known;
}

/** What a verifier with the imported policy answers to a proved request of `namespace/account`. */
async function answerTo(manifests: string, caller: string, line: string): Promise<string> {
  const { decide } = createRuleSet({ rules: importIstio(manifests, options).rules });
  const verifier = createVerifier({ identity: service, origin, policy: decide, clock });
  const [method = "", target = ""] = line.split(" ");
  const identity = await identityOf(caller);
  const peers = { [origin]: "spiffe://cluster.local/ns/shop/sa/orders" };
  const prover = createProver({ identity, peers, clock });
  const { headers } = await prover.prove({ method, url: new URL(target, origin), headers: [] });
  return verifier.verify({ method, target, headers }).then(
    () => "allowed",
    (error: VerificationError) => error.code,
  );
}

const policy = (name: string, spec: string, metadata = "") => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: shop${metadata} }
spec: ${spec}
---`;

type Row = readonly [
  title: string,
  manifests: string,
  allowed: readonly (readonly [caller: string, line: string])[],
  refused: readonly (readonly [caller: string, line: string])[],
  notes: readonly string[],
];

const anyone = policy("anyone", "{ rules: [{}] }");

// The shapes of the examples in Istio's documentation: concepts, reference, and tasks.
const documented: readonly Row[] = [
  ["allow nothing", policy("allow-nothing", "{}"), [], [["shop/web", "GET /"]], []],
  [
    "allow all",
    anyone,
    [
      ["shop/web", "GET /"],
      ["any/one", "DELETE /x"],
    ],
    [],
    [],
  ],
  [
    "deny all",
    anyone + policy("deny-all", "{ action: DENY, rules: [{}] }"),
    [],
    [["shop/web", "GET /"]],
    [],
  ],
  [
    "only methods",
    policy(
      "viewer",
      '{ selector: { matchLabels: { app: orders } }, action: ALLOW, rules: [{ to: [{ operation: { methods: ["GET", "HEAD"] } }] }] }',
    ),
    [
      ["any/one", "GET /x"],
      ["any/one", "HEAD /x"],
    ],
    [["any/one", "POST /x"]],
    [],
  ],
  [
    "a service account",
    policy(
      "viewer",
      '{ rules: [{ from: [{ source: { principals: ["cluster.local/ns/shop/sa/web"] } }], to: [{ operation: { methods: ["GET"] } }] }] }',
    ),
    [["shop/web", "GET /details/0"]],
    [
      ["shop/web", "POST /details/0"],
      ["shop/reviews", "GET /details/0"],
      ["other/web", "GET /details/0"],
    ],
    [],
  ],
  [
    "a service account or a namespace, two operations, and a claim of a user's token",
    policy(
      "httpbin",
      '{ rules: [{ from: [{ source: { principals: ["cluster.local/ns/default/sa/curl"] } }, { source: { namespaces: ["test"] } }], to: [{ operation: { methods: ["GET"], paths: ["/info*"] } }, { operation: { methods: ["POST"], paths: ["/data"] } }], when: [{ key: "request.auth.claims[iss]", values: ["https://accounts.example"] }] }] }',
    ),
    [],
    [
      ["default/curl", "GET /info"],
      ["test/any", "POST /data"],
    ],
    [
      "narrower rules[0] operation.paths",
      "left out rules[0] when request.auth.claims[iss] values",
      "narrower rules[0] source.namespaces",
    ],
  ],
  [
    "the same without the claim",
    policy(
      "httpbin",
      '{ rules: [{ from: [{ source: { principals: ["cluster.local/ns/default/sa/curl"] } }, { source: { namespaces: ["test"] } }], to: [{ operation: { methods: ["GET"], paths: ["/info*"] } }, { operation: { methods: ["POST"], paths: ["/data"] } }] }] }',
    ),
    [
      ["default/curl", "GET /info"],
      ["default/curl", "GET /info/x"],
      ["test/any", "POST /data"],
      ["test/any", "GET /info"],
    ],
    [
      ["default/curl", "GET /information"],
      ["default/curl", "POST /info"],
      ["default/other", "GET /info"],
      ["test/any", "POST /data/x"],
    ],
    ["narrower rules[0] operation.paths", "narrower rules[0] source.namespaces"],
  ],
  [
    "a denied namespace",
    anyone +
      policy(
        "deny",
        '{ action: DENY, rules: [{ from: [{ source: { namespaces: ["dev"] } }], to: [{ operation: { methods: ["POST"] } }] }] }',
      ),
    [
      ["dev/any", "GET /x"],
      ["shop/web", "POST /x"],
    ],
    [["dev/any", "POST /x"]],
    [],
  ],
  [
    "everybody outside of a namespace denied",
    anyone +
      policy(
        "deny",
        '{ action: DENY, rules: [{ from: [{ source: { notNamespaces: ["foo"] } }] }] }',
      ),
    [["foo/any", "GET /x"]],
    [["shop/web", "GET /x"]],
    ["denies more rules[0] source.notNamespaces"],
  ],
  [
    "a prefix and a suffix of the path",
    policy("tester", '{ rules: [{ to: [{ operation: { paths: ["/test/*", "*/info"] } }] }] }'),
    [
      ["any/one", "GET /test/x"],
      ["any/one", "GET /test/x/y"],
    ],
    [
      ["any/one", "GET /test"],
      ["any/one", "GET /x/info"],
    ],
    ["narrower rules[0] operation.paths"],
  ],
  [
    "all paths but one, for users with a token",
    policy(
      "jwt",
      '{ rules: [{ from: [{ source: { requestPrincipals: ["*"] } }], to: [{ operation: { notPaths: ["/healthz"] } }] }] }',
    ),
    [],
    [
      ["any/one", "GET /x"],
      ["any/one", "GET /healthz"],
    ],
    ["left out rules[0] source.requestPrincipals"],
  ],
  [
    "all paths but one denied to whoever has no token",
    anyone +
      policy(
        "jwt",
        '{ action: DENY, rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }], to: [{ operation: { notPaths: ["/healthz"] } }] }] }',
      ),
    [["any/one", "GET /healthz"]],
    [["any/one", "GET /x"]],
    ["denies more rules[0] source.notRequestPrincipals"],
  ],
  [
    "all paths but one",
    policy("open", '{ rules: [{ to: [{ operation: { notPaths: ["/admin*"] } }] }] }'),
    [],
    [
      ["any/one", "GET /admin"],
      ["any/one", "GET /ADMIN/"],
      ["any/one", "GET /x"],
    ],
    ["narrower rules[0] operation.notPaths"],
  ],
  [
    "all paths but those below one",
    policy("open", '{ rules: [{ to: [{ operation: { notPaths: ["/admin/*"] } }] }] }'),
    [["any/one", "GET /x"]],
    [
      ["any/one", "GET /admin/x"],
      ["any/one", "GET /ADMIN/x"],
    ],
    [],
  ],
  [
    "a header field",
    policy(
      "version",
      '{ rules: [{ to: [{ operation: { methods: ["GET"] } }], when: [{ key: "request.headers[Version]", values: ["v1", "v2"] }] }] }',
    ),
    [],
    [["any/one", "GET /x"]],
    [
      "narrower rules[0] when request.headers[Version] values",
      "narrower rules[0] when request.headers[Version] values",
    ],
  ],
  [
    "a header field without which a method is denied",
    anyone +
      policy(
        "token",
        '{ action: DENY, rules: [{ to: [{ operation: { methods: ["GET"] } }], when: [{ key: "request.headers[x-token]", notValues: ["admin"] }] }] }',
      ),
    [["any/one", "POST /x"]],
    [
      ["any/one", "GET /x"],
      ["any/one", "HEAD /x"],
    ],
    ["denies more rules[0] when request.headers[x-token] notValues"],
  ],
  [
    "addresses that may call",
    policy(
      "ingress",
      '{ rules: [{ from: [{ source: { ipBlocks: ["10.1.2.3", "10.6.7.0/24"] } }] }] }',
    ),
    [],
    [["any/one", "GET /x"]],
    ["left out rules[0] source.ipBlocks"],
  ],
  [
    "addresses that may not call",
    anyone +
      policy(
        "ingress",
        '{ action: DENY, rules: [{ from: [{ source: { remoteIpBlocks: ["10.1.2.3"] } }] }] }',
      ),
    [],
    [["any/one", "GET /x"]],
    ["denies more rules[0] source.remoteIpBlocks"],
  ],
  [
    "ports",
    policy("tcp", '{ rules: [{ to: [{ operation: { ports: ["9000", "9001"] } }] }] }'),
    [],
    [["any/one", "GET /x"]],
    ["left out rules[0] operation.ports"],
  ],
  [
    "hosts",
    policy(
      "ingress",
      '{ action: DENY, rules: [{ to: [{ operation: { hosts: ["orders.example"], paths: ["/admin"] } }] }] }',
    ) + anyone,
    [["any/one", "GET /x"]],
    [["any/one", "GET /admin"]],
    ["denies more rules[0] operation.hosts"],
  ],
  [
    "a decision of an external provider",
    anyone +
      policy(
        "ext-authz",
        '{ action: CUSTOM, provider: { name: ext }, rules: [{ to: [{ operation: { paths: ["/headers"] } }] }] }',
      ),
    [["any/one", "GET /x"]],
    [["any/one", "GET /headers"]],
    ["denies more action"],
  ],
  [
    "an audit, which decides nothing",
    anyone +
      policy(
        "audit",
        '{ action: AUDIT, rules: [{ to: [{ operation: { methods: ["GET"], paths: ["/user/profile/*"] } }] }] }',
      ),
    [["any/one", "GET /user/profile/x"]],
    [],
    [],
  ],
  [
    "a dry run",
    anyone +
      policy(
        "dry",
        '{ action: DENY, rules: [{ to: [{ operation: { paths: ["/headers"] } }] }] }',
        ', annotations: { istio.io/dry-run: "true" }',
      ),
    [["any/one", "GET /headers"]],
    [],
    [],
  ],
  [
    "path templates",
    policy(
      "templates",
      '{ rules: [{ to: [{ operation: { paths: ["/foo/{*}", "/bar/{*}/baz", "/deep/{**}", "/x/{**}/y"] } }] }] }',
    ),
    [
      ["any/one", "GET /foo/1"],
      ["any/one", "GET /bar/1/baz"],
      ["any/one", "GET /deep/1/2"],
    ],
    [
      ["any/one", "GET /foo/1/2"],
      ["any/one", "GET /bar/1"],
      ["any/one", "GET /x/1/y"],
    ],
    ["narrower rules[0] operation.paths", "narrower rules[0] operation.paths"],
  ],
  [
    "a source by several of its parts, and by conditions",
    policy(
      "parts",
      '{ rules: [{ from: [{ source: { principals: ["cluster.local/ns/shop/*"], namespaces: ["shop"], notPrincipals: ["cluster.local/ns/shop/sa/batch"] } }], when: [{ key: source.principal, notValues: ["*/sa/none*"] }, { key: source.namespace, values: ["shop", "other"] }] }] }',
    ),
    [],
    [["shop/web", "GET /x"]],
    [
      "narrower rules[0] source.namespaces",
      "narrower rules[0] when source.principal notValues",
      "left out rules[0] when source.principal notValues",
    ],
  ],
  [
    "a source by several of its parts",
    policy(
      "parts",
      '{ rules: [{ from: [{ source: { principals: ["cluster.local/ns/shop/*"], notPrincipals: ["cluster.local/ns/shop/sa/batch"] } }], when: [{ key: source.namespace, values: ["shop", "other"] }] }] }',
    ),
    [["shop/web", "GET /x"]],
    [
      ["shop/batch", "GET /x"],
      ["other/web", "GET /x"],
    ],
    [
      "narrower rules[0] when source.namespace values",
      "narrower rules[0] when source.namespace values",
    ],
  ],
  [
    "service accounts",
    policy(
      "accounts",
      '{ rules: [{ from: [{ source: { serviceAccounts: ["web", "test/curl"] } }] }] }',
    ),
    [
      ["shop/web", "GET /x"],
      ["test/curl", "GET /x"],
    ],
    [
      ["test/web", "GET /x"],
      ["shop/curl", "GET /x"],
    ],
    ["narrower rules[0] source.serviceAccounts", "narrower rules[0] source.serviceAccounts"],
  ],
  [
    "another workload",
    policy("other", "{ selector: { matchLabels: { app: other } }, rules: [{}] }"),
    [],
    [["any/one", "GET /x"]],
    ["narrower "],
  ],
];

describe("the documented examples of Istio", () => {
  it.each(documented)("come over: %s", async (_, manifests, allowed, refused, notes) => {
    for (const [caller, line] of allowed) {
      expect(`${caller} ${line} ${await answerTo(manifests, caller, line)}`).toBe(
        `${caller} ${line} allowed`,
      );
    }
    for (const [caller, line] of refused) {
      expect(`${caller} ${line} ${await answerTo(manifests, caller, line)}`).toBe(
        `${caller} ${line} caller_forbidden`,
      );
    }
    const said = importIstio(manifests, options).notes.map(
      ({ effect, where }) => `${effect} ${where}`,
    );
    expect(said).toEqual(notes);
  });

  it("come over with a trust domain that changes its name", async () => {
    const manifests = policy(
      "move",
      '{ rules: [{ from: [{ source: { principals: ["cluster.local/ns/shop/sa/web"] } }] }] }',
    );
    const { rules } = importIstio(manifests, {
      ...options,
      trustDomains: ["new.example", "old.example"],
    });
    expect(rules).toEqual([
      {
        name: "shop/move/0",
        effect: "allow",
        callers: ["spiffe://new.example/ns/shop/sa/web", "spiffe://old.example/ns/shop/sa/web"],
      },
    ]);
  });
});

describe("importIstio", () => {
  it("does not take a star inside of a path for a wildcard", () => {
    const manifests = policy(
      "star",
      '{ rules: [{ to: [{ operation: { paths: ["/a/*/b", "/x*y*"] } }] }] }',
    );
    expect(importIstio(manifests, options).rules).toEqual([]);
  });

  it("keeps what denies and leaves out what allows, where it cannot tell for whom it is", () => {
    const selected = "selector: { matchLabels: { app: orders } }";
    const manifests =
      policy("allow", `{ ${selected}, rules: [{}] }`) +
      policy("deny", `{ ${selected}, action: DENY, rules: [{}] }`) +
      policy("waypoint", "{ targetRefs: [{ kind: Service, name: orders }], rules: [{}] }");
    const { rules, notes } = importIstio(manifests, {
      trustDomains: ["cluster.local"],
      namespace: "shop",
    });
    expect(rules).toEqual([{ name: "shop/deny/0", effect: "deny" }]);
    expect(notes.map(({ effect, policy: of }) => `${effect} ${of}`)).toEqual([
      "left out shop/allow",
      "denies more shop/deny",
      "left out shop/waypoint",
      "narrower ",
    ]);
  });

  it("takes what is for the whole mesh from the root namespace only", () => {
    const rooted = anyone.replace("namespace: shop", "namespace: mesh-root");
    expect(importIstio(rooted, { ...options, rootNamespace: "mesh-root" }).rules).toHaveLength(1);
    expect(importIstio(rooted, options).rules).toHaveLength(0);
    expect(importIstio(anyone.replace(", namespace: shop", ""), options).rules).toHaveLength(0);
  });

  it("takes a list as kubectl prints it", () => {
    const [policies] = parseAllDocuments(anyone);
    const printed = { status: {}, ...policies?.toJS() };
    const list = {
      apiVersion: "v1",
      kind: "List",
      metadata: { resourceVersion: "" },
      items: [printed],
    };
    expect(importIstio(JSON.stringify(list), options)).toEqual(importIstio(anyone, options));
    const broken = { ...list, items: [printed, { ...printed, spec: { rule: [] } }] };
    expect(() => importIstio(JSON.stringify(broken), options)).toThrow("option 0.items.1.spec");
  });

  it("says what else there is", () => {
    const other =
      "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: x }\n---";
    const { notes } = importIstio(other + anyone, options);
    expect(notes).toMatchObject([{ policy: "PeerAuthentication", effect: "left out" }]);
  });

  it.each([
    ["an action that is not known", "{ action: PERMIT, rules: [{}] }"],
    ["a part that is not known", "{ actions: DENY, rules: [{}] }"],
    ["a rule that is none", "{ rules: [all] }"],
    ["a part of a rule that is not known", "{ rules: [{ form: [] }] }"],
    [
      "a part that some readers drop",
      '{ rules: [{ from: [{ source: { "__proto__": ["cluster.local/ns/shop/sa/web"] } }] }] }',
    ],
    ["a source that is none", "{ rules: [{ from: [{}] }] }"],
    ["a source with a text", "{ rules: [{ from: [{ source: { principals: web } }] }] }"],
    ["a port that is a number", "{ rules: [{ to: [{ operation: { ports: [80] } }] }] }"],
    ["a selector that is not known", "{ selector: { app: orders }, rules: [{}] }"],
  ])("imports nothing with %s", (_, spec) => {
    expect(() => importIstio(policy("bad", spec) + anyone, options)).toThrow(
      expect.objectContaining({ code: "option_invalid" }),
    );
  });

  it("imports nothing of what is no YAML, or no resource", () => {
    expect(() => importIstio("{", options)).toThrow("must be YAML or JSON");
    expect(() => importIstio("a: 1", options)).toThrow("importIstio");
  });

  it.each<[change: object, option: string]>([
    [{ trustDomains: [] }, "trustDomains"],
    [{ trustDomains: ["spiffe://shop.example"] }, "trustDomains[0]"],
    [{ namespace: undefined }, "namespace"],
    [{ label: {} }, "label"],
  ])("refuses the options %j", (change, option) => {
    const act = () => importIstio(anyone, { ...options, ...change } as IstioImportOptions);
    expect(act).toThrow(expect.objectContaining({ option }));
  });
});
