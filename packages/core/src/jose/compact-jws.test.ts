import { sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runtime } from "#runtime";
import { base64url, utf8 } from "../encoding.js";
import { VerificationError } from "../errors.js";
import { expectRefusal, unlessThrown } from "../expect-error.test-support.js";
import { newKeyPair } from "../key-pair.test-support.js";
import type { VerificationCode } from "../refusal-codes.js";
import {
  type JwsProfile,
  type JwsSegments,
  parseClaims,
  parseHeader,
  splitJws,
  verifySignature,
} from "./compact-jws.js";
import { isObject } from "./strict-json.js";

const token = "wpt";
const profile: JwsProfile = { token, maxBytes: 200, types: ["a+jwt"], algorithms: ["ES256"] };
const strict: JwsProfile = { ...profile, headerParameters: ["alg", "typ"] };
const optional: JwsProfile = { ...profile, types: [undefined, "JWT"] };

const encode = (text: string | Uint8Array) =>
  base64url(typeof text === "string" ? utf8(text) : text);
const withHeader = (header: unknown): JwsSegments => ({
  signingInput: "",
  header: encode(JSON.stringify(header)),
  claims: encode("{}"),
  signature: "AA",
});
const withClaims = (claims: string | Uint8Array): JwsSegments => ({
  ...withHeader({}),
  claims: encode(claims),
});

describe("splitJws", () => {
  it("splits a token in three", () => {
    expect(splitJws("aa.bb.cc", profile)).toEqual({
      signingInput: "aa.bb",
      header: "aa",
      claims: "bb",
      signature: "cc",
    });
  });

  it("takes a token up to its limit", () => {
    const text = `a.b.${"c".repeat(196)}`;
    expect(splitJws(text, profile).signature).toHaveLength(196);
  });

  it.each<[title: string, text: string, code: VerificationCode]>([
    ["one character over the limit", `a.b.${"c".repeat(197)}`, "token_too_large"],
    ["two thousand dots", ".".repeat(2000), "token_too_large"],
    ["five segments, which is encrypted", "a.b.c.d.e", "token_serialization"],
    ["nothing", "", "token_malformed"],
    ["one segment", "a", "token_malformed"],
    ["two segments", "a.b", "token_malformed"],
    ["four segments", "a.b.c.d", "token_malformed"],
    ["six segments", "a.b.c.d.e.f", "token_malformed"],
    ["a hundred segments", ".".repeat(99), "token_malformed"],
    ["an empty header", ".b.c", "token_malformed"],
    ["empty claims", "a..c", "token_malformed"],
    ["an empty signature", "a.b.", "token_malformed"],
    ["a dot at the end", "a.b.c.", "token_malformed"],
    ["JSON serialization", '{"payload":"a"}', "token_malformed"],
  ])("refuses %s", async (_, text, code) => {
    await expectRefusal(() => splitJws(text, profile), code, token);
  });
});

describe("parseHeader", () => {
  it("reads algorithm and parameters", () => {
    const header = { alg: "ES256", typ: "a+jwt", kid: "k1" };
    expect(parseHeader(withHeader(header), profile)).toEqual({
      algorithm: "ES256",
      parameters: header,
    });
  });

  it.each(["x", "jwk", "jku", "x5u", "x5c", "cty", "__proto__"])(
    "ignores the parameter %s where the profile does not list them",
    (name) => {
      const header = `{"alg":"ES256","typ":"a+jwt","${name}":"x"}`;
      expect(parseHeader({ ...withHeader({}), header: encode(header) }, profile)).toMatchObject({
        algorithm: "ES256",
      });
    },
  );

  it.each([[undefined], ["JWT"]])("takes typ %s where the profile lists it", (typ) => {
    expect(parseHeader(withHeader({ alg: "ES256", typ }), optional).algorithm).toBe("ES256");
  });

  const good = { alg: "ES256", typ: "a+jwt" };
  it.each<[title: string, header: unknown, code: VerificationCode]>([
    ["no typ", { ...good, typ: undefined }, "token_type_invalid"],
    ["another typ", { ...good, typ: "b+jwt" }, "token_type_invalid"],
    ["typ in capitals", { ...good, typ: "A+JWT" }, "token_type_invalid"],
    ["typ as media type", { ...good, typ: "application/a+jwt" }, "token_type_invalid"],
    ["typ in a list", { ...good, typ: ["a+jwt"] }, "token_type_invalid"],
    ["typ null", { ...good, typ: null }, "token_type_invalid"],
    ["no alg", { ...good, alg: undefined }, "token_malformed"],
    ["alg in a list", { ...good, alg: ["ES256"] }, "token_malformed"],
    ["alg null", { ...good, alg: null }, "token_malformed"],
    ["alg none", { ...good, alg: "none" }, "token_algorithm_forbidden"],
    ["alg nOnE", { ...good, alg: "nOnE" }, "token_algorithm_forbidden"],
    ["a symmetric alg", { ...good, alg: "HS256" }, "token_algorithm_forbidden"],
    [
      "an alg that the profile does not list",
      { ...good, alg: "ES384" },
      "token_algorithm_forbidden",
    ],
    ["alg in lower case", { ...good, alg: "es256" }, "token_algorithm_forbidden"],
    ["alg as a name of Object", { ...good, alg: "toString" }, "token_algorithm_forbidden"],
    ["crit", { ...good, crit: ["x"], x: 1 }, "token_critical_unsupported"],
    ["empty crit", { ...good, crit: [] }, "token_critical_unsupported"],
    ["crit null", { ...good, crit: null }, "token_critical_unsupported"],
    ["b64 with crit", { ...good, crit: ["b64"], b64: false }, "token_critical_unsupported"],
    ["b64 without crit", { ...good, b64: false }, "token_header_forbidden"],
    ["b64 true", { ...good, b64: true }, "token_header_forbidden"],
    ["compression", { ...good, zip: "DEF" }, "token_header_forbidden"],
    ["a list", [good], "token_json_invalid"],
    ["a text", "ES256", "token_json_invalid"],
  ])("refuses %s", async (_, header, code) => {
    await expectRefusal(() => parseHeader(withHeader(header), profile), code, token);
  });

  it.each(["kid", "jwk", "x5c", "zip", "x"])(
    "refuses the parameter %s where the profile lists others",
    async (name) => {
      const header = withHeader({ ...good, [name]: "x" });
      await expectRefusal(() => parseHeader(header, strict), "token_header_forbidden", token);
    },
  );

  it("refuses alg twice", async () => {
    const header = encode('{"alg":"none","typ":"a+jwt","alg":"ES256"}');
    await expectRefusal(
      () => parseHeader({ ...withHeader({}), header }, profile),
      "token_member_duplicate",
      token,
    );
  });
});

