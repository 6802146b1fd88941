import { describe, expect, it } from "vitest";
import { base64url } from "../encoding.js";
import { hasPrivateMaterial, type JwkFault, readPublicJwk } from "./public-jwk.js";
import type { JsonObject } from "./strict-json.js";

const text = (length: number, first = 0x80) =>
  base64url(new Uint8Array(length).fill(1).fill(first, 0, 1));
const rsa = (changes: JsonObject = {}) => ({ kty: "RSA", n: text(256), e: "AQAB", ...changes });
const ec = (changes: JsonObject = {}) => ({
  kty: "EC",
  crv: "P-256",
  x: text(32),
  y: text(32, 0),
  ...changes,
});
const okp = (changes: JsonObject = {}) => ({
  kty: "OKP",
  crv: "Ed25519",
  x: text(32),
  ...changes,
});

describe("readPublicJwk", () => {
  it.each([
    ["P-256", 32],
    ["P-384", 48],
    ["P-521", 66],
  ])("reads %s, and only what is the key", (curve, length) => {
    const jwk = ec({ crv: curve, x: text(length), y: text(length), alg: "ES256", kid: "a" });
    expect(readPublicJwk(jwk)).toEqual({
      jwk: { kty: "EC", crv: curve, x: text(length), y: text(length) },
      shape: { kind: "ec", curve },
    });
  });

  it.each([
    [2048, text(256)],
    [3072, text(384)],
    [4096, text(512)],
    [4090, text(512, 0x03)],
  ])("reads RSA of %d bits, and only what is the key", (bits, n) => {
    expect(readPublicJwk(rsa({ n, use: "sig" }))).toEqual({
      jwk: { kty: "RSA", n, e: "AQAB" },
      shape: { kind: "rsa", bits },
    });
  });

  it.each([["Aw"], ["AQAB"], ["_____w"]])("reads the RSA exponent %s", (e) => {
    expect(readPublicJwk(rsa({ e }))).toMatchObject({ shape: { kind: "rsa" } });
  });

  it("reads Ed25519, and only what is the key", () => {
    expect(readPublicJwk(okp({ alg: "EdDSA" }))).toEqual({
      jwk: { kty: "OKP", crv: "Ed25519", x: text(32) },
      shape: { kind: "ed25519" },
    });
  });

  it.each<[title: string, jwk: JsonObject, fault: JwkFault]>([
    ["no kty", {}, "unsupported"],
    ["an unknown kty", { kty: "AKP" }, "unsupported"],
    ["a kty that is no text", { kty: ["EC"] }, "unsupported"],
    ["an unknown curve", ec({ crv: "secp256k1" }), "unsupported"],
    ["the curve of another kty", ec({ crv: "Ed25519" }), "unsupported"],
    ["no curve", { kty: "EC" }, "unsupported"],
    ["a curve for encryption", okp({ crv: "X25519" }), "unsupported"],

    ["a coordinate too short", ec({ x: text(31) }), "invalid"],
    ["a coordinate too long", ec({ y: text(33) }), "invalid"],
    ["the coordinates of another curve", ec({ crv: "P-384" }), "invalid"],
    ["no coordinate", ec({ y: undefined }), "invalid"],
    ["a coordinate that is no text", ec({ x: [1] }), "invalid"],
    ["a coordinate with padding", ec({ x: `${text(32)}=` }), "invalid"],
    ["an Ed25519 key too short", okp({ x: text(31) }), "invalid"],
    ["no Ed25519 key", okp({ x: undefined }), "invalid"],
    ["no modulus", rsa({ n: undefined }), "invalid"],
    ["an empty modulus", rsa({ n: "" }), "invalid"],
    ["a modulus with a leading zero", rsa({ n: text(257, 0) }), "invalid"],
    ["no exponent", rsa({ e: undefined }), "invalid"],
    ["an exponent with a leading zero", rsa({ e: "AAEAAQ" }), "invalid"],

    ["RSA of 1024 bits", rsa({ n: text(128) }), "weak"],
    ["RSA of 2047 bits", rsa({ n: text(256, 0x7f) }), "weak"],
    ["RSA of 4097 bits", rsa({ n: text(513, 0x01) }), "weak"],
    ["RSA of 16384 bits", rsa({ n: text(2048) }), "weak"],
    ["an exponent of 1", rsa({ e: "AQ" }), "weak"],
    ["an exponent of 2", rsa({ e: "Ag" }), "weak"],
    ["an even exponent", rsa({ e: "AQAA" }), "weak"],
    ["an exponent of five bytes", rsa({ e: "AQAAAAE" }), "weak"],
    ["an exponent as long as the modulus", rsa({ e: text(256) }), "weak"],

    ["a symmetric key", { kty: "oct" }, "private"],
  ])("refuses %s", (_, jwk, fault) => {
    expect(readPublicJwk(jwk)).toBe(fault);
  });

  it.each(["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])(
    "refuses the private member %s, whatever its value",
    (member) => {
      expect(readPublicJwk(ec({ [member]: undefined }))).toBe("private");
      expect(readPublicJwk({ kty: "unknown", [member]: "" })).toBe("private");
      expect(hasPrivateMaterial(rsa({ [member]: "x" }))).toBe(true);
    },
  );
});
