import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A text without the indentation of its lines. */
function flat(text: string): string {
  return text.replaceAll(/^ +/gm, "");
}

const examples = ["examples/vm", "examples/kubernetes"]
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(?:conf|service|yaml)$/.test(file))
      .map((file) => flat(readFileSync(join(root, folder, file), "utf8"))),
  )
  .join("\n");

const excerpts = ["docs/spire.md", "docs/kubernetes.md"].flatMap((document) => {
  const text = readFileSync(join(root, document), "utf8");
  return [...text.matchAll(/^```(?:hcl|ini|yaml)\n(.*?)^```$/gms)].map(({ 1: excerpt = "" }) => ({
    excerpt,
    name: `${document}: ${excerpt.split("\n", 1)[0]}`,
  }));
});

describe("what the documentation shows of the examples", () => {
  it.each(excerpts)("is in them: $name", ({ excerpt }) => {
    expect(examples).toContain(flat(excerpt));
  });
});