describe("parseClaims", () => {
  it("reads an object, unknown claims included", () => {
    expect(parseClaims(withClaims('{"sub":"a","example.org/x":{}}'), profile)).toEqual({
      sub: "a",
      "example.org/x": {},
    });
  });

  it.each<[title: string, claims: string | Uint8Array, code: VerificationCode]>([
    ["a list", "[]", "token_json_invalid"],
    ["a text", '"a"', "token_json_invalid"],
    ["a number", "1", "token_json_invalid"],
    ["null", "null", "token_json_invalid"],
    ["a byte order mark", "\ufeff{}", "token_json_invalid"],
    ["half an object", "{", "token_json_invalid"],
    ["a claim twice", '{"sub":1,"sub":1}', "token_member_duplicate"],
    ["a claim twice after unescaping", '{"sub":1,"\\u0073ub":1}', "token_member_duplicate"],
    ["bytes that are not UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d), "token_utf8_invalid"],
  ])("refuses %s", async (_, claims, code) => {
    const error = await expectRefusal(() => parseClaims(withClaims(claims), profile), code, token);
    expect(error.cause).toBeDefined();
  });

  it.each(["e30=", "e30\n", " e30", "e3 0", "e31", "e+0", "e/0", "e", "{}"])(
    "refuses %j, which is not canonical base64url",
    async (claims) => {
      await expectRefusal(
        () => parseClaims({ ...withHeader({}), claims }, profile),
        "token_encoding_invalid",
        token,
      );
    },
  );
});

describe("hostile tokens", () => {
  const segment = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.json({ maxDepth: 2 }).map(encode),
    fc.constantFrom("", "=", "e30", encode('{"alg":"ES256","typ":"a+jwt"}')),
  );
  const text = fc.oneof(
    fc.array(segment, { maxLength: 6 }).map((segments) => segments.join(".")),
    fc.string({ unit: "binary" }),
  );

  it("get an answer of the right form, or a refusal about the token", () => {
    const attempt = <T>(act: () => T) =>
      unlessThrown(VerificationError, () => {
        try {
          return act();
        } catch (error) {
          expect(error).toMatchObject({ token });
          throw error;
        }
      });
    fc.assert(
      fc.property(text, (input) => {
        const segments = attempt(() => splitJws(input, profile));
        if (segments === undefined) return;
        const header = attempt(() => parseHeader(segments, profile));
        expect([undefined, "ES256"]).toContain(header?.algorithm);
        const claims = attempt(() => parseClaims(segments, profile));
        expect(claims === undefined || isObject(claims)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("verifySignature", () => {
  const { privateKey, publicKey } = newKeyPair("ec", { namedCurve: "P-256" });
  const key = runtime.importPublicJwk(publicKey.export({ format: "jwk" }), {
    kind: "ec",
    curve: "P-256",
  });
  const header = encode('{"alg":"ES256"}');
  const claims = encode("{}");
  const signingInput = `${header}.${claims}`;
  const bytes = sign("sha256", Buffer.from(signingInput), {
    key: privateKey,
    dsaEncoding: "ieee-p1363",
  });
  const verify = async (changes: Partial<JwsSegments>, algorithm: "ES256" | "ES384" = "ES256") =>
    verifySignature(
      { signingInput, header, claims, signature: encode(bytes), ...changes },
      algorithm,
      await key,
      profile,
    );

  it("accepts the signature of the key", async () => {
    await expect(verify({})).resolves.toBeUndefined();
  });

  it.each<[title: string, changes: Partial<JwsSegments>, code: VerificationCode]>([
    ["a padded signature", { signature: `${encode(bytes)}==` }, "token_encoding_invalid"],
    ["other claims", { signingInput: `${header}.${encode("{ }")}` }, "token_signature_invalid"],
    [
      "another header",
      { signingInput: `${encode('{"alg": "ES256"}')}.${claims}` },
      "token_signature_invalid",
    ],
    ["a signature of zeros", { signature: encode(Buffer.alloc(64)) }, "token_signature_invalid"],
    ["half a signature", { signature: encode(bytes.subarray(32)) }, "token_signature_invalid"],
    [
      "a byte more",
      { signature: encode(Buffer.concat([bytes, Buffer.of(0)])) },
      "token_signature_invalid",
    ],
    [
      "DER",
      { signature: encode(sign("sha256", Buffer.from(signingInput), privateKey)) },
      "token_signature_invalid",
    ],
  ])("refuses %s", async (_, changes, code) => {
    await expectRefusal(() => verify(changes), code, token);
  });

  it("refuses an algorithm of another curve before it looks at the signature", async () => {
    await expectRefusal(
      () => verify({ signature: "=" }, "ES384"),
      "token_algorithm_mismatch",
      token,
    );
  });
});
