// What Istio decides, told again from its reference and without a word of the importer.

/** A policy of the mesh. */
export interface MeshPolicy {
  readonly action: "ALLOW" | "DENY" | "AUDIT" | "CUSTOM";
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly dryRun: boolean;
  readonly rules: readonly MeshRule[];
}

interface MeshRule {
  readonly from?: readonly { readonly source: Lists }[];
  readonly to?: readonly { readonly operation: Lists }[];
  readonly when?: readonly {
    key: string;
    values?: readonly string[];
    notValues?: readonly string[];
  }[];
}

type Lists = Readonly<Record<string, readonly string[] | undefined>>;

/** A request as a proxy of the mesh sees it. */
export interface MeshRequest {
  /** Without `spiffe://`. */
  readonly principal: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ip: string;
  readonly host: string;
  readonly port: string;
  readonly requestPrincipal: string | undefined;
}

interface Workload {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether the mesh lets a request through to a workload. A CUSTOM policy that matches may deny. */
export function meshAllows(
  policies: readonly MeshPolicy[],
  request: MeshRequest,
  workload: Workload,
  { unlessAllowed = "allow" }: { unlessAllowed?: "allow" | "deny" } = {},
): boolean {
  const active = policies.filter(
    ({ namespace, labels, dryRun }) =>
      !dryRun &&
      (namespace === workload.namespace || namespace === "istio-system") &&
      Object.entries(labels ?? {}).every(([name, value]) => workload.labels[name] === value),
  );
  const matches = (action: MeshPolicy["action"]) =>
    active.some(
      (policy) =>
        policy.action === action &&
        policy.rules.some((rule) => ruleMatches(rule, request, policy.namespace)),
    );
  if (matches("CUSTOM") || matches("DENY")) return false;
  if (!active.some(({ action }) => action === "ALLOW")) return unlessAllowed === "allow";
  return matches("ALLOW");
}

function ruleMatches(
  { from, to, when }: MeshRule,
  request: MeshRequest,
  namespace: string,
): boolean {
  return (
    (from === undefined || from.some(({ source }) => sourceMatches(source, request, namespace))) &&
    (to === undefined || to.some(({ operation }) => operationMatches(operation, request))) &&
    (when ?? []).every(({ key, values, notValues }) => {
      const actual = attribute(key, request);
      const is = (pattern: string) => actual !== undefined && textMatches(pattern, actual);
      return (
        (values === undefined || values.some(is)) &&
        (notValues === undefined || !notValues.some(is))
      );
    })
  );
}

function attribute(key: string, request: MeshRequest): string | undefined {
  switch (key) {
    case "source.principal":
      return request.principal;
    case "source.namespace":
      return namespaceOf(request);
    case "request.headers[X-Tenant]":
      return request.headers["x-tenant"];
    case "source.ip":
      return request.ip;
    case "request.auth.claims[iss]":
      return request.requestPrincipal?.split("/")[0];
    default:
      throw new Error(`what is ${key}?`);
  }
}

function namespaceOf({ principal }: MeshRequest): string {
  return principal.split("/")[2] as string;
}

function accountMatches(pattern: string, request: MeshRequest, policyNamespace: string): boolean {
  const account = `${namespaceOf(request)}/${request.principal.split("/")[4]}`;
  return account === (pattern.includes("/") ? pattern : `${policyNamespace}/${pattern}`);
}

function sourceMatches(source: Lists, request: MeshRequest, namespace: string): boolean {
  const user = request.requestPrincipal;
  return listsMatch(source, {
    principals: (pattern) => textMatches(pattern, request.principal),
    namespaces: (pattern) => textMatches(pattern, namespaceOf(request)),
    serviceAccounts: (pattern) => accountMatches(pattern, request, namespace),
    ipBlocks: (pattern) => pattern === request.ip,
    requestPrincipals: (pattern) => user !== undefined && textMatches(pattern, user),
    fieldOfTheFuture: () => false,
  });
}

function operationMatches(operation: Lists, request: MeshRequest): boolean {
  return listsMatch(operation, {
    methods: (pattern) => textMatches(pattern, request.method),
    paths: (pattern) => pathMatches(pattern, request.path),
    hosts: (pattern) => pattern === request.host,
    ports: (pattern) => pattern === request.port,
  });
}

function listsMatch(
  lists: Lists,
  fields: Readonly<Record<string, (pattern: string) => boolean>>,
): boolean {
  return Object.entries(fields).every(([name, matches]) => {
    const given = lists[name];
    const not = lists[`not${name.charAt(0).toUpperCase()}${name.slice(1)}`];
    return (
      (given === undefined || given.some(matches)) && (not === undefined || !not.some(matches))
    );
  });
}

/** Exact, by prefix, by suffix, or there at all. */
function textMatches(pattern: string, text: string): boolean {
  if (pattern === "*") return text !== "";
  if (pattern.startsWith("*")) return text.endsWith(pattern.slice(1));
  if (pattern.endsWith("*")) return text.startsWith(pattern.slice(0, -1));
  return pattern === text;
}

function pathMatches(pattern: string, path: string): boolean {
  if (!pattern.includes("{")) return textMatches(pattern, path);
  const source = pattern
    .split(/(\{\*\*\}|\{\*\})/)
    .map((part) => {
      if (part === "{**}") return ".*";
      return part === "{*}" ? "[^/]+" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    })
    .join("");
  return new RegExp(`^${source}$`).test(path);
}
