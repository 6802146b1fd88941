import type { IstioPolicy } from "./manifests.js";

/** The workload that the policy is for. */
export interface IstioScope {
  /** Where the workload runs. */
  readonly namespace: string;
  /**
   * The labels of its pods. Without them, what selects by labels counts where it denies and does not
   * where it allows.
   */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The namespace whose policies are for the whole mesh. Default `istio-system`. */
  readonly rootNamespace?: string | undefined;
}

/** Whether a policy is for the workload; undefined where that cannot be told. */
export function selects(
  { metadata, spec }: IstioPolicy,
  { namespace, labels, rootNamespace = "istio-system" }: IstioScope,
): boolean | undefined {
  const { namespace: of = "default" } = metadata;
  if (of !== namespace && of !== rootNamespace) return false;
  if (spec.targetRef !== undefined || spec.targetRefs !== undefined) return undefined;
  const wanted = Object.entries(spec.selector?.matchLabels ?? {});
  if (wanted.length === 0) return true;
  if (labels === undefined) return undefined;
  return wanted.every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value);
}
