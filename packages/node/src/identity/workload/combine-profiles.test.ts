import type { TrustBundle } from "@firsthand/core";
import { type Credential, parseTokenBundle, parseX509Bundle } from "@firsthand/core";
import { createTrustDomain } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import type { HeldValue } from "../held-value.js";
import { combineProfiles } from "./combine-profiles.js";
import type { ProfileState, WorkloadProfile } from "./profile-state.js";

const domain = await createTrustDomain("a.example");
const partner = await createTrustDomain("b.example");
const { credential } = await domain.issueX509Svid("/w");
const { credential: witCredential } = await domain.issueWitSvid("/w");

interface Keys {
  readonly keys: readonly { readonly use: string }[];
}

/** The bundle of a domain as one profile delivers it. */
async function bundleOf(
  of: typeof domain,
  profile: WorkloadProfile,
): Promise<HeldValue<TrustBundle>> {
  if (profile === "x509") {
    const { certificate } = of.authorities.x509.root;
    return { digest: "", value: await parseX509Bundle(of.name, certificate) };
  }
  const use = `${profile}-svid` as const;
  const { keys } = JSON.parse(of.bundleDocument()) as Keys;
  const document = JSON.stringify({ keys: keys.filter((key) => key.use === use) });
  return { digest: "", value: await parseTokenBundle(of.name, document, use) };
}

async function stateOf(
  profile: WorkloadProfile,
  credential: Credential | undefined,
  ...domains: readonly (typeof domain)[]
): Promise<[WorkloadProfile, ProfileState]> {
  const entries = domains.map(async (of) => [of.name, await bundleOf(of, profile)] as const);
  return [profile, { credential, bundles: new Map(await Promise.all(entries)) }];
}

const x509 = await stateOf("x509", credential, domain, partner);
const jwt = await stateOf("jwt", undefined, domain);
const wit = await stateOf("wit", witCredential, domain);

describe("combineProfiles", () => {
  it("takes from each profile only the authorities of its own kind", () => {
    const { credentials, bundles } = combineProfiles(new Map([jwt, wit, x509]), undefined);
    expect(credentials).toEqual([credential, witCredential]);
    const own = bundles.get(domain.name);
    const { jwt: jwtKeys, wit: witKeys } = domain.authorities;
    expect(own?.x509Authorities).toHaveLength(1);
    expect([...(own?.jwtAuthorities.keys() ?? [])]).toEqual(jwtKeys.map(({ keyId }) => keyId));
    expect([...(own?.witAuthorities.keys() ?? [])]).toEqual(witKeys.map(({ keyId }) => keyId));
    const federated = bundles.get(partner.name);
    expect(federated?.x509Authorities).toHaveLength(1);
    expect(federated?.jwtAuthorities.size).toBe(0);
    expect(federated?.witAuthorities.size).toBe(0);
  });

  it("stays the same object while nothing changes", () => {
    const held = combineProfiles(new Map([x509, jwt, wit]), undefined);
    expect(combineProfiles(new Map([x509, jwt, wit]), held)).toBe(held);
  });

  it("keeps the bundle of a domain that another's change does not touch", async () => {
    const held = combineProfiles(new Map([x509, jwt, wit]), undefined);
    const renewed: typeof x509 = ["x509", { ...x509[1], bundles: new Map(x509[1].bundles) }];
    (renewed[1].bundles as Map<unknown, unknown>).set(
      partner.name,
      await bundleOf(partner, "x509"),
    );
    const next = combineProfiles(new Map([renewed, jwt, wit]), held);
    expect(next).not.toBe(held);
    expect(next.bundles.get(domain.name)).toBe(held.bundles.get(domain.name));
    expect(next.bundles.get(partner.name)).not.toBe(held.bundles.get(partner.name));
  });

  it("is another with another credential, and with one less", async () => {
    const held = combineProfiles(new Map([x509, wit]), undefined);
    const { credential: other } = await domain.issueX509Svid("/w");
    const changed = combineProfiles(
      new Map([["x509", { ...x509[1], credential: other }], wit]),
      held,
    );
    expect(changed.credentials).toEqual([other, witCredential]);
    expect(changed.bundles.get(domain.name)).toBe(held.bundles.get(domain.name));
    const fewer = combineProfiles(
      new Map([["x509", { ...x509[1], credential: undefined }], wit]),
      held,
    );
    expect(fewer.credentials).toEqual([witCredential]);
  });

  it("drops a domain that no profile has any more", async () => {
    const held = combineProfiles(new Map([x509, jwt]), undefined);
    const next = combineProfiles(new Map([await stateOf("x509", credential, domain), jwt]), held);
    expect([...next.bundles.keys()]).toEqual([domain.name]);
    const without = combineProfiles(
      new Map([await stateOf("x509", credential, partner), jwt]),
      held,
    );
    expect(without.bundles.get(domain.name)?.x509Authorities).toEqual([]);
    expect(without.bundles.get(domain.name)?.jwtAuthorities.size).toBe(1);
  });
});
