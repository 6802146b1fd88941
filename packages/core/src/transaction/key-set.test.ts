import { describe, expect, it } from "vitest";
import { expectCredentialError } from "../expect-error.test-support.js";
import { newKeyPair } from "../key-pair.test-support.js";
import { parseKeySet } from "./key-set.js";

const pair = newKeyPair("ec", { namedCurve: "P-256" });
const publicJwk = { ...pair.publicKey.export({ format: "jwk" }), kid: "a" };
const document = (...keys: readonly object[]) => JSON.stringify({ keys });

describe("parseKeySet", () => {
  it("takes the keys for signatures, by kid", async () => {
    const source = await parseKeySet(
      document(
        { ...publicJwk, use: "sig", alg: "ES256" },
        { ...publicJwk, kid: "b" },
        { ...publicJwk, kid: "c", use: "enc" },
        { ...publicJwk, kid: "d", use: "jwt-svid" },
        { kid: "e", kty: "unknown" },
      ),
    );
    const authorities = source.authorities();
    expect([...authorities.keys()]).toEqual(["a", "b"]);
    expect(authorities.get("a")).toMatchObject({ keyId: "a", algorithm: "ES256" });
    expect(source.authorities()).toBe(authorities);
    expect(Object.isFrozen(source)).toBe(true);
  });

  it.each<[title: string, text: string, cause: string]>([
    ["what is not JSON", "{", "bundle_invalid"],
    ["a document without keys", "{}", "bundle_invalid"],
    ["a key without kid", document({ ...publicJwk, kid: undefined }), "bundle_invalid"],
    ["a kid twice", document(publicJwk, publicJwk), "bundle_key_duplicate"],
    [
      "a private key",
      document({ ...pair.privateKey.export({ format: "jwk" }), kid: "a" }),
      "bundle_key_private",
    ],
    ["a symmetric key", document({ kty: "oct", k: "AA", kid: "a" }), "bundle_key_private"],
    ["too much", document({ kid: "a".repeat(1024 * 1024) }), "bundle_too_large"],
  ])("refuses %s", async (_, text, code) => {
    const error = await expectCredentialError(() => parseKeySet(text), "key_set_invalid");
    expect(error.cause).toMatchObject({ code });
  });
});
