import { invalidOption } from "@firsthand/core";
import * as z from "zod/mini";
import { parseYamlDocuments } from "../document/parse-yaml.js";

/** Lists of texts by field, as sources and operations have them. Fields that are not known are kept. */
export type IstioFields = Readonly<Record<string, readonly string[]>>;

export interface IstioCondition {
  readonly key: string;
  readonly values?: readonly string[] | undefined;
  readonly notValues?: readonly string[] | undefined;
}

/** A rule of an AuthorizationPolicy (security.istio.io). */
export interface IstioRule {
  readonly from?: readonly { readonly source: IstioFields }[] | undefined;
  readonly to?: readonly { readonly operation: IstioFields }[] | undefined;
  readonly when?: readonly IstioCondition[] | undefined;
}

/** What counts of an AuthorizationPolicy. */
export interface IstioPolicy {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
  };
  readonly spec: {
    readonly action?: "ALLOW" | "DENY" | "AUDIT" | "CUSTOM" | undefined;
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> | undefined };
    readonly targetRef?: unknown;
    readonly targetRefs?: unknown;
    readonly rules?: readonly IstioRule[] | undefined;
  };
}

/** A resource that is no AuthorizationPolicy. */
export interface OtherResource {
  readonly kind: string;
}

const texts = z.array(z.string());
const fields = z.record(z.string(), texts);
const rule = z.strictObject({
  from: z.optional(z.array(z.strictObject({ source: fields }))),
  to: z.optional(z.array(z.strictObject({ operation: fields }))),
  when: z.optional(
    z.array(
      z.strictObject({
        key: z.string(),
        values: z.optional(texts),
        notValues: z.optional(texts),
      }),
    ),
  ),
});
const policy = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.optional(z.string()),
    annotations: z.optional(z.record(z.string(), z.string())),
  }),
  spec: z._default(
    z.strictObject({
      action: z.optional(z.enum(["ALLOW", "DENY", "AUDIT", "CUSTOM"])),
      selector: z.optional(
        z.strictObject({ matchLabels: z.optional(z.record(z.string(), z.string())) }),
      ),
      targetRef: z.optional(z.unknown()),
      targetRefs: z.optional(z.unknown()),
      provider: z.optional(z.unknown()),
      rules: z.optional(z.array(rule)),
    }),
    {},
  ),
});
const resource = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  items: z.optional(z.array(z.unknown())),
});

/**
 * The AuthorizationPolicies in manifests and in lists of them, and what else is there.
 *
 * @throws {ConfigurationError} when one of them does not have its form: then nothing is imported
 */
export function parseManifests(text: string): {
  readonly policies: readonly IstioPolicy[];
  readonly others: readonly OtherResource[];
} {
  const policies: IstioPolicy[] = [];
  const others: OtherResource[] = [];

  function take(document: unknown, where: string): void {
    const { apiVersion, kind, items } = parsed(resource, document, where);
    const isPolicy = apiVersion.startsWith("security.istio.io/") && kind === "AuthorizationPolicy";
    if (isPolicy) policies.push(parsed(policy, document, where) as IstioPolicy);
    else if (kind.endsWith("List") && items !== undefined) {
      for (const [index, item] of items.entries()) take(item, `${where}.items.${index}`);
    } else others.push({ kind });
  }

  for (const [index, document] of parseYamlDocuments("importIstio", text).entries()) {
    if (document !== null) take(document, `${index}`);
  }
  return { policies, others };
}

function parsed<T>(schema: z.ZodMiniType<T>, document: unknown, at: string): T {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = [at, ...(issue?.path ?? [])].map(String).join(".");
  const problem = `is not the form of an AuthorizationPolicy: ${issue?.message}`;
  throw invalidOption("importIstio", where, problem, result.error);
}
