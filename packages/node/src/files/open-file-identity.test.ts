import { generateKeyPairSync } from "node:crypto";
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type CredentialErrorCode, parseTrustDomain } from "@firsthand/core";
import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import {
  bundlePem,
  type Contents,
  emptyDirectory,
  failed,
  issueFiles,
  names,
  openForTest,
  passRetries,
  pathsIn,
  thumbprintIn,
  thumbprintOf,
  writeInPlace,
} from "./file-scene.test-support.js";
import { openFileIdentity } from "./open-file-identity.js";

const clock = createTestClock();
const domain = await createTrustDomain("shop.example", { clock });
const partner = await createTrustDomain("partner.example", { clock });
const files = await issueFiles(domain);
const other = await issueFiles(domain);
const { certificates, privateKey, bundle } = names;
const textOf = (name: string, of: Contents = files) => String(of[name]);
const [leaf = ""] = textOf(certificates).split(/(?<=-----END CERTIFICATE-----\n)/);
const shop = parseTrustDomain("shop.example");
const map = JSON.stringify({
  trust_domains: {
    "shop.example": JSON.parse(domain.bundleDocument()),
    "partner.example": JSON.parse(partner.bundleDocument()),
  },
});

async function directoryWith(contents: Contents): Promise<string> {
  const directory = await emptyDirectory();
  await writeInPlace(directory, contents);
  return directory;
}

/** The files under other names. */
async function directoryNamed(to: Partial<typeof names>, more: Contents = {}): Promise<string> {
  const entries = Object.entries(to).map(([role, name]) => [
    name,
    textOf(names[role as keyof typeof names]),
  ]);
  return directoryWith({ ...Object.fromEntries(entries), ...more });
}

