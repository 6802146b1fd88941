import { createPublicKey, X509Certificate } from "node:crypto";
import { link, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Credential, exportPrivateKey } from "@firsthand/core";
import { createTestClock, createTrustDomain, type TestClock } from "@firsthand/testing";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { IdentityState } from "../identity/identity-state.js";
import {
  bundlePem,
  type Contents,
  changed,
  emptyDirectory,
  failed,
  issueFiles,
  names,
  openForTest,
  passRetries,
  pathsIn,
  replaceEach,
  swapLink,
  swapVolume,
  thumbprintIn,
  thumbprintOf,
  until,
  writeInPlace,
} from "./file-scene.test-support.js";

const domain = await createTrustDomain("shop.example", { clock: createTestClock() });
const first = await issueFiles(domain);
const oldBundle = await bundlePem(domain);
await domain.rotateAuthorities();
const second = await issueFiles(domain);
const { certificates, privateKey, bundle } = names;
const textOf = (contents: Contents, name: string) => String(contents[name]);
const leafOf = (contents: Contents) => thumbprintIn(textOf(contents, certificates));
const withOldBundle = { ...second, [bundle]: oldBundle };

let clock: TestClock;
let directory: string;
const open = () => openForTest({ ...pathsIn(directory), clock });

beforeEach(async () => {
  clock = createTestClock();
  directory = await emptyDirectory();
});

/** Whether the key of a credential is that of its certificate. */
function isWhole(credential: Credential | undefined): boolean {
  if (credential?.kind !== "x509-svid") return false;
  const key = Buffer.from(exportPrivateKey(credential));
  const publicKey = createPublicKey({ key, format: "der", type: "pkcs8" } as never);
  return publicKey.equals(new X509Certificate(credential.chain[0] as Uint8Array).publicKey);
}

