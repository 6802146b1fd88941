import * as z from "zod/mini";
import type { Credential } from "../credential/credential.js";
import { invalidOption, parseOptions } from "../options.js";
import type { TrustDomain } from "../spiffe/spiffe-id.js";
import type { TrustBundle } from "./trust-bundle.js";
import type { WorkloadIdentity } from "./trust-source.js";

export interface StaticSourceOptions {
  /** Our own credentials, the preferred first. A service that only verifies has none. */
  readonly credentials?: readonly Credential[] | undefined;
  /** At most one for each trust domain; a domain without a bundle is not trusted. */
  readonly bundles: readonly TrustBundle[];
}

const schema = z.strictObject({
  credentials: z.optional(
    z.array(z.custom<Credential>(hasMember("thumbprint"), { error: "must be a credential" })),
  ),
  bundles: z.array(
    z.custom<TrustBundle>(hasMember("trustDomain"), { error: "must be a trust bundle" }),
    { error: "must be a list of trust bundles" },
  ),
});

/**
 * An identity that never changes: for tests, and for services that restart when it does.
 *
 * @throws {ConfigurationError} when an option is wrong, or two bundles are of one trust domain
 */
export function staticSource(options: StaticSourceOptions): WorkloadIdentity {
  const { credentials = [], bundles } = parseOptions("staticSource", schema, options);
  const byTrustDomain = new Map<TrustDomain, TrustBundle>();
  for (const [index, bundle] of bundles.entries()) {
    if (byTrustDomain.has(bundle.trustDomain)) {
      const problem = "is a second bundle of its trust domain; bundles are never merged";
      throw invalidOption("staticSource", `bundles[${index}]`, problem);
    }
    byTrustDomain.set(bundle.trustDomain, bundle);
  }
  return Object.freeze({
    trustBundle: (trustDomain: TrustDomain) => byTrustDomain.get(trustDomain),
    credentials: () => credentials,
  });
}

function hasMember(name: string): (value: unknown) => boolean {
  return (value) => typeof value === "object" && value !== null && name in value;
}
