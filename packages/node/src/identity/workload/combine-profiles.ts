import type { TokenAuthority, TrustBundle, TrustDomain, X509Authority } from "@firsthand/core";
import type { IdentitySnapshot } from "../assess-identity.js";
import type { ProfileState, WorkloadProfile } from "./profile-state.js";

type ProfileStates = ReadonlyMap<WorkloadProfile, ProfileState>;

/** Whose credential is the preferred one. */
const order = ["x509", "wit"] as const;

/**
 * Makes one snapshot of what the profiles said. Each contributes only the authorities of its own kind,
 * since no profile's bundle may validate an SVID of another (Workload API §4.2). What did not change
 * stays the same object: a bundle, and the snapshot itself.
 */
export function combineProfiles(
  states: ProfileStates,
  held: IdentitySnapshot | undefined,
): IdentitySnapshot {
  const credentials = order.flatMap((profile) => states.get(profile)?.credential ?? []);
  const domains = new Set([...states.values()].flatMap(({ bundles }) => [...bundles.keys()]));
  const bundles = new Map(
    [...domains].map((name) => [name, combineBundles(name, states, held?.bundles.get(name))]),
  );
  const next = { credentials, bundles };
  return held !== undefined && isSame(next, held) ? held : next;
}

const noAuthorities: readonly X509Authority[] = Object.freeze([]);
const noTokenAuthorities: ReadonlyMap<string, TokenAuthority> = new Map();

function combineBundles(
  trustDomain: TrustDomain,
  states: ProfileStates,
  held: TrustBundle | undefined,
): TrustBundle {
  const bundleOf = (profile: WorkloadProfile) =>
    states.get(profile)?.bundles.get(trustDomain)?.value;
  const x509Authorities = bundleOf("x509")?.x509Authorities ?? noAuthorities;
  const jwtAuthorities = bundleOf("jwt")?.jwtAuthorities ?? noTokenAuthorities;
  const witAuthorities = bundleOf("wit")?.witAuthorities ?? noTokenAuthorities;
  const isHeld =
    held?.x509Authorities === x509Authorities &&
    held.jwtAuthorities === jwtAuthorities &&
    held.witAuthorities === witAuthorities;
  if (isHeld) return held;
  return Object.freeze({
    trustDomain,
    x509Authorities,
    jwtAuthorities,
    witAuthorities,
    sequence: undefined,
    refreshHintSeconds: undefined,
  });
}

function isSame(next: IdentitySnapshot, held: IdentitySnapshot): boolean {
  return (
    next.credentials.length === held.credentials.length &&
    next.credentials.every((credential, at) => credential === held.credentials[at]) &&
    next.bundles.size === held.bundles.size &&
    [...next.bundles].every(([name, bundle]) => bundle === held.bundles.get(name))
  );
}
