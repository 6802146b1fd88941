import { createHash } from "node:crypto";
import { inspect } from "node:util";
import {
  createTestClock,
  createTrustDomain,
  type IssuedWitSvid,
  tamperJwt,
} from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { expectCredentialError } from "../expect-error.test-support.js";
import { webId } from "../scene.test-support.js";
import { loadWitSvid } from "./wit-credential.js";

const domain = await createTrustDomain("td.example", { clock: createTestClock() });
let issued: IssuedWitSvid;

beforeAll(async () => {
  issued = await domain.issueWitSvid(webId);
});

describe("loadWitSvid", () => {
  it("makes a credential", async () => {
    const credential = await loadWitSvid(issued);
    expect(credential).toMatchObject({
      kind: "wit-svid",
      token: issued.token,
      algorithm: "ES256",
      expiresAt: domain.now() + 3600,
      key: { shape: { kind: "ec", curve: "P-256" } },
      thumbprint: createHash("sha256").update(issued.token).digest("base64url"),
    });
    expect(credential.id.toString()).toBe(webId);
    expect(Object.isFrozen(credential)).toBe(true);
  });

  it("takes what the wimse profile allows", async () => {
    const token = tamperJwt(issued.token, {
      header: { kid: undefined },
      claims: { sub: "wimse://td.example/web" },
    });
    const credential = await loadWitSvid({ ...issued, token });
    expect(credential.id.toString()).toBe("wimse://td.example/web");
  });

  it("shows no key when it is printed", async () => {
    const credential = await loadWitSvid(issued);
    const shown = `${inspect(credential, { depth: 9 })} ${JSON.stringify(credential)}`;
    expect(shown).toContain(webId);
    expect(shown).not.toContain(issued.privateKey.d);
  });

  it.each([
    ["a token that is none", () => "token"],
    ["a token of another type", () => tamperJwt(issued.token, { header: { typ: "JWT" } })],
    ["a token without cnf", () => tamperJwt(issued.token, { claims: { cnf: undefined } })],
    ["a token without sub", () => tamperJwt(issued.token, { claims: { sub: undefined } })],
  ])("refuses %s", async (_, token) => {
    const act = () => loadWitSvid({ ...issued, token: token() });
    const error = await expectCredentialError(act, "credential_invalid");
    expect(error.cause).toBeInstanceOf(Error);
    expect(error.message).not.toContain(issued.token);
  });

  it("refuses the key of another credential", async () => {
    const { privateKey } = await domain.issueWitSvid(webId);
    const act = () => loadWitSvid({ ...issued, privateKey });
    await expectCredentialError(act, "credential_key_mismatch");
  });

  it("refuses a key of another kind", async () => {
    const { privateKey } = await domain.issueWitSvid(webId, { algorithm: "PS256" });
    const act = () => loadWitSvid({ ...issued, privateKey });
    await expectCredentialError(act, "credential_key_mismatch");
  });

  it("refuses a key that is none", async () => {
    const { d: _, ...publicHalf } = issued.privateKey;
    const act = () => loadWitSvid({ ...issued, privateKey: publicHalf });
    const error = await expectCredentialError(act, "credential_key_mismatch");
    expect(error.cause).toBeInstanceOf(Error);
  });
});
