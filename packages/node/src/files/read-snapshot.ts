import type { Clock, TrustBundle, TrustDomain, X509Credential } from "@firsthand/core";
import type { IdentitySnapshot } from "../identity/assess-identity.js";
import { type HeldValue, heldOr } from "../identity/held-value.js";
import { readBundleFile } from "./bundle-file.js";
import { splitBundleMap } from "./bundle-map.js";
import {
  type CredentialFiles,
  type ExpectedIdentity,
  type IdentityFiles,
  pathsOf,
} from "./identity-files.js";
import { checkExpected, loadOwnSvid, validateOwnSvid } from "./own-svid.js";
import { readTogether } from "./read-together.js";

/** A snapshot with the parts that it was made of. */
interface Reading {
  readonly credential: HeldValue<X509Credential> | undefined;
  readonly bundles: ReadonlyMap<TrustDomain, HeldValue<TrustBundle>>;
  readonly snapshot: IdentitySnapshot;
}

/** The files of one moment. */
interface Contents {
  of(path: string): Uint8Array;
}

/** A bundle that is still to be read. */
interface BundleContent {
  readonly path: string;
  readonly content: Uint8Array;
}

/**
 * Makes a function that reads the files into a snapshot that holds together: the key is that of the
 * certificate, and the own bundle vouches for it. While nothing changes it is the same object; where
 * something changes, so are the parts that did not. A state that is refused leaves no trace.
 *
 * @throws {CredentialError} see `openFileIdentity`
 */
export function createSnapshotReader(
  files: IdentityFiles,
  expected: ExpectedIdentity,
  clock: Clock,
): () => Promise<IdentitySnapshot> {
  const paths = pathsOf(files);
  let held: HeldValue<Reading> | undefined;

  async function makeReading(contents: Contents): Promise<Reading> {
    const before = held?.value;
    const { credential: own } = files;
    const credential = own && (await readCredential(own, contents, before?.credential));
    if (credential !== undefined) checkExpected(credential.value, expected);
    const found = findBundles(files, contents, credential?.value);
    const bundles = await readBundles(found, before?.bundles);
    const snapshot = {
      credentials: credential === undefined ? [] : [credential.value],
      bundles: new Map([...bundles].map(([name, { value }]) => [name, value])),
    };
    if (own !== undefined && credential !== undefined) {
      const now = Math.floor(clock.now() / 1000);
      await validateOwnSvid(own.certificates, credential.value, snapshot.bundles, now);
    }
    return { credential, bundles, snapshot };
  }

  return async function readSnapshot() {
    const contents = await readTogether(paths);
    const of = (path: string) => contents.get(path) as Uint8Array;
    held = await heldOr(held, contents.values(), () => makeReading({ of }));
    return held.value.snapshot;
  };
}

function readCredential(
  files: CredentialFiles,
  contents: Contents,
  held: Reading["credential"],
): Promise<HeldValue<X509Credential>> {
  const { certificates, privateKey } = files;
  return heldOr(held, [contents.of(certificates), contents.of(privateKey)], () =>
    loadOwnSvid(files, contents.of),
  );
}

/** The bundles by trust domain; which file comes first is said at the options. */
function findBundles(
  { bundle, bundleMap, bundles }: IdentityFiles,
  contents: Contents,
  credential: X509Credential | undefined,
): ReadonlyMap<TrustDomain, BundleContent> {
  const found = new Map<TrustDomain, BundleContent>();
  if (bundleMap !== undefined) {
    for (const [name, content] of splitBundleMap(bundleMap, contents.of(bundleMap))) {
      found.set(name, { path: `${bundleMap} (${name})`, content });
    }
  }
  if (bundle !== undefined && credential !== undefined) {
    found.set(credential.id.trustDomain, { path: bundle, content: contents.of(bundle) });
  }
  for (const [name, path] of bundles) found.set(name, { path, content: contents.of(path) });
  return found;
}

async function readBundles(
  found: ReadonlyMap<TrustDomain, BundleContent>,
  held: Reading["bundles"] | undefined,
): Promise<Reading["bundles"]> {
  const read = new Map<TrustDomain, HeldValue<TrustBundle>>();
  for (const [name, { path, content }] of found) {
    const make = () => readBundleFile(path, name, content);
    read.set(name, await heldOr(held?.get(name), [content], make));
  }
  return read;
}
