import { readFileSync } from "node:fs";
import { ConfigurationError } from "@firsthand/core";
import { describe, expect, it } from "vitest";
import { parsePolicy } from "./parse-policy.js";
import { maxDocumentBytes } from "./parse-yaml.js";
import { policyJsonSchema } from "./policy-document.js";

const yaml = `
version: 1
rules:
  - name: orders
    effect: allow
    callers: [spiffe://shop.example/checkout]
    methods: [POST]
    paths: [/orders]
`;
const rule = {
  name: "orders",
  effect: "allow",
  callers: ["spiffe://shop.example/checkout"],
  methods: ["POST"],
  paths: ["/orders"],
};

function problemOf(text: string): ConfigurationError {
  try {
    parsePolicy(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return error as ConfigurationError;
  }
  return expect.fail("it was accepted");
}

describe("parsePolicy", () => {
  it("reads YAML", () => {
    expect(parsePolicy(yaml)).toEqual({ version: 1, rules: [rule] });
  });

  it("reads JSON, and lets editors find the schema", () => {
    const $schema = "./policy.schema.json";
    const text = JSON.stringify({ $schema, version: 1, rules: [rule] });
    expect(parsePolicy(text)).toEqual({ version: 1, rules: [rule] });
  });

  it("leaves nothing to change", () => {
    const policy = parsePolicy(yaml);
    expect(Object.isFrozen(policy) && Object.isFrozen(policy.rules)).toBe(true);
  });

  it.each<[title: string, text: string, option: string]>([
    ["no version", yaml.replace("version: 1", ""), "version"],
    ["another version", yaml.replace("version: 1", "version: 2"), "version"],
    ["no rules", "version: 1", "rules"],
    ["a misspelt member", yaml.replace("rules:", "rule:"), "rules"],
    ["a member that is not known", `${yaml}\ndefault: allow`, "default"],
    ["a misspelt condition", yaml.replace("methods:", "method:"), "rules[0].method"],
    ["a wrong effect", yaml.replace("effect: allow", "effect: permit"), "rules[0].effect"],
    ["nothing", "", ""],
    ["a text", "allow", ""],
    ["two documents", `${yaml}\n---\n${yaml}`, ""],
    [
      "a key that occurs twice",
      yaml.replace("    effect: allow", "    effect: deny\n    effect: allow"),
      "",
    ],
    ["a member of JSON that occurs twice", '{"version":1,"rules":[],"rules":[]}', ""],
    ["an alias", "version: 1\nrules: &rules []\nx: *rules", ""],
    ["a tag that is not known", yaml.replace("[POST]", "!methods [POST]"), ""],
    [
      "a header that some readers drop",
      '{"version":1,"rules":[{"name":"a","effect":"allow","callers":"any","headers":{"__proto__":["a"]}}]}',
      "",
    ],
    ["a wrong indentation", yaml.replace("    effect", "   effect"), ""],
    ["too many bytes", `${yaml}# ${"a".repeat(maxDocumentBytes)}`, ""],
  ])("refuses %s as a whole", (_, text, option) => {
    expect(problemOf(text)).toMatchObject({ code: "option_invalid", option });
  });

  it("takes no merge key for a merge", () => {
    expect(problemOf(yaml.replace("    effect: allow", "    <<: {effect: allow}")).option).toMatch(
      /^rules/,
    );
  });
});

describe("the published JSON Schema", () => {
  it("is what `firsthand-policy schema` prints", () => {
    const published = readFileSync(new URL("../../policy.schema.json", import.meta.url), "utf8");
    expect(JSON.parse(published)).toEqual(policyJsonSchema());
  });
});
