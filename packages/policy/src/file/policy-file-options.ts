import {
  type Clock,
  callback,
  clockOption,
  type PolicyCondition,
  parseOptions,
  systemClock,
  wholeNumber,
} from "@firsthand/core";
import * as z from "zod/mini";

export interface PolicyFileOptions {
  /** YAML or JSON; see `policy.schema.json`. */
  readonly path: string;
  /** What `conditions` of the rules name. */
  readonly conditions?: Readonly<Record<string, PolicyCondition>> | undefined;
  /** How long a condition may take before it counts as failed. Default 500. */
  readonly conditionTimeoutMilliseconds?: number | undefined;
  /** How often the file is looked at where no change of its directory was seen. Default 10000. */
  readonly pollMilliseconds?: number | undefined;
  /** Told after each change of the state: what to log. What it throws is a warning of the process. */
  readonly onChange?: ((state: PolicyFileState) => void) | undefined;
  readonly clock?: Clock | undefined;
}

/** Which policy decides. */
export interface PolicyFileState {
  /** `stale`: the file is not usable, and the last policy that was decides. */
  readonly status: "current" | "stale";
  /** base64url SHA-256 of the text of the policy that decides. */
  readonly digest: string;
  /** Since when it decides: milliseconds since the epoch. */
  readonly since: number;
  /** Why the file is not usable. */
  readonly problem: Error | undefined;
}

const schema = z.strictObject({
  path: z.string({ error: "must be the path of a file" }).check(z.minLength(1)),
  conditions: z.optional(z.record(z.string(), z.custom<PolicyCondition>())),
  conditionTimeoutMilliseconds: z.optional(wholeNumber(1, 60_000)),
  pollMilliseconds: z.optional(wholeNumber(100, 86_400_000)),
  onChange: z.optional(callback<(state: PolicyFileState) => void>()),
  clock: z.optional(clockOption),
});

export function parsePolicyFileOptions(options: PolicyFileOptions) {
  const {
    pollMilliseconds = 10_000,
    clock = systemClock,
    onChange,
    path,
    ...ruleSet
  } = parseOptions("openPolicyFile", schema, options);
  return { path, pollMilliseconds, clock, onChange, ruleSet: { ...ruleSet, clock } };
}
