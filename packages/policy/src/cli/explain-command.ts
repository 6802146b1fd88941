import { parseOptions } from "@firsthand/core";
import * as z from "zod/mini";
import { explainCall } from "../cases/explain-call.js";
import { policyCallShape } from "../cases/policy-call.js";
import { formatExplanation } from "../explain/format-explanation.js";
import { pairsOf, parseArguments } from "./arguments.js";
import { CommandError } from "./command-error.js";
import { loadRules } from "./load-rules.js";
import type { Command } from "./run-cli.js";

const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;
const callSchema = z.strictObject(policyCallShape);

/** Says what a policy file decides of a call, and why. The exit code is 1 when it denies. */
export const explainCommand: Command = async (args, { out }) => {
  const { values, files } = parseArguments(args, {
    caller: text,
    request: text,
    credential: text,
    proof: text,
    binding: text,
    at: text,
    header: texts,
    "on-behalf-of": text,
    scope: texts,
    condition: texts,
  });
  const [file] = files;
  if (file === undefined || files.length > 1) throw new CommandError("name one policy file");
  const { header, condition, scope = [], "on-behalf-of": subject, ...named } = values;
  const call = parseOptions("explain", callSchema, {
    ...named,
    headers: pairsOf(header),
    ...(subject !== undefined && { onBehalfOf: { subject, scope } }),
    conditions: booleansOf(pairsOf(condition)),
  });
  const explanation = await explainCall(loadRules(file), call);
  out(`${formatExplanation(explanation)}\n`);
  return explanation.decision.effect === "allow" ? 0 : 1;
};

function booleansOf(pairs: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  const values: Readonly<Record<string, boolean>> = { true: true, false: false };
  return Object.fromEntries(
    Object.entries(pairs).map(([name, value]) => [name, values[value] ?? value]),
  );
}