describe("openFileIdentity", () => {
  it("opens certificates, key and bundle", async () => {
    const identity = await openForTest({ ...pathsIn(await directoryWith(files)), clock });
    expect(thumbprintOf(identity)).toBe(thumbprintIn(textOf(certificates)));
    expect(identity.credentials().map(({ id }) => String(id))).toEqual([
      "spiffe://shop.example/checkout",
    ]);
    expect(identity.trustBundle(shop)?.x509Authorities).toHaveLength(1);
    expect(identity.trustBundle(partner.name)).toBeUndefined();
    expect(identity.state).toMatchObject({ status: "ready", reason: undefined });
  });

  it("opens what spiffe-helper writes", async () => {
    const directory = await directoryNamed({
      certificates: "svid.pem",
      privateKey: "svid_key.pem",
      bundle: "svid_bundle.pem",
    });
    const identity = await openForTest({ layout: "spiffe-helper", directory, clock });
    expect(identity.state.status).toBe("ready");
  });

  it("opens what spiffe-helper writes with intermediates in the bundle", async () => {
    const intermediate = textOf(certificates).slice(leaf.length);
    const directory = await directoryWith({
      "svid.pem": leaf,
      "svid_key.pem": textOf(privateKey),
      "svid_bundle.pem": textOf(bundle) + intermediate,
    });
    const identity = await openForTest({ layout: "spiffe-helper", directory, clock });
    expect(identity.trustBundle(shop)?.x509Authorities).toHaveLength(2);
  });

  it("opens what the CSI driver of cert-manager writes", async () => {
    const directory = await directoryNamed({
      certificates: "tls.crt",
      privateKey: "tls.key",
      bundle: "ca.crt",
    });
    const identity = await openForTest({ layout: "csi-driver-spiffe", directory, clock });
    expect(identity.state.status).toBe("ready");
  });

  it("opens what GKE writes", async () => {
    const directory = await directoryNamed(
      {
        certificates: "certificates.pem",
        privateKey: "private_key.pem",
        bundle: "ca_certificates.pem",
      },
      { "trust_bundles.json": map },
    );
    const identity = await openForTest({ layout: "gke", directory, clock });
    expect(identity.trustBundle(partner.name)?.x509Authorities).toHaveLength(1);
    expect(identity.trustBundle(shop)?.jwtAuthorities.size).toBe(0); // the PEM file comes first
  });

  it("opens what the guest agent of Compute Engine writes", async () => {
    const directory = await directoryNamed(
      { certificates: "certificates.pem", privateKey: "private_key.pem" },
      { "trust_bundles.json": map },
    );
    const identity = await openForTest({ layout: "gce", directory, clock });
    expect(identity.trustBundle(partner.name)?.x509Authorities).toHaveLength(1);
    expect(identity.trustBundle(shop)?.jwtAuthorities.size).toBe(1);
  });

  it.each([
    ["first", textOf(privateKey) + textOf(certificates)],
    ["last", textOf(certificates) + textOf(privateKey)],
  ])("opens a pod certificate with the key %s", async (_, content) => {
    const directory = await directoryWith({ "bundle.pem": textOf(bundle), "pod.pem": content });
    const credentialBundle = join(directory, "pod.pem");
    const identity = await openForTest({
      credentialBundle,
      bundle: join(directory, bundle),
      clock,
    });
    expect(thumbprintOf(identity)).toBe(thumbprintIn(textOf(certificates)));
  });

  it("takes bundles of other trust domains from files of their own", async () => {
    const directory = await directoryWith({
      ...files,
      "map.json": map,
      "partner.pem": await bundlePem(partner),
    });
    const identity = await openForTest({
      ...pathsIn(directory),
      bundleMap: join(directory, "map.json"),
      bundles: { "partner.example": join(directory, "partner.pem") },
      clock,
    });
    expect(identity.trustBundle(partner.name)?.x509Authorities).toHaveLength(1);
    expect(identity.trustBundle(partner.name)?.jwtAuthorities.size).toBe(0);
  });

  it("opens bundles alone for whoever only verifies", async () => {
    const directory = await directoryWith({ "map.json": map });
    const identity = await openForTest({ bundleMap: join(directory, "map.json"), clock });
    expect(identity.credentials()).toEqual([]);
    expect(identity.trustBundle(shop)?.x509Authorities).toHaveLength(1);
    expect(identity.state).toMatchObject({ status: "ready", expiresAt: undefined });
  });

  it("is who it has to be", async () => {
    const identity = await openForTest({
      ...pathsIn(await directoryWith(files)),
      id: "spiffe://shop.example/checkout",
      expectedTrustDomain: "shop.example",
      clock,
    });
    expect(identity.state.status).toBe("ready");
  });

  it("makes a fetch that proves the identity", async () => {
    const identity = await openForTest({ ...pathsIn(await directoryWith(files)), clock });
    let sent: Headers | undefined;
    const fetch = identity.fetch({
      peers: { "https://orders.internal": "spiffe://shop.example/orders" },
      clock,
      fetch: async (_url: string, init?: RequestInit) => {
        sent = new Headers(init?.headers);
        return new Response();
      },
    });
    await fetch("https://orders.internal/orders");
    expect(sent?.has("svid-proof")).toBe(true);
  });

  it("says that it was closed", async () => {
    const identity = await openFileIdentity({ ...pathsIn(await directoryWith(files)), clock });
    const before = clock.pendingDelays().length;
    await identity.close();
    expect(clock.pendingDelays().length).toBeLessThan(before);
    expect(() => identity.credentials()).toThrow(
      expect.objectContaining({ code: "source_closed" }),
    );
    await identity.close();
  });

  it("closes at the end of its scope", async () => {
    const directory = await directoryWith(files);
    async function use() {
      await using identity = await openFileIdentity({ ...pathsIn(directory), clock });
      return identity;
    }
    const { state } = await use();
    expect(state.reason).toMatchObject({ code: "source_closed" });
  });
});

