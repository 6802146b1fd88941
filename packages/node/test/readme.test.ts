import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";

it("the example of the README runs, and is this one", async () => {
  const { proof } = await import("./readme.example.js");
  const claims = JSON.parse(Buffer.from(proof.split(".")[1] ?? "", "base64url").toString());
  expect(claims).toMatchObject({
    sub: "spiffe://shop.example/checkout",
    aud: expect.stringMatching(/\/orders$/),
    htm: "POST",
    htq: createHash("sha256").update("dry=1").digest("base64url"),
    htb: createHash("sha256").update('{"sku":7}').digest("base64url"),
  });
  const example = await readFile(new URL("readme.example.ts", import.meta.url), "utf8");
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\`\n`);
});