describe("rotation of files", () => {
  it.each([
    ["written in place, one after the other", writeInPlace],
    ["replaced one after the other", replaceEach],
    ["swapped at once as in a volume of Kubernetes", swapVolume],
  ])("takes what is %s", async (_, write) => {
    await write(directory, first);
    const identity = await open();
    for (const next of [second, first, second]) {
      const done = changed(identity, () => thumbprintOf(identity) === leafOf(next));
      await write(directory, next);
      await done;
    }
    expect(identity.state.status).toBe("ready");
    expect(identity.trustBundle(domain.name)?.x509Authorities).toHaveLength(2);
  });

  it.each([
    ["stays", () => undefined],
    ["goes", (old: string) => rm(old, { recursive: true })],
  ])(
    "takes what lies behind a link to another directory, when the old one %s",
    async (_, leave) => {
      const place = await emptyDirectory();
      directory = join(place, "credentials");
      const swap = async (version: string, contents: Contents) => {
        await mkdir(join(place, version));
        await writeInPlace(join(place, version), contents);
        await swapLink(version, directory);
      };
      await swap("a", first);
      const identity = await open();
      for (const [version, next, old] of [
        ["b", second, "a"],
        ["c", first, "b"],
        ["d", second, "c"],
      ] as const) {
        const done = changed(identity, () => thumbprintOf(identity) === leafOf(next));
        await swap(version, next);
        await leave(join(place, old));
        await done;
      }
    },
  );

  it("takes what is written where links lead", async () => {
    const place = await emptyDirectory();
    await writeInPlace(place, first);
    for (const name of Object.values(names)) {
      await swapLink(join(place, name), join(directory, name));
    }
    const identity = await open();
    const done = changed(identity, () => thumbprintOf(identity) === leafOf(second));
    await writeInPlace(place, second);
    await done;
  });

  it("looks every 30 seconds at what it is not told of", async () => {
    await writeInPlace(directory, first);
    const elsewhere = await emptyDirectory();
    for (const name of Object.values(names)) {
      await link(join(directory, name), join(elsewhere, name));
    }
    const identity = await open();
    await writeInPlace(elsewhere, second); // by other directory entries: no event in the first
    await until(() => clock.pendingDelays().includes(30_000));
    clock.advance(29_999);
    expect(thumbprintOf(identity)).toBe(leafOf(first));
    const done = changed(identity, () => thumbprintOf(identity) === leafOf(second));
    clock.advance(1);
    await done;
  });

  it("drops an authority that was taken out of the bundle", async () => {
    await swapVolume(directory, second);
    const identity = await open();
    const [, newAuthority] = identity.trustBundle(domain.name)?.x509Authorities ?? [];
    const der = newAuthority?.certificate.der as Uint8Array;
    const authoritiesOf = () => identity.trustBundle(domain.name)?.x509Authorities;
    const done = changed(identity, () => authoritiesOf()?.length === 1);
    await swapVolume(directory, { ...second, [bundle]: new X509Certificate(der).toString() });
    await done;
    expect(authoritiesOf()?.[0]?.certificate.der).toEqual(der);
  });

  it("keeps what has not changed the same object", async () => {
    await writeInPlace(directory, { ...second, [bundle]: oldBundle + textOf(second, bundle) });
    const identity = await open();
    const credential = () => identity.credentials()[0];
    const trust = () => identity.trustBundle(domain.name);
    const [firstCredential, firstTrust] = [credential(), trust()];

    const newBundle = changed(identity, () => trust() !== firstTrust);
    await replaceEach(directory, { [bundle]: textOf(second, bundle) });
    await newBundle;
    expect(credential()).toBe(firstCredential);

    const secondTrust = trust();
    const newCredential = changed(identity, () => credential() !== firstCredential);
    await writeInPlace(directory, { ...first, [bundle]: textOf(second, bundle) });
    await newCredential;
    expect(trust()).toBe(secondTrust);
  });

  it("does not announce files that were only written again", async () => {
    await writeInPlace(directory, first);
    const identity = await open();
    const { updatedAt } = identity.state;
    const credentials = identity.credentials();
    const states: IdentityState[] = [];
    const done = changed(identity, () => thumbprintOf(identity) === leafOf(second));
    identity.subscribe((state) => states.push(state));
    clock.advance(1000);
    await replaceEach(directory, first);
    await until(() => clock.pendingDelays().includes(30_000)); // it has looked
    expect(identity.state.updatedAt).toBe(updatedAt);
    expect(identity.credentials()).toBe(credentials);
    await swapAll(second);
    await done;
    expect(states).toHaveLength(1);
    expect(identity.state.updatedAt).toBe(updatedAt + 1000);
  });

  it("keeps the bundles of other trust domains that a map left as they were", async () => {
    const partner = await createTrustDomain("partner.example", { clock });
    const write = (document: string) =>
      replaceEach(directory, {
        "map.json": `{"trust_domains":{"shop.example":${document},"partner.example":${partner.bundleDocument()}}}`,
      });
    await write(domain.bundleDocument());
    const identity = await openForTest({ bundleMap: join(directory, "map.json"), clock });
    const [shop, other] = [domain.name, partner.name].map((name) => identity.trustBundle(name));
    const done = changed(identity, () => identity.trustBundle(domain.name) !== shop);
    await write('{"keys":[]}');
    await done;
    expect(identity.trustBundle(partner.name)).toBe(other);
    expect(identity.trustBundle(domain.name)?.x509Authorities).toEqual([]);
  });
});

