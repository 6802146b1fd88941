import { generateKeyPairSync } from "node:crypto";

const jwk = { format: "jwk" };
const encodings = { privateKeyEncoding: jwk, publicKeyEncoding: jwk };

/** A new pair of keys as JWK: P-256, or Ed25519. Not exported from objects: in Node 20 that can hang. */
export function newKeys(curve = "P-256") {
  if (curve === "P-256") return generateKeyPairSync("ec", { namedCurve: curve, ...encodings });
  return generateKeyPairSync("ed25519", encodings);
}
