import { readFileSync } from "node:fs";
import { refusalCodes } from "@firsthand/core";
import { describe, expect, it } from "vitest";

const text = readFileSync(new URL("../docs/errors.md", import.meta.url), "utf8");
const row = /^\| `([a-z0-9_]+)` \| (\d{3}) \| `([a-z_]+)` \| (.+) \|$/gm;
const errorsSource = readFileSync(
  new URL("../packages/core/src/errors.ts", import.meta.url),
  "utf8",
);
const documented = [...text.matchAll(row)].map(([, code, status, publicCode, message]) => [
  code,
  { status: Number(status), publicCode, message },
]);

describe("docs/errors.md", () => {
  it("has exactly one row for each refusal, as the table in the code has it", () => {
    expect(Object.fromEntries(documented)).toEqual(refusalCodes);
    expect(documented).toHaveLength(Object.keys(refusalCodes).length);
  });
});

describe.each(["CredentialError", "ProofError"])("the codes of %s in docs/errors.md", (name) => {
  it("are the ones that the code has", () => {
    const table = new RegExp(
      `const ${name.replace("Error", "").toLowerCase()}Messages = \\{(.*?)\\n\\} as`,
      "s",
    );
    const known = [...(table.exec(errorsSource)?.[1] ?? "").matchAll(/^ {2}([a-z_]+):/gm)];
    const section = text.split(/^## /m).find((part) => part.startsWith(`\`${name}\``)) ?? "";
    const rows = [...section.matchAll(/^\| `([a-z_]+)` \|/gm)];
    const codes = (matches: readonly RegExpExecArray[]) => matches.map(([, code]) => code).sort();
    expect(known.length).toBeGreaterThan(0);
    expect(codes(rows)).toEqual(codes(known));
  });
});
