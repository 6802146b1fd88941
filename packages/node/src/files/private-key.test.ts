import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readPemBlocks } from "./pem-blocks.js";
import { privateKeyOf } from "./private-key.js";

const path = "/certs/svid_key.pem";
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pkcs8 = ec.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const sec1 = ec.privateKey.export({ type: "sec1", format: "pem" }).toString();
const spki = ec.publicKey.export({ type: "spki", format: "pem" }).toString();
const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
const read = (text: string) => privateKeyOf(path, readPemBlocks(path, Buffer.from(text)));

describe("privateKeyOf", () => {
  it.each([
    ["PKCS#8", ec, pkcs8],
    ["SEC 1", ec, sec1],
    ["SEC 1 after its parameters, as OpenSSL writes it", ec, parameters + sec1],
    ["PKCS#1", rsa, rsa.privateKey.export({ type: "pkcs1", format: "pem" }).toString()],
    ["PKCS#8 with RSA", rsa, rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString()],
  ])("reads %s", (_, { privateKey }, text) => {
    const key = createPrivateKey({ key: Buffer.from(read(text)), format: "der", type: "pkcs8" });
    expect(key.equals(privateKey)).toBe(true);
  });

  it.each([
    ["no key", parameters, "holds no PRIVATE KEY block"],
    ["only a public key", spki, "holds no PRIVATE KEY block"],
    ["two keys", pkcs8 + sec1, "holds more than one private key"],
    ["a public key that is called private", spki.replaceAll("PUBLIC", "PRIVATE"), "cannot be read"],
    ["SEC 1 that is called PKCS#8", sec1.replaceAll("EC PRIVATE", "PRIVATE"), "cannot be read"],
    ["something else", parameters.replaceAll("EC PARAMETERS", "PRIVATE KEY"), "cannot be read"],
  ])("refuses %s", (_, text, problem) => {
    const act = () => read(text);
    expect(act).toThrow(expect.objectContaining({ code: "file_invalid" }));
    expect(act).toThrow(path);
    expect(act).toThrow(problem);
  });

  it.each([
    ["of PKCS#8", ec.privateKey, "pkcs8"],
    ["of OpenSSL", ec.privateKey, "sec1"],
  ] as const)("refuses a key that is encrypted in the way %s", (_, key, type) => {
    const text = key.export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "x" });
    expect(() => read(text.toString())).toThrow(`${path}: holds a private key that is encrypted`);
  });
});
