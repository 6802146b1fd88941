import { invalidOption, type PolicyRule, parseOptions, parseTrustDomain } from "@firsthand/core";
import * as z from "zod/mini";
import { parsePolicy } from "../document/parse-policy.js";
import { callerConverters } from "./convert-caller.js";
import { convertPolicy } from "./convert-policy.js";
import type { ImportNote } from "./import-note.js";
import { type IstioScope, selects } from "./istio-scope.js";
import { type IstioPolicy, parseManifests } from "./manifests.js";

export interface IstioImportOptions extends IstioScope {
  /** The trust domain of the mesh, and its aliases: what `cluster.local` in a policy stands for. */
  readonly trustDomains: readonly string[];
}

/** A policy made of manifests. */
export interface IstioImport {
  readonly rules: readonly PolicyRule[];
  /** What could not be carried over as it is; empty when the policy decides as the mesh did. */
  readonly notes: readonly ImportNote[];
}

const schema = z.strictObject({
  trustDomains: z
    .array(z.string())
    .check(z.minLength(1, { error: "must name the trust domain of the mesh" })),
  namespace: z.string({ error: "must be the namespace of the workload" }),
  labels: z.optional(z.record(z.string(), z.string())),
  rootNamespace: z.optional(z.string()),
});

/**
 * Makes a policy for one workload of Istio's AuthorizationPolicies (security.istio.io), given as YAML. What
 * it allows, the mesh allows: a rule that allows and cannot be carried over is left out or narrower, and one
 * that denies denies more. Each such place is in the notes.
 *
 * @throws {ConfigurationError} for manifests without their form, and for wrong options
 */
export function importIstio(manifests: string, options: IstioImportOptions): IstioImport {
  const { trustDomains, ...scope } = parseOptions("importIstio", schema, options);
  for (const [index, name] of trustDomains.entries()) checkTrustDomain(name, index);
  const { policies, others } = parseManifests(manifests);
  const notes: ImportNote[] = others.map(({ kind }) => ({
    policy: kind,
    where: "",
    effect: "left out",
    why: "it is no AuthorizationPolicy",
  }));
  const context = { trustDomains, converters: callerConverters(trustDomains), notes };
  const selected = policies.filter((policy) => isSelected(policy, scope, notes));
  const rules = selected.flatMap((policy) => convertPolicy(policy, context));
  if (!selected.some(({ spec }) => (spec.action ?? "ALLOW") === "ALLOW")) {
    notes.push({
      policy: "",
      where: "",
      effect: "narrower",
      why: "no policy allows anything to this workload; the mesh then lets everybody in, and nobody gets in here",
    });
  }
  parsePolicy(JSON.stringify({ version: 1, rules })); // what is handed over is valid as a file
  return { rules, notes: withoutRepetitions(notes) };
}

/** A list that several combinations share is noted once. */
function withoutRepetitions(notes: readonly ImportNote[]): readonly ImportNote[] {
  return [...new Map(notes.map((note) => [JSON.stringify(note), note])).values()];
}

function isSelected(policy: IstioPolicy, scope: IstioScope, notes: ImportNote[]): boolean {
  const selected = selects(policy, scope);
  if (selected !== undefined) return selected;
  const { metadata, spec } = policy;
  const denies = spec.action === "DENY" || spec.action === "CUSTOM";
  notes.push({
    policy: `${metadata.namespace ?? "default"}/${metadata.name}`,
    where: "selector",
    effect: denies ? "denies more" : "left out",
    why: "whether it is for this workload cannot be told",
  });
  return denies;
}

function checkTrustDomain(name: string, index: number): void {
  try {
    parseTrustDomain(name);
  } catch (cause) {
    const problem = "must be a trust domain name";
    throw invalidOption("importIstio", `trustDomains[${index}]`, problem, cause);
  }
}
