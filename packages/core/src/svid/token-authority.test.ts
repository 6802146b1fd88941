import type { KeyObject } from "node:crypto";
import { createTrustDomain, tamperJwt } from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { runtime } from "#runtime";
import { expectRefusal } from "../expect-error.test-support.js";
import type { JwsAlgorithm } from "../jose/algorithms.js";
import { type JwsProfile, parseHeader, splitJws } from "../jose/compact-jws.js";
import { newKeyPair } from "../key-pair.test-support.js";
import { webId } from "../scene.test-support.js";
import type { TokenAuthority } from "../trust/trust-bundle.js";
import { verifyIssuer } from "./token-authority.js";

const token = "jwt-svid";
const profile: JwsProfile = { token, maxBytes: 8192, types: ["JWT"], algorithms: ["ES256"] };
const p256 = () => newKeyPair("ec", { namedCurve: "P-256" }).publicKey;
const p384 = () => newKeyPair("ec", { namedCurve: "P-384" }).publicKey;
let right: KeyObject;
let withKid: string;
let withoutKid: string;

beforeAll(async () => {
  const domain = await createTrustDomain("td.example");
  const [authority] = domain.authorities.jwt;
  if (authority === undefined) expect.fail("no authority");
  right = authority.key;
  const text = await domain.issueJwtSvid(webId, { audience: "a" });
  const change = (kid: unknown) => tamperJwt(text, { header: { kid }, resignWith: right });
  withKid = change("k1");
  withoutKid = change(undefined);
});

async function authority(
  keyId: string,
  key: KeyObject,
  algorithm?: JwsAlgorithm,
): Promise<[string, TokenAuthority]> {
  const { kty, crv, x, y } = key.export({ format: "jwk" }) as Record<string, string>;
  const curve = crv as "P-256" | "P-384";
  const jwk = { kty: kty as string, crv: curve, x: x as string, y: y as string };
  const imported = await runtime.importPublicJwk(jwk, { kind: "ec", curve });
  return [keyId, { keyId, algorithm, key: imported }];
}

async function verify(
  text: string,
  authorities: readonly Promise<[string, TokenAuthority]>[],
  keyId: "required" | "optional" = "optional",
) {
  const segments = splitJws(text, profile);
  const header = parseHeader(segments, profile);
  return verifyIssuer(
    { segments, header, profile },
    new Map(await Promise.all(authorities)),
    keyId,
  );
}

const strangers = (count: number) =>
  Array.from({ length: count }, (_, i) => authority(`stranger ${i}`, p256()));

describe("an issuer that is named by kid", () => {
  it("is taken from the bundle", async () => {
    await verify(withKid, [...strangers(1), authority("k1", right)], "required");
    await verify(withKid, [authority("k1", right, "ES256")]);
  });

  it("is refused when the bundle has another under its name", async () => {
    const other = [authority("k1", p256()), authority("k2", right)];
    await expectRefusal(() => verify(withKid, other), "token_signature_invalid", token);
  });

  it("is refused when the bundle pins it to another algorithm", async () => {
    const pinned = [authority("k1", right, "ES384")];
    await expectRefusal(() => verify(withKid, pinned), "token_algorithm_mismatch", token);
  });

  it("is refused when its key does not fit the algorithm", async () => {
    const other = [authority("k1", p384())];
    await expectRefusal(() => verify(withKid, other), "token_algorithm_mismatch", token);
  });

  it("is refused when the bundle does not have it", async () => {
    const other = [authority("k2", right)];
    await expectRefusal(() => verify(withKid, other), "token_key_unknown", token);
  });

  it("is refused when the bundle has none at all", async () => {
    await expectRefusal(() => verify(withKid, []), "trust_bundle_empty", token);
    await expectRefusal(() => verify(withoutKid, []), "trust_bundle_empty", token);
  });
});

describe("an issuer that is not named", () => {
  it("is found among those that fit", async () => {
    await verify(withoutKid, [authority("k1", right)]);
    await verify(withoutKid, [...strangers(9), authority("k1", right)]);
  });

  it("is found beside any number that do not fit", async () => {
    const misfits = [
      ...Array.from({ length: 6 }, (_, i) => authority(`p384 ${i}`, p384())),
      ...Array.from({ length: 6 }, (_, i) => authority(`pinned ${i}`, p256(), "ES384")),
    ];
    await verify(withoutKid, [...misfits, authority("k1", right)]);
  });

  it("is not looked for among more than ten", async () => {
    const many = [authority("k1", right), ...strangers(10)];
    await expectRefusal(() => verify(withoutKid, many), "token_key_ambiguous", token);
  });

  it("is refused when none of them signed", async () => {
    const error = await expectRefusal(
      () => verify(withoutKid, strangers(2)),
      "token_untrusted",
      token,
    );
    expect(error.cause).toMatchObject({ code: "token_signature_invalid" });
  });

  it("is refused when none fits", async () => {
    const misfits = [authority("k1", right, "ES384")];
    await expectRefusal(() => verify(withoutKid, misfits), "token_untrusted", token);
  });

  it("is refused where the profile wants it named", async () => {
    const one = [authority("k1", right)];
    await expectRefusal(() => verify(withoutKid, one, "required"), "token_key_missing", token);
  });
});
