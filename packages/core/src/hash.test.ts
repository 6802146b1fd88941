import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { emptyHash, hashBytes, hashText } from "./hash.js";

describe("hashes", () => {
  it("are SHA-256 in base64url", async () => {
    expect(await hashText("abc")).toBe("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  });

  it("are of the UTF-8 bytes of a text", async () => {
    const expected = createHash("sha256").update("grüß €", "utf8").digest("base64url");
    expect(await hashText("grüß €")).toBe(expected);
    expect(await hashBytes(Buffer.from("grüß €"))).toBe(expected);
  });

  it("of nothing is the constant", async () => {
    expect(await hashBytes(new Uint8Array())).toBe(emptyHash);
  });
});