describe("openFileIdentity with files that are not good", () => {
  const expired = async () => {
    const { chainPem, privateKeyPem } = await domain.issueX509Svid("/checkout", {
      notBefore: domain.now() - 600,
      ttlSeconds: 300,
    });
    return { ...files, [certificates]: chainPem, [privateKey]: privateKeyPem };
  };
  const early = async () => {
    const { chainPem, privateKeyPem } = await domain.issueX509Svid("/checkout", {
      notBefore: domain.now() + 60,
    });
    return { ...files, [certificates]: chainPem, [privateKey]: privateKeyPem };
  };
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const rsaPem = rsa.privateKey.export({ type: "pkcs8", format: "pem" });

  it.each<[string, CredentialErrorCode, string, string, () => Contents | Promise<Contents>]>([
    ["an empty file", "file_invalid", certificates, ": is empty", () => ({ [certificates]: "" })],
    [
      "no certificate",
      "file_invalid",
      certificates,
      ": holds no CERTIFICATE block",
      () => ({ [certificates]: textOf(privateKey) }),
    ],
    [
      "no key",
      "file_invalid",
      privateKey,
      ": holds no PRIVATE KEY block",
      () => ({ [privateKey]: textOf(certificates) }),
    ],
    [
      "an encrypted key",
      "file_invalid",
      privateKey,
      ": holds a private key that is encrypted",
      () => ({
        [privateKey]: rsa.privateKey.export({
          type: "pkcs8",
          format: "pem",
          cipher: "aes-256-cbc",
          passphrase: "x",
        }),
      }),
    ],
    [
      "a certificate that is cut",
      "file_invalid",
      certificates,
      ": ends within a block",
      () => ({ [certificates]: textOf(certificates).slice(0, -100) }),
    ],
    [
      "the key of another credential",
      "credential_key_mismatch",
      certificates,
      "",
      () => ({ [privateKey]: textOf(privateKey, other) }),
    ],
    [
      "a key of another kind",
      "credential_key_mismatch",
      certificates,
      "",
      () => ({ [privateKey]: String(rsaPem) }),
    ],
    [
      "a CA as leaf",
      "credential_invalid",
      certificates,
      ": the URI SAN is not a SPIFFE ID of a workload",
      () => ({ [certificates]: textOf(bundle) }),
    ],
    [
      "a chain without its intermediate",
      "credential_invalid",
      certificates,
      ": the path does not end at an authority of the trust domain",
      () => ({ [certificates]: leaf }),
    ],
    [
      "a leaf that is cut out of DER",
      "credential_invalid",
      certificates,
      ": a certificate is not a well-formed X.509 certificate",
      () => ({ [certificates]: "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" }),
    ],
    [
      "the bundle of another trust domain",
      "file_invalid",
      bundle,
      ": holds an authority of another trust domain than shop.example",
      async () => ({ [bundle]: await bundlePem(partner) }),
    ],
    [
      "a bundle that trusts nobody",
      "credential_invalid",
      certificates,
      ": the trust bundle has no authority for this kind of credential",
      () => ({ [bundle]: '{"keys":[]}' }),
    ],
    [
      "a bundle with a private key",
      "bundle_key_private",
      bundle,
      "",
      () => ({ [bundle]: textOf(bundle) + textOf(privateKey) }),
    ],
    [
      "a bundle that is no certificate of an authority",
      "bundle_invalid",
      bundle,
      ": an issuer in the path is not a CA",
      () => ({ [bundle]: leaf }),
    ],
    [
      "an expired SVID",
      "credential_expired",
      certificates,
      ": a certificate of the path has expired",
      expired,
    ],
    [
      "an SVID of tomorrow",
      "credential_invalid",
      certificates,
      ": a certificate of the path is not valid yet",
      early,
    ],
  ])("rejects with %s", async (_, code, name, problem, spoil) => {
    const directory = await directoryWith({ ...files, ...(await spoil()) });
    const opening = openFileIdentity({ ...pathsIn(directory), clock, timeoutMilliseconds: 0 });
    await expect(opening).rejects.toMatchObject({ name: "CredentialError", code });
    const { message }: Error = await opening.catch((error) => error);
    expect(message.slice(message.indexOf(directory))).toBe(`${join(directory, name)}${problem}`);
  });

  it("names the cause of what core refuses", async () => {
    const directory = await directoryWith({ ...files, [certificates]: leaf });
    const opening = openFileIdentity({ ...pathsIn(directory), clock, timeoutMilliseconds: 0 });
    await expect(opening).rejects.toMatchObject({ cause: { code: "certificate_untrusted" } });
  });

  it("rejects when nothing vouches for its own trust domain", async () => {
    const directory = await directoryWith({ ...files, "partner.pem": await bundlePem(partner) });
    const { bundle: _, ...svid } = pathsIn(directory);
    const bundles = { "partner.example": join(directory, "partner.pem") };
    const opening = openFileIdentity({ ...svid, bundles, clock, timeoutMilliseconds: 0 });
    await expect(opening).rejects.toMatchObject({
      code: "credential_invalid",
      cause: { code: "trust_domain_unknown" },
    });
  });

  it.each([
    ["trust_domain_unexpected", { expectedTrustDomain: "partner.example" }],
    ["identity_unexpected", { id: "spiffe://shop.example/orders" }],
    ["trust_domain_unexpected", { expectedTrustDomain: "other.example", id: "spiffe://x/y" }],
  ])("rejects at once with %s", async (code, expectation) => {
    const opening = openFileIdentity({
      ...pathsIn(await directoryWith(files)),
      ...expectation,
      clock,
    });
    await expect(opening).rejects.toMatchObject({ name: "CredentialError", code });
    await expect(opening).rejects.toThrow("the files hold spiffe://shop.example/checkout");
  });

  it("rejects at once when waiting does not help", async () => {
    const directory = await directoryWith(files);
    await rm(join(directory, privateKey));
    await symlink(privateKey, join(directory, privateKey));
    const opening = openFileIdentity({ ...pathsIn(directory), clock });
    await expect(opening).rejects.toMatchObject({ code: "file_unreadable" });
    await expect(opening).rejects.toThrow(`${join(directory, privateKey)}: ELOOP`);
  });

  it("leaves nothing behind when it rejects", async () => {
    const before = clock.pendingDelays();
    const paths = pathsIn(await emptyDirectory());
    await openFileIdentity({ ...paths, clock, timeoutMilliseconds: 0 }).catch(() => undefined);
    expect(clock.pendingDelays()).toEqual(before);
  });
});

