import { describe, expect, it } from "vitest";
import type { KeyShape } from "../runtime/port.js";
import {
  fitsKey,
  proofAlgorithmOf,
  schemeOf,
  spiffeAlgorithms,
  wimseAlgorithms,
} from "./algorithms.js";

const shapes: Record<string, KeyShape> = {
  "P-256": { kind: "ec", curve: "P-256" },
  "P-384": { kind: "ec", curve: "P-384" },
  "P-521": { kind: "ec", curve: "P-521" },
  RSA: { kind: "rsa", bits: 2048 },
  Ed25519: { kind: "ed25519" },
};

describe("algorithms", () => {
  it("are the nine of SPIFFE, and two names of one more for WIMSE", () => {
    expect(spiffeAlgorithms).toHaveLength(9);
    expect(wimseAlgorithms.slice(0, 9)).toEqual(spiffeAlgorithms);
    expect(wimseAlgorithms.slice(9)).toEqual(["EdDSA", "Ed25519"]);
  });

  it("fit one kind of key each, and one curve", () => {
    const fitting = wimseAlgorithms.map((algorithm) => [
      algorithm,
      Object.keys(shapes).filter((name) => fitsKey(algorithm, shapes[name] as KeyShape)),
    ]);
    expect(Object.fromEntries(fitting)).toEqual({
      ES256: ["P-256"],
      ES384: ["P-384"],
      ES512: ["P-521"],
      PS256: ["RSA"],
      PS384: ["RSA"],
      PS512: ["RSA"],
      RS256: ["RSA"],
      RS384: ["RSA"],
      RS512: ["RSA"],
      EdDSA: ["Ed25519"],
      Ed25519: ["Ed25519"],
    });
  });

  it("have the schemes of RFC 7518 §3.1", () => {
    expect(schemeOf("ES384")).toEqual({ family: "ecdsa", hash: "SHA-384" });
    expect(schemeOf("PS256")).toEqual({ family: "rsa-pss", hash: "SHA-256" });
    expect(schemeOf("RS512")).toEqual({ family: "rsa-pkcs1", hash: "SHA-512" });
    expect(schemeOf("EdDSA")).toEqual({ family: "ed25519" });
  });

  it.each([
    ["P-256", "ES256"],
    ["P-384", "ES384"],
    ["P-521", "ES512"],
    ["RSA", "PS256"],
    ["Ed25519", "EdDSA"],
  ])("%s proves with %s", (name, algorithm) => {
    const shape = shapes[name] as KeyShape;
    expect(proofAlgorithmOf(shape)).toBe(algorithm);
    expect(fitsKey(proofAlgorithmOf(shape), shape)).toBe(true);
  });
});