describe("files in the middle of a rotation", () => {
  it("RO-005 never takes the certificate of one rotation with the key of another", async () => {
    await writeInPlace(directory, first);
    const identity = await open();
    await replaceEach(directory, { [bundle]: textOf(second, bundle) });
    await changed(identity, () => identity.trustBundle(domain.name)?.x509Authorities.length === 2);
    await replaceEach(directory, { [certificates]: textOf(second, certificates) });
    await failed(clock);
    expect(thumbprintOf(identity)).toBe(leafOf(first));
    expect(isWhole(identity.credentials()[0])).toBe(true);
    expect(identity.state.status).toBe("ready");

    const done = changed(identity, () => thumbprintOf(identity) === leafOf(second));
    await replaceEach(directory, { [privateKey]: textOf(second, privateKey) });
    await done;
    expect(isWhole(identity.credentials()[0])).toBe(true);
  });

  it.each<[string, string, Contents]>([
    ["credential_key_mismatch", certificates, { [privateKey]: textOf(second, privateKey) }],
    ["file_invalid", certificates, { [certificates]: "" }],
    ["file_invalid", privateKey, { [privateKey]: textOf(first, privateKey).slice(0, -40) }],
    ["credential_invalid", certificates, { ...withOldBundle }],
    ["bundle_invalid", bundle, { [bundle]: "{" }],
  ])("is stale with %s when %s stays bad for five seconds", async (code, name, bad) => {
    await writeInPlace(directory, first);
    const identity = await open();
    const [credential] = identity.credentials();
    const start = clock.monotonic();
    await swapAll(bad);
    await passRetries(clock, () => identity.state.status !== "ready");
    expect(clock.monotonic() - start).toBeGreaterThanOrEqual(5000);
    expect(clock.monotonic() - start).toBeLessThan(7000);
    expect(identity.state).toMatchObject({ status: "stale", reason: { code } });
    expect(identity.state.reason?.message).toContain(join(directory, name));
    expect(identity.credentials()).toEqual([credential]);

    const done = changed(identity, () => identity.state.status === "ready");
    await swapAll(first);
    await done;
    expect(identity.credentials()[0]).toBe(credential);
    expect(identity.state.reason).toBeUndefined();
  });

  it("is stale, then expired, when the files vanish", async () => {
    await writeInPlace(directory, first);
    const identity = await open();
    await rm(directory, { recursive: true });
    await passRetries(clock, () => identity.state.status !== "ready");
    expect(identity.state.reason).toMatchObject({
      code: "file_unreadable",
      cause: { code: "ENOENT" },
    });
    expect(thumbprintOf(identity)).toBe(leafOf(first));

    const expiresAt = identity.state.expiresAt ?? 0;
    clock.advance(expiresAt - clock.now());
    expect(identity.state).toMatchObject({
      status: "expired",
      reason: { code: "credential_expired", cause: { code: "file_unreadable" } },
    });
    expect(() => identity.credentials()).toThrow(
      expect.objectContaining({ code: "source_expired" }),
    );
  });

  it("comes back with files that come back in a new directory", async () => {
    await writeInPlace(directory, first);
    const identity = await open();
    await rm(directory, { recursive: true });
    await passRetries(clock, () => identity.state.status !== "ready");
    await mkdir(directory);
    await writeInPlace(directory, second);
    await passRetries(clock, () => identity.state.status === "ready");
    expect(thumbprintOf(identity)).toBe(leafOf(second));

    const done = changed(identity, () => thumbprintOf(identity) === leafOf(first));
    await replaceEach(directory, { ...first, [bundle]: textOf(second, bundle) });
    await done;
  });

  it("does not become somebody else", async () => {
    await writeInPlace(directory, first);
    const id = "spiffe://shop.example/checkout";
    const identity = await openForTest({ ...pathsIn(directory), id, clock });
    await swapAll(await issueFiles(domain, "/orders"));
    await passRetries(clock, () => identity.state.status !== "ready");
    expect(identity.state.reason?.code).toBe("identity_unexpected");
    expect(String(identity.credentials()[0]?.id)).toBe(id);
  });

  const spoiled = (name: string) =>
    fc.oneof(
      fc.constant(undefined),
      fc.constant(textOf(first, name)),
      fc.constant(textOf(second, name)),
      fc
        .tuple(fc.constantFrom(first, second), fc.nat(textOf(first, name).length))
        .map(([contents, length]) => textOf(contents, name).slice(0, length)),
      fc.tuple(fc.nat(textOf(first, name).length), fc.boolean()).map(([at, isNewFirst]) => {
        const [a, b] = isNewFirst ? [second, first] : [first, second];
        return textOf(a, name).slice(0, at) + textOf(b, name).slice(at);
      }),
    );

  it("RO-005 makes of any mixture of old and new files nothing but the old or the new", async () => {
    await writeInPlace(directory, first);
    const identity = await open();
    const seen = new Set<Credential | undefined>();
    const stop = identity.subscribe(() => seen.add(identity.credentials()[0]));
    const mixtures = fc.record({
      [certificates]: spoiled(certificates),
      [privateKey]: spoiled(privateKey),
      [bundle]: spoiled(bundle),
    });
    const restored = fc.constantFrom(first, second);
    await fc.assert(
      fc.asyncProperty(mixtures, fc.boolean(), restored, async (mixture, inPlace, next) => {
        const write = inPlace ? writeInPlace : replaceEach;
        for (const [name, content] of Object.entries(mixture)) {
          if (content === undefined) await rm(join(directory, name), { force: true });
          else await write(directory, { [name]: content });
          seen.add(identity.credentials()[0]);
        }
        const done = changed(identity, () => thumbprintOf(identity) === leafOf(next));
        await write(directory, next);
        await done;
        expect(identity.state.status).toBe("ready");
        for (const credential of seen) {
          expect([leafOf(first), leafOf(second)]).toContain(credential?.thumbprint);
          expect(isWhole(credential)).toBe(true);
        }
        seen.clear();
      }),
    );
    stop();
  });
});

async function swapAll(contents: Contents): Promise<void> {
  for (const [name, content] of Object.entries(contents)) {
    await writeFile(join(directory, `.${name}`), content);
  }
  for (const name of Object.keys(contents)) {
    await rename(join(directory, `.${name}`), join(directory, name));
  }
}
