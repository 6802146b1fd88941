import { createCipheriv, createECDH, createHmac } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../encoding.js";
import { secrets as nodeSecrets } from "./node-secrets.js";
import { secrets as webSecrets } from "./web-secrets.js";

const bytes = (length: number, value = 7) => new Uint8Array(length).fill(value);

describe.each([
  ["node:crypto", nodeSecrets],
  ["WebCrypto", webSecrets],
])("the secrets of the runtime over %s", (_, secrets) => {
  it("agrees with both engines on what two keys share", async () => {
    const ours = await secrets.createAgreement();
    const theirs = createECDH("prime256v1");
    const theirKey = theirs.generateKeys();
    expect([ours.publicKey.length, ours.publicKey[0]]).toEqual([65, 4]);
    const agreed = await ours.agree(theirKey);
    expect(Buffer.from(agreed)).toEqual(theirs.computeSecret(ours.publicKey));
    for (const other of [await nodeSecrets.createAgreement(), await webSecrets.createAgreement()]) {
      expect(Buffer.from(await ours.agree(other.publicKey))).toEqual(
        Buffer.from(await other.agree(ours.publicKey)),
      );
    }
  });

  it("makes another key each time", async () => {
    const keys = [await secrets.createAgreement(), await secrets.createAgreement()];
    expect(keys[0]?.publicKey).not.toEqual(keys[1]?.publicKey);
  });

  it.each([
    ["off the curve", (point: Uint8Array) => point.with(64, (point[64] as number) ^ 1)],
    ["of zeros", () => bytes(65, 0).with(0, 4)],
    ["of the largest coordinates", () => bytes(65, 0xff).with(0, 4)],
    ["at infinity", () => bytes(1, 0)],
  ])("agrees on nothing with a point %s", async (_, change) => {
    const agreement = await secrets.createAgreement();
    const point = change(createECDH("prime256v1").generateKeys());
    await expect((async () => agreement.agree(point))()).rejects.toThrow();
  });

  it("derives as RFC 5869 appendix A.3 does", async () => {
    const derived = await secrets.hkdf(bytes(22, 0x0b), "", new Uint8Array());
    expect(Buffer.from(derived).toString("hex")).toBe(
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
    );
  });

  it.each([
    [
      "1",
      bytes(20, 0x0b),
      "Hi There",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ],
    [
      "2",
      utf8("Jefe"),
      "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
  ])(
    "authenticates as RFC 4231 case %s does, whose key is filled up with zeros",
    async (_, key, text, expected) => {
      const padded = new Uint8Array(32);
      padded.set(key);
      const mac = await secrets.mac(await secrets.importMacKey(padded), text);
      expect(Buffer.from(mac, "base64url").toString("hex")).toBe(expected);
    },
  );

  it("authenticates as HMAC does, whatever the key and the text", async () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.integer({ min: 1300, max: 1400 }).map((length) => "é".repeat(length)),
      fc.constantFrom("€".repeat(1344), "€".repeat(1345), "x".repeat(4032), "x".repeat(9000)),
    );
    const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });
    await fc.assert(
      fc.asyncProperty(keys, texts, async (key, text) => {
        const imported = await secrets.importMacKey(key);
        const expected = createHmac("sha256", key).update(text).digest("base64url");
        expect(await secrets.mac(imported, text)).toBe(expected);
        expect(await secrets.isMac(imported, text, expected)).toBe(true);
      }),
    );
  });

  it("says no to every other MAC", async () => {
    const key = await secrets.importMacKey(bytes(32));
    const mac = await secrets.mac(key, "text");
    const others = [
      "",
      mac.slice(1),
      mac.slice(0, 22),
      `${mac}=`,
      `${mac}A`,
      mac.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
      ...[...mac].map(
        (char, at) => `${mac.slice(0, at)}${char === "x" ? "y" : "x"}${mac.slice(at + 1)}`,
      ),
    ];
    for (const other of others)
      expect([other, await secrets.isMac(key, "text", other)]).toEqual([other, false]);
    expect(await secrets.isMac(key, "text ", mac)).toBe(false);
    expect(await secrets.isMac(await secrets.importMacKey(bytes(32, 8)), "text", mac)).toBe(false);
  });

  it("seals as AES-256-GCM does, and opens only what it sealed", async () => {
    const key = await secrets.importSealKey(bytes(32));
    const plaintext = utf8("a session");
    const sealed = new Uint8Array(await secrets.seal(key, plaintext));
    const cipher = createCipheriv("aes-256-gcm", bytes(32), bytes(12, 0));
    const expected = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    expect(Buffer.from(sealed)).toEqual(expected);
    expect(Buffer.from((await secrets.unseal(key, sealed)) ?? [])).toEqual(Buffer.from(plaintext));
    for (const at of sealed.keys()) {
      expect(
        await secrets.unseal(key, sealed.with(at, (sealed[at] as number) ^ 1)),
      ).toBeUndefined();
    }
    for (const length of [0, 15, 16, sealed.length - 1]) {
      expect(await secrets.unseal(key, sealed.subarray(0, length))).toBeUndefined();
    }
    expect(await secrets.unseal(await secrets.importSealKey(bytes(32, 8)), sealed)).toBeUndefined();
  });

  it("takes keys of 32 bytes only", async () => {
    for (const length of [0, 16, 31, 33, 64]) {
      await expect((async () => secrets.importMacKey(bytes(length)))()).rejects.toThrow(RangeError);
      await expect((async () => secrets.importSealKey(bytes(length)))()).rejects.toThrow(
        RangeError,
      );
    }
  });

  it("shows nothing of a secret", async () => {
    const secret = utf8("0123456789abcdef0123456789abcdef");
    const key = await secrets.importMacKey(secret);
    const shown = `${inspect(key, { depth: 9, showHidden: true })} ${JSON.stringify(key)} ${String(key)}`;
    expect(key.use).toBe("mac");
    expect(shown).not.toContain("0123456789");
    expect(shown).not.toContain(Buffer.from(secret).toString("hex"));
  });
});
