import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "../runner/wait.js";
import type { SpireServer } from "./spire-server.js";

const fetchMilliseconds = 20_000;

/** A bundle endpoint as SPIRE is told of it. */
export interface Endpoint {
  readonly trustDomain: string;
  readonly url: string;
  /** The SPIFFE ID of an `https_spiffe` endpoint with its first bundle; without it is `https_web`. */
  readonly spiffe?: { readonly id: string; readonly bundle: string } | undefined;
}

/** Tells a server to fetch the bundle of another trust domain from there, and waits until it did. */
export async function federate(
  server: SpireServer,
  directory: string,
  { trustDomain, url, spiffe }: Endpoint,
): Promise<void> {
  const args = ["-trustDomain", trustDomain, "-bundleEndpointURL", url];
  if (spiffe === undefined) args.push("-bundleEndpointProfile", "https_web");
  else {
    const file = join(directory, `first-bundle-of-${trustDomain}.json`);
    await writeFile(file, spiffe.bundle);
    args.push("-bundleEndpointProfile", "https_spiffe", "-endpointSpiffeID", spiffe.id);
    args.push("-trustDomainBundlePath", file, "-trustDomainBundleFormat", "spiffe");
  }
  await server.run("federation create", ...args);
  await refresh(server, trustDomain);
}

/** Has a server fetch a bundle at once, and waits until it did. */
export async function refresh(server: SpireServer, trustDomain: string): Promise<void> {
  await waitFor(`the bundle of ${trustDomain} at ${server.trustDomain}`, fetchMilliseconds, () =>
    server.run("federation refresh", "-id", `spiffe://${trustDomain}`),
  );
}
