import { stringify } from "yaml";
import { importIstio } from "../istio/import-istio.js";
import type { ImportNote } from "../istio/import-note.js";
import { pairsOf, parseArguments, readText } from "./arguments.js";
import { CommandError } from "./command-error.js";
import type { Command } from "./run-cli.js";

const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;

/** Prints the policy file that manifests of Istio come to, and on the other stream what was not carried over. */
export const importIstioCommand: Command = async (args, { out, err }) => {
  const { values, files } = parseArguments(args, {
    namespace: text,
    "trust-domain": texts,
    "root-namespace": text,
    label: texts,
  });
  if (files.length === 0) throw new CommandError("name at least one manifest");
  const { namespace, label, "trust-domain": trustDomains = [] } = values;
  if (namespace === undefined)
    throw new CommandError("--namespace is missing: where the workload runs");
  const { rules, notes } = importIstio(files.map(readText).join("\n---\n"), {
    namespace,
    trustDomains,
    labels: label && pairsOf(label),
    rootNamespace: values["root-namespace"],
  });
  out(stringify({ version: 1, rules }));
  for (const note of notes) err(`${describe(note)}\n`);
  err(`${rules.length} rules, ${notes.length} notes\n`);
  return 0;
};

function describe({ effect, policy, where, why }: ImportNote): string {
  return `${effect}: ${[policy, where].filter(Boolean).join(" ")}: ${why}`.replace(": : ", ": ");
}