describe("openFileIdentity before the files are there", () => {
  it("waits for their directory", async () => {
    const clock = createTestClock();
    const directory = join(await emptyDirectory(), "certs");
    const opening = openForTest({ ...pathsIn(directory), clock });
    await failed(clock);
    await mkdir(directory);
    await writeInPlace(directory, files);
    let isOpen = false;
    void opening.then(() => {
      isOpen = true;
    });
    await passRetries(clock, () => isOpen);
    expect(thumbprintOf(await opening)).toBe(thumbprintIn(textOf(certificates)));
  });

  it("is told when they arrive", async () => {
    const clock = createTestClock();
    const directory = await emptyDirectory();
    const opening = openForTest({ ...pathsIn(directory), clock });
    await failed(clock);
    await writeInPlace(directory, files);
    expect(thumbprintOf(await opening)).toBe(thumbprintIn(textOf(certificates)));
    expect(clock.monotonic()).toBe(createTestClock().monotonic());
  });

  it.each([
    ["30 seconds", undefined, 30_000],
    ["as long as it is told", 1500, 1500],
  ])("gives up after %s, naming the file", async (_, timeoutMilliseconds, expected) => {
    const clock = createTestClock();
    const start = clock.monotonic();
    const directory = await directoryWith({ [certificates]: textOf(certificates) });
    let end: number | undefined;
    const opening = openFileIdentity({ ...pathsIn(directory), clock, timeoutMilliseconds });
    opening.catch(() => {
      end = clock.monotonic();
    });
    await passRetries(clock, () => end !== undefined);
    expect(Number(end) - start).toBe(expected);
    await expect(opening).rejects.toMatchObject({
      code: "file_unreadable",
      cause: { code: "ENOENT" },
    });
    await expect(opening).rejects.toThrow(join(directory, privateKey));
  });
});
