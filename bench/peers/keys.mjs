import { generateKeyPairSync } from "node:crypto";

/** A new pair of keys as JWK: P-256, or Ed25519. */
export function newKeys(curve = "P-256") {
  const { privateKey, publicKey } =
    curve === "P-256"
      ? generateKeyPairSync("ec", { namedCurve: curve })
      : generateKeyPairSync("ed25519");
  return {
    privateKey: privateKey.export({ format: "jwk" }),
    publicKey: publicKey.export({ format: "jwk" }),
  };
}
