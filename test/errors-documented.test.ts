import { readFileSync } from "node:fs";
import { refusalCodes } from "@firsthand/core";
import { describe, expect, it } from "vitest";

const text = readFileSync(new URL("../docs/errors.md", import.meta.url), "utf8");
const row = /^\| `([a-z0-9_]+)` \| (\d{3}) \| `([a-z_]+)` \| (.+) \|$/gm;
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
