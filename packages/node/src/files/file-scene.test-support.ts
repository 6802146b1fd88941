import { X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { TestClock, TestTrustDomain } from "@firsthand/testing";
import { onTestFinished } from "vitest";
import type { LiveIdentity } from "../identity/live-identity.js";
import type { FileIdentityOptions } from "./file-identity-options.js";
import { openFileIdentity } from "./open-file-identity.js";

/** The names under which the tests keep the files of an identity. */
export const names = { certificates: "svid.pem", privateKey: "svid_key.pem", bundle: "bundle.pem" };

/** Content of files by their names. */
export type Contents = Readonly<Record<string, string | Uint8Array>>;

/** An empty directory that goes away with the test. */
export async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "firsthand-files-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A fresh SVID with the bundle of its domain, by the names of the tests. */
export async function issueFiles(domain: TestTrustDomain, workload = "/checkout") {
  const svid = await domain.issueX509Svid(workload);
  return {
    [names.certificates]: svid.chainPem,
    [names.privateKey]: svid.privateKeyPem,
    [names.bundle]: await bundlePem(domain),
  } as const;
}

/** The X.509 authorities of a domain. */
export async function bundlePem(domain: TestTrustDomain): Promise<string> {
  const { x509Authorities } = await domain.bundle();
  return x509Authorities.map(({ certificate }) => certificatePem(certificate.der)).join("");
}

export function certificatePem(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}

/** Writes into the files that are there, one after the other, as spiffe-helper does. */
export async function writeInPlace(directory: string, contents: Contents): Promise<void> {
  for (const [name, content] of Object.entries(contents)) {
    await writeFile(join(directory, name), content);
  }
}

/** Puts new files in the place of the old ones, one after the other. */
export async function replaceEach(directory: string, contents: Contents): Promise<void> {
  for (const [name, content] of Object.entries(contents)) {
    await writeFile(join(directory, `.new-${name}`), content);
    await rename(join(directory, `.new-${name}`), join(directory, name));
  }
}

let volumes = 0;

/** Changes all files at once, as Kubernetes does in a volume: by the link `..data`. */
export async function swapVolume(directory: string, contents: Contents): Promise<void> {
  const data = `..version_${volumes++}`;
  await mkdir(join(directory, data));
  await writeInPlace(join(directory, data), contents);
  await swapLink(data, join(directory, "..data"));
  for (const name of Object.keys(contents)) {
    await symlink(join("..data", name), join(directory, name)).catch(() => undefined);
  }
}

/** Changes a symbolic link at once. */
export async function swapLink(target: string, path: string): Promise<void> {
  const fresh = join(dirname(path), `.new-link-${volumes++}`);
  await symlink(target, fresh);
  await rename(fresh, path);
}

/** The usual three files in a directory, as options. */
export function pathsIn(directory: string) {
  return {
    certificates: join(directory, names.certificates),
    privateKey: join(directory, names.privateKey),
    bundle: join(directory, names.bundle),
  };
}

/** Opens an identity that closes with the test. */
export async function openForTest(options: FileIdentityOptions): Promise<LiveIdentity> {
  const identity = await openFileIdentity(options);
  onTestFinished(() => identity.close());
  return identity;
}

/** Waits for a change after which the condition holds. */
export function changed(identity: LiveIdentity, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (!condition()) return;
      stop();
      resolve();
    };
    const stop = identity.subscribe(check);
    check();
  });
}

/** Lets whatever runs go on until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

const longestRetry = 1000;

/** Waits until a look at the files has failed, so that there will be another before long. */
export async function failed(clock: TestClock): Promise<void> {
  await until(() => nextRetry(clock) !== undefined);
}

/** Lets the time pass from retry to retry until the condition holds. */
export async function passRetries(clock: TestClock, condition: () => boolean): Promise<void> {
  for (;;) {
    await until(() => condition() || nextRetry(clock) !== undefined);
    if (condition()) return;
    clock.advance(nextRetry(clock) ?? 0);
  }
}

function nextRetry(clock: TestClock): number | undefined {
  return clock.pendingDelays().find((delay) => delay <= longestRetry);
}

/** The thumbprint of the credential that is in use. */
export function thumbprintOf(identity: LiveIdentity): string | undefined {
  return identity.credentials()[0]?.thumbprint;
}

/** The thumbprint of the leaf in PEM. */
export function thumbprintIn(chainPem: string): string {
  const fingerprint = new X509Certificate(chainPem).fingerprint256.replaceAll(":", "");
  return Buffer.from(fingerprint, "hex").toString("base64url");
}
