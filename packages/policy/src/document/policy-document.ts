import { type PolicyRule, policyRuleSchema } from "@firsthand/core";
import * as z from "zod/mini";

/** What a policy file says. */
export interface PolicyDocument {
  /** The version of the format. */
  readonly version: 1;
  readonly rules: readonly PolicyRule[];
}

/** The shape of a policy file. `$schema` lets editors find the published schema. */
export const policyDocumentSchema = z.strictObject({
  $schema: z.optional(z.string()),
  version: z.literal(1, { error: "must be 1, the version of the format" }),
  rules: z.array(policyRuleSchema, { error: "must be a list of rules" }),
});

/**
 * The schema of policy files as JSON Schema, draft 2020-12, for editors and other tools. It says a little
 * less than `parsePolicy` checks: not that names are unique, and not what ties one member to another.
 */
export function policyJsonSchema(): object {
  const schema = z.toJSONSchema(policyDocumentSchema, { io: "input" });
  return { title: "Policy of Firsthand", ...schema };
}
