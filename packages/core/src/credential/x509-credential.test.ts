import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import type { CredentialErrorCode } from "../errors.js";
import type { VerificationCode } from "../refusal-codes.js";
import {
  bytes,
  ca,
  ecKey,
  hour,
  type KeyPair,
  keyUsage,
  leaf,
  now,
  refusal,
  replaced,
  rsaKey,
  type Spec,
  tlv,
  webId,
} from "../x509/certificate-fixtures.test-support.js";
import { loadX509Svid } from "./x509-credential.js";

const root = ca("root");
const key = ecKey();
const pkcs8 = ({ privateKey }: KeyPair) =>
  new Uint8Array(privateKey.export({ type: "pkcs8", format: "der" }));
const failure = (code: CredentialErrorCode) =>
  expect.objectContaining({ name: "CredentialError", code });
const load = (spec: Spec, privateKey: Uint8Array = pkcs8(spec.key ?? key)) =>
  loadX509Svid({ chain: [leaf(root, { key, ...spec }).der], privateKey });

describe("loadX509Svid", () => {
  it("makes a credential of a chain and its key", async () => {
    const issuer = ca("middle", { issuer: root });
    const { der } = leaf(issuer, { key });
    const credential = await loadX509Svid({ chain: [der, issuer.der], privateKey: pkcs8(key) });
    expect(credential).toMatchObject({
      kind: "x509-svid",
      algorithm: "ES256",
      notBefore: now - hour,
      expiresAt: now + hour,
      thumbprint: createHash("sha256").update(der).digest("base64url"),
    });
    expect(credential.id.toString()).toBe(webId);
    expect(credential.chain).toEqual([der, issuer.der]);
    expect(Object.isFrozen(credential)).toBe(true);
    expect(Object.isFrozen(credential.chain)).toBe(true);
  });

  it.each<[string, KeyPair]>([
    ["ES384", ecKey("P-384")],
    ["ES512", ecKey("P-521")],
    ["PS256", rsaKey()],
  ])("uses %s where the key asks for it", async (algorithm, key) => {
    expect(await load({ key })).toMatchObject({ algorithm });
  });

  it("shows no key when it is printed or serialised", async () => {
    const credential = await load({});
    const secret = key.privateKey.export({ format: "jwk" }).d as string;
    const shown = inspect(credential, { depth: 9, showHidden: true }) + JSON.stringify(credential);
    expect(shown).not.toContain(secret);
    expect(shown).not.toContain(Buffer.from(secret, "base64url").toString("hex"));
  });

  it("keeps its own copy of the certificates", async () => {
    const { der } = leaf(root, { key });
    const given = der.slice();
    const { chain } = await loadX509Svid({ chain: [given], privateKey: pkcs8(key) });
    given.fill(0);
    expect(chain).toEqual([der]);
  });

  it("takes an expired leaf: validity counts when the credential is used", async () => {
    expect(await load({ notAfter: now - 1 })).toMatchObject({ expiresAt: now - 1 });
  });

  const off = tlv(
    0x30,
    bytes("301306072a8648ce3d020106082a8648ce3d030107"),
    bytes(`034200 04${"01".repeat(64)}`),
  );
  const own = new Uint8Array(key.publicKey.export({ type: "spki", format: "der" }));

  it.each<[string, VerificationCode, Spec]>([
    ["without identity", "certificate_uri_missing", { extensions: { names: undefined } }],
    [
      "that may sign certificates",
      "certificate_key_usage_invalid",
      {
        extensions: { keyUsage: keyUsage(33) },
      },
    ],
    ["with a key off its curve", "certificate_malformed", { changeBytes: replaced(own, off) }],
  ])("refuses a leaf %s, with the cause", async (_, code, spec) => {
    const refused = load(spec);
    await expect(refused).rejects.toEqual(failure("credential_invalid"));
    await expect(refused).rejects.toMatchObject({ cause: refusal(code) });
  });

  it.each<[string, VerificationCode, readonly Uint8Array[]]>([
    ["without certificate", "certificate_chain_empty", []],
    [
      "of five certificates",
      "certificate_chain_too_long",
      Array.from({ length: 5 }, () => root.der),
    ],
    ["of too many bytes", "certificate_too_large", [new Uint8Array(8193)]],
    ["with a malformed issuer", "certificate_malformed", [leaf(root, { key }).der, bytes("3000")]],
  ])("refuses a chain %s, with the cause", async (_, code, chain) => {
    const refused = loadX509Svid({ chain, privateKey: pkcs8(key) });
    await expect(refused).rejects.toEqual(failure("credential_invalid"));
    await expect(refused).rejects.toMatchObject({ cause: refusal(code) });
  });

  it.each<[string, Uint8Array]>([
    ["another key of its kind", pkcs8(ecKey())],
    ["a key of another curve", pkcs8(ecKey("P-384"))],
    ["a key of another kind", pkcs8(rsaKey())],
    ["no key", new Uint8Array()],
    ["its public key", own],
  ])("refuses a leaf with %s", async (_, privateKey) => {
    await expect(load({}, privateKey)).rejects.toEqual(failure("credential_key_mismatch"));
  });
});
