import type { KeyShape, SignatureScheme } from "../runtime/port.js";

/** The nine signature algorithms of SPIFFE (JWT-SVID §2.1), and EdDSA of the WIMSE profile. */
export type JwsAlgorithm = keyof typeof schemes;

const schemes = {
  ES256: { family: "ecdsa", hash: "SHA-256" },
  ES384: { family: "ecdsa", hash: "SHA-384" },
  ES512: { family: "ecdsa", hash: "SHA-512" },
  PS256: { family: "rsa-pss", hash: "SHA-256" },
  PS384: { family: "rsa-pss", hash: "SHA-384" },
  PS512: { family: "rsa-pss", hash: "SHA-512" },
  RS256: { family: "rsa-pkcs1", hash: "SHA-256" },
  RS384: { family: "rsa-pkcs1", hash: "SHA-384" },
  RS512: { family: "rsa-pkcs1", hash: "SHA-512" },
  EdDSA: { family: "ed25519" },
  Ed25519: { family: "ed25519" },
} as const satisfies Record<string, SignatureScheme>;

const curves: Partial<Record<JwsAlgorithm, string>> = {
  ES256: "P-256",
  ES384: "P-384",
  ES512: "P-521",
};

/** What SPIFFE allows, for issuers and for confirmation keys. */
export const spiffeAlgorithms: readonly JwsAlgorithm[] = [
  "ES256",
  "ES384",
  "ES512",
  "PS256",
  "PS384",
  "PS512",
  "RS256",
  "RS384",
  "RS512",
];

/** What the WIMSE profile adds (RFC 8037, RFC 9864). */
export const wimseAlgorithms: readonly JwsAlgorithm[] = [...spiffeAlgorithms, "EdDSA", "Ed25519"];

/**
 * The algorithms of proofs that are accepted where nothing else is said. P-521 is left out because it
 * costs about twelve times as much.
 */
export function defaultProofAlgorithms(profile: "spiffe" | "wimse"): readonly JwsAlgorithm[] {
  const algorithms: readonly JwsAlgorithm[] = ["ES256", "ES384", "PS256", "RS256"];
  return profile === "wimse" ? [...algorithms, "EdDSA", "Ed25519"] : algorithms;
}

/** The signature scheme of an algorithm. */
export function schemeOf(algorithm: JwsAlgorithm): SignatureScheme {
  return schemes[algorithm];
}

/** Whether a key can be used with an algorithm: one curve per ECDSA algorithm (RFC 7518 §3.4). */
export function fitsKey(algorithm: JwsAlgorithm, shape: KeyShape): boolean {
  switch (schemes[algorithm].family) {
    case "ecdsa":
      return shape.kind === "ec" && shape.curve === curves[algorithm];
    case "ed25519":
      return shape.kind === "ed25519";
    default:
      return shape.kind === "rsa";
  }
}

/** The one algorithm an SVID-Proof under this key uses. */
export function proofAlgorithmOf(shape: KeyShape): JwsAlgorithm {
  switch (shape.kind) {
    case "ec":
      return ({ "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" } as const)[shape.curve];
    case "rsa":
      return "PS256";
    case "ed25519":
      return "EdDSA";
  }
}
