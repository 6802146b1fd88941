import { parseOptions } from "@firsthand/core";
import { parseYaml } from "./parse-yaml.js";
import { type PolicyDocument, policyDocumentSchema } from "./policy-document.js";

/**
 * Reads a policy file, YAML or JSON.
 *
 * @throws {ConfigurationError} naming the rule and what is wrong with it
 */
export function parsePolicy(text: string): PolicyDocument {
  const { version, rules } = parseOptions(
    "parsePolicy",
    policyDocumentSchema,
    parseYaml("parsePolicy", text),
  );
  return Object.freeze({ version, rules: Object.freeze(rules) });
}
