import { createHmac, createPublicKey, generateKeyPairSync } from "node:crypto";
import { publicJwk, type SpiffeAlgorithm, toPrivateKey } from "../keys.js";
import { algorithmOf, headerOf, type JwtMutation, splitJwt, tamperJwt } from "./tamper-jwt.js";

/** Header parameters (RFC 7515 §4, RFC 7797, RFC 8725 §3). */
export const jwtHeaderMutations = {
  typMissing: withHeader({ typ: undefined }),
  typOther: withHeader({ typ: "at+jwt" }),
  typOtherCase: (token, key) =>
    tamperJwt(token, { header: { typ: inOtherCase(headerOf(token)["typ"]) }, resignWith: key }),
  typNotString: withHeader({ typ: ["wit+jwt", "wpt+jwt", "svid-proof+jwt", "JWT"] }),

  algMissing: withHeader({ alg: undefined }),
  algNotString: (token, key) =>
    tamperJwt(token, { header: { alg: [algorithmOf(token)] }, resignWith: key }),
  algNone: (token) =>
    tamperJwt(token, { header: { alg: "none" }, signature: () => Buffer.alloc(0) }),
  algNoneMixedCase: (token) =>
    tamperJwt(token, { header: { alg: "nOnE" }, signature: () => Buffer.alloc(0) }),
  /** HMAC under the text of the public key, for verifiers that let the token choose. */
  algHmacOfPublicKey(token, key) {
    const secret = createPublicKey(toPrivateKey(key)).export({ format: "pem", type: "spki" });
    const hmac = tamperJwt(token, { header: { alg: "HS256" } });
    const { header, claims } = splitJwt(hmac);
    const mac = createHmac("sha256", secret).update(`${header}.${claims}`).digest("base64url");
    return `${header}.${claims}.${mac}`;
  },
  /** Another hash of the same family, and really signed with it. */
  algOther(token, key) {
    const algorithm = algorithmOf(token);
    const other = algorithm.endsWith("384") ? "256" : "384";
    const alg = `${algorithm.slice(0, 2)}${other}` as SpiffeAlgorithm;
    return tamperJwt(token, { header: { alg }, algorithm: alg, resignWith: key });
  },

  critUnknown: withHeader({ crit: ["example"], example: true }),
  critEmpty: withHeader({ crit: [] }),
  critB64: withHeader({ crit: ["b64"], b64: false }),
  b64False: withHeader({ b64: false }),
  zip: withHeader({ zip: "DEF" }),

  kidOther: withHeader({ kid: "nobody" }),
  kidPrototype: withHeader({ kid: "__proto__" }),
  kidNotString: withHeader({ kid: 1 }),
  /** The key of a stranger in the header, and signed with it. */
  jwkOfStranger(token) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return tamperJwt(token, {
      header: { alg: "ES256", jwk: publicJwk(privateKey) },
      algorithm: "ES256",
      resignWith: privateKey,
    });
  },
} as const satisfies Record<string, JwtMutation>;

function withHeader(header: Readonly<Record<string, unknown>>): JwtMutation {
  return (token, key) => tamperJwt(token, { header, resignWith: key });
}

function inOtherCase(value: unknown): string {
  const text = String(value);
  const upper = text.toUpperCase();
  return text === upper ? text.toLowerCase() : upper;
}
