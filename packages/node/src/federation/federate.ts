import {
  capability,
  invalidOption,
  parseOptions,
  type TrustDomain,
  type WorkloadIdentity,
} from "@firsthand/core";
import * as z from "zod/mini";
import type { LiveIdentity } from "../identity/live-identity.js";
import type { BundleEndpoint } from "./bundle-endpoint.js";

/** Where the bundle of one foreign trust domain comes from. */
export type FederatedSource = Pick<BundleEndpoint, "trustDomain" | "trustBundle" | "subscribe">;

/** A live identity that trusts further trust domains. Its parts are closed by whoever opened them. */
export type FederatedIdentity = WorkloadIdentity &
  Pick<LiveIdentity, "state" | "subscribe" | "fetch">;

const factory = "federate";
const schema = z.object({
  identity: capability<WorkloadIdentity>("credentials", "trustBundle"),
  sources: z.array(capability<FederatedSource>("trustBundle", "subscribe")),
});

/**
 * Adds foreign trust domains to those that an identity trusts. The bundle of a trust domain comes from
 * one place and is never merged with another: what the identity itself has, now or later, takes the
 * place of what a source has.
 *
 * Subscribers hear of every change, those of the sources included. The state stays that of the
 * identity: an endpoint of somebody else that is down is no reason to stop serving everybody. Each
 * source has its own.
 *
 * @throws {ConfigurationError} when two sources are of one trust domain, or the identity has a bundle
 * of it
 * @throws {CredentialError} what the identity throws
 */
export function federate(
  identity: LiveIdentity,
  ...sources: readonly FederatedSource[]
): FederatedIdentity;
export function federate(
  identity: WorkloadIdentity,
  ...sources: readonly FederatedSource[]
): WorkloadIdentity;
export function federate(
  identity: WorkloadIdentity | LiveIdentity,
  ...sources: readonly FederatedSource[]
): WorkloadIdentity {
  parseOptions(factory, schema, { identity, sources });
  const byTrustDomain = new Map<TrustDomain, FederatedSource>();
  for (const [index, source] of sources.entries()) {
    const { trustDomain } = source;
    if (byTrustDomain.has(trustDomain) || identity.trustBundle(trustDomain) !== undefined) {
      const problem = "is a second source of its trust domain; bundles are never merged";
      throw invalidOption(factory, `sources[${index}]`, problem);
    }
    byTrustDomain.set(trustDomain, source);
  }
  const federated: WorkloadIdentity = {
    credentials: () => identity.credentials(),
    trustBundle: (name) => identity.trustBundle(name) ?? byTrustDomain.get(name)?.trustBundle(name),
  };
  return "state" in identity ? alive(federated, identity, sources) : Object.freeze(federated);
}

function alive(
  federated: WorkloadIdentity,
  identity: LiveIdentity,
  sources: readonly FederatedSource[],
): FederatedIdentity {
  return Object.freeze<FederatedIdentity>({
    ...federated,
    get state() {
      return identity.state;
    },
    fetch: (options) => identity.fetch(options),
    subscribe(listener) {
      const subscriptions = [
        identity.subscribe(listener),
        ...sources.map((source) => source.subscribe(() => listener(identity.state))),
      ];
      return () => {
        for (const unsubscribe of subscriptions) unsubscribe();
      };
    },
  });
}
