import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { validate as deployment } from "kubernetes-models/_schemas/IoK8sApiAppsV1Deployment";
import { validate as namespace } from "kubernetes-models/_schemas/IoK8sApiCoreV1Namespace";
import { validate as service } from "kubernetes-models/_schemas/IoK8sApiCoreV1Service";
import { validate as serviceAccount } from "kubernetes-models/_schemas/IoK8sApiCoreV1ServiceAccount";
import { validate as role } from "kubernetes-models/_schemas/IoK8sApiRbacV1Role";
import { validate as roleBinding } from "kubernetes-models/_schemas/IoK8sApiRbacV1RoleBinding";
import { parseAllDocuments } from "yaml";
import { z } from "zod";

export interface Manifest {
  /** Where it stands, and what it is. */
  readonly name: string;
  readonly resource: unknown;
}

/** Every resource of the YAML files below a folder. Throws for YAML that is not well-formed. */
export function manifestsIn(folder: string): Manifest[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .flatMap((file) =>
      parseManifests(readFileSync(join(folder, file), "utf8")).map((resource) => {
        const { kind, metadata } = header.parse(resource);
        return { name: `${file}: ${kind} ${metadata.name}`, resource };
      }),
    );
}

/** Reads YAML as Kubernetes does: version 1.1, where `0440` is octal. */
export function parseManifests(text: string): unknown[] {
  return parseAllDocuments(text, { version: "1.1" }).map((document) => {
    for (const error of document.errors) throw error;
    return document.toJS();
  });
}

/** What is wrong with a resource, the API server's strict field validation included. */
export function problemsOf(resource: unknown): string[] {
  const { apiVersion, kind } = header.parse(resource);
  const schema = schemas[`${apiVersion} ${kind}`];
  return schema === undefined ? [`no schema for ${apiVersion} ${kind}`] : schema(resource);
}

/** The pods of the deployments: their labels, and the selectors that tell their containers apart. */
export function workloadsIn(manifests: readonly Manifest[]) {
  return manifests.flatMap(({ resource }) => {
    const { success, data } = deployed.safeParse(resource);
    if (!success) return [];
    const { metadata, spec } = data.spec.template;
    const account = [`k8s:ns:${data.metadata.namespace}`, `k8s:sa:${spec.serviceAccountName}`];
    return spec.containers.map(({ name }) => ({
      labels: metadata.labels,
      selectors: [...account, `k8s:container-name:${name}`],
    }));
  });
}

/** The pods that are given an identity, and the selectors that a container of them has to fit. */
export function identitiesIn(manifests: readonly Manifest[]) {
  return manifests.flatMap(({ name, resource }) => {
    const { success, data } = clusterSpiffeId.safeParse(resource);
    if (!success) return [];
    const { podSelector, workloadSelectorTemplates } = data.spec;
    return [{ name, labels: podSelector.matchLabels, selectors: workloadSelectorTemplates }];
  });
}

const header = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
});

const labels = z.record(z.string(), z.string());
const selector = z.strictObject({ matchLabels: labels });

/**
 * The fields of a ClusterSPIFFEID that are used here. The CRD itself is published only with the
 * controller manager of SPIRE.
 */
const clusterSpiffeId = z.strictObject({
  apiVersion: z.literal("spire.spiffe.io/v1alpha1"),
  kind: z.literal("ClusterSPIFFEID"),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject({
    className: z.string(),
    spiffeIDTemplate: z.string().startsWith("spiffe://{{ .TrustDomain }}/"),
    namespaceSelector: selector,
    podSelector: selector,
    workloadSelectorTemplates: z.array(z.string().regex(/^k8s:[a-z-]+:\S+$/)),
    federatesWith: z.array(z.string()).optional(),
    ttl: z.string().regex(/^\d+[hms]$/),
  }),
});

const deployed = z.object({
  kind: z.literal("Deployment"),
  metadata: z.object({ namespace: z.string() }),
  spec: z.object({
    template: z.object({
      metadata: z.object({ labels }),
      spec: z.object({
        serviceAccountName: z.string(),
        containers: z.array(z.object({ name: z.string() })),
      }),
    }),
  }),
});

const schemas: Record<string, (resource: unknown) => string[]> = {
  "v1 Namespace": builtIn(namespace),
  "v1 Service": builtIn(service),
  "v1 ServiceAccount": builtIn(serviceAccount),
  "apps/v1 Deployment": builtIn(deployment),
  "rbac.authorization.k8s.io/v1 Role": builtIn(role),
  "rbac.authorization.k8s.io/v1 RoleBinding": builtIn(roleBinding),
  "spire.spiffe.io/v1alpha1 ClusterSPIFFEID": (resource) =>
    (clusterSpiffeId.safeParse(resource).error?.issues ?? []).map(
      ({ path, message }) => `/${path.join("/")}: ${message}`,
    ),
};

type Validate = ((data: unknown) => boolean) & { readonly errors?: readonly SchemaError[] | null };

interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
}

/**
 * The schemas of Kubernetes, compiled to functions. They let unknown fields pass, and do not look at
 * them: so a field that was not read is one that no schema knows.
 */
function builtIn(validate: Validate): (resource: unknown) => string[] {
  return (resource) => {
    const read = new Set<string>();
    if (validate(recorded(resource, "", read))) return unreadIn(resource, "", read);
    return (validate.errors ?? []).map(
      ({ instancePath, keyword }) => `${instancePath}: ${keyword}`,
    );
  };
}

/** The same value, which notes every path that is read. */
function recorded(value: unknown, path: string, read: Set<string>): unknown {
  if (typeof value !== "object" || value === null) return value;
  return new Proxy(value, {
    get(target, key, receiver) {
      const below = `${path}/${String(key)}`;
      read.add(below);
      return recorded(Reflect.get(target, key, receiver), below, read);
    },
  });
}

function unreadIn(value: unknown, path: string, read: ReadonlySet<string>): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const below = `${path}/${key}`;
    return read.has(below) ? unreadIn(member, below, read) : [`${below}: unknown`];
  });
}
