import { createPublicKey, verify } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import { describe, expect, it } from "vitest";
import { fixedKey } from "./fixed-key.js";

describe("fixedKey", () => {
  it.each([
    ["P-256", "sha256"],
    ["P-384", "sha384"],
  ] as const)("signs with %s as node:crypto verifies, the same way twice", (curve, hash) => {
    const key = fixedKey("a test", curve);
    const data = Buffer.from("some data");
    const publicKey = createPublicKey(key.privateKey);
    const compact = key.sign(data, "compact");
    const inDer = key.sign(data, "der");
    expect(verify(hash, data, { key: publicKey, dsaEncoding: "ieee-p1363" }, compact)).toBe(true);
    expect(verify(hash, data, publicKey, inDer)).toBe(true);
    expect(fixedKey("a test", curve).sign(data, "compact")).toEqual(compact);
    expect(fixedKey("another", curve).privateJwk).not.toEqual(key.privateJwk);
  });

  it("signs with the nonce of RFC 6979, as its Appendix A.2.5 shows", () => {
    const secret = Buffer.from(
      "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
      "hex",
    );
    const signature = p256.sign(Buffer.from("sample"), secret, { lowS: false });
    expect(Buffer.from(signature).toString("hex").toUpperCase()).toBe(
      "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716" +
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    );
  });
});
