import { describe, expect, it } from "vitest";
import { runtime } from "#runtime";
import { newKeyPair } from "../key-pair.test-support.js";
import type { KeyShape } from "../runtime/port.js";
import { provesPossession } from "./possession.js";

const ec = { kind: "ec", curve: "P-256" } as const;
const rsa = { kind: "rsa", bits: 2048 } as const;
const p256 = newKeyPair("ec", { namedCurve: "P-256" });
const rsa2048 = newKeyPair("rsa", { modulusLength: 2048 });

type Pair = typeof p256;
const publicKey = ({ publicKey: key }: Pair, shape: KeyShape) =>
  runtime.importSpki(key.export({ format: "der", type: "spki" }), shape);
const privateKey = ({ privateKey: key }: Pair, shape: KeyShape) =>
  runtime.importPkcs8(key.export({ format: "der", type: "pkcs8" }), shape);

describe("provesPossession", () => {
  it("is true for the two halves of a key", async () => {
    const [mine, its] = [await privateKey(p256, ec), await publicKey(p256, ec)];
    expect(await provesPossession("ES256", mine, its)).toBe(true);
    const [rsaMine, rsaIts] = [await privateKey(rsa2048, rsa), await publicKey(rsa2048, rsa)];
    expect(await provesPossession("PS256", rsaMine, rsaIts)).toBe(true);
  });

  it("is false for another key of the same kind", async () => {
    const other = newKeyPair("ec", { namedCurve: "P-256" });
    const [mine, its] = [await privateKey(p256, ec), await publicKey(other, ec)];
    expect(await provesPossession("ES256", mine, its)).toBe(false);
  });

  it("is false for a key of another kind", async () => {
    const ed25519 = newKeyPair("ed25519");
    const mine = await privateKey(ed25519, { kind: "ed25519" });
    expect(await provesPossession("ES256", mine, await publicKey(p256, ec))).toBe(false);
    const rsaIts = await publicKey(rsa2048, rsa);
    expect(await provesPossession("PS256", await privateKey(p256, ec), rsaIts)).toBe(false);
  });
});
