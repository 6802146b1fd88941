import { staticSource, type TrustBundle, type WorkloadIdentity } from "@firsthand/core";
import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { EndpointHolder } from "../endpoint/endpoint-holder.js";
import { HeldIdentity } from "../identity/held-identity.js";
import { IdentityHolder } from "../identity/identity-holder.js";
import type { IdentityState } from "../identity/identity-state.js";
import { type FederatedSource, federate } from "./federate.js";

const clock = createTestClock();
const create = (name: string) => createTrustDomain(name, { clock });
const home = await create("home.example");
const partner = await create("partner.example");
const third = await create("third.example");
const bundles = {
  home: await home.bundle(),
  partner: await partner.bundle(),
  third: await third.bundle(),
};
const { credential } = await home.issueX509Svid("/web");
const identity = staticSource({ credentials: [credential], bundles: [bundles.home] });

function sourceOf(bundle: TrustBundle) {
  const { trustDomain } = bundle;
  const holder = new EndpointHolder(bundle, clock, 900, "a bundle endpoint");
  const source: FederatedSource = {
    trustDomain,
    trustBundle: (name) => (name === trustDomain ? holder.value : undefined),
    subscribe: (listener) => holder.subscribe(listener),
  };
  return { holder, source };
}

function openLive(...held: readonly TrustBundle[]) {
  const snapshot = (of: readonly TrustBundle[]) => ({
    credentials: [credential],
    bundles: new Map(of.map((bundle) => [bundle.trustDomain, bundle])),
  });
  const holder = new IdentityHolder(snapshot(held), clock);
  const live = new HeldIdentity(holder, async () => undefined);
  return { live, update: (...next: TrustBundle[]) => holder.update(snapshot(next)) };
}

describe("federate", () => {
  it("adds the trust domains of its sources, and only those", () => {
    const sources = [sourceOf(bundles.partner).source, sourceOf(bundles.third).source];
    const federated = federate(identity, ...sources);
    expect(federated.credentials()).toEqual([credential]);
    expect(federated.trustBundle(home.name)).toBe(bundles.home);
    expect(federated.trustBundle(partner.name)).toBe(bundles.partner);
    expect(federated.trustBundle(third.name)).toBe(bundles.third);
    expect(federate(identity).trustBundle(partner.name)).toBeUndefined();
  });

  it("asks a source for its own trust domain only", () => {
    const lax = { ...sourceOf(bundles.partner).source, trustBundle: () => bundles.third };
    const federated = federate(identity, lax);
    expect(federated.trustBundle(third.name)).toBeUndefined();
  });

  it("has what a source has now", async () => {
    const { holder, source } = sourceOf(bundles.partner);
    const federated = federate(identity, source);
    const newer = await partner.bundle();
    holder.confirm(newer);
    expect(federated.trustBundle(partner.name)).toBe(newer);
    holder.close();
    expect(() => federated.trustBundle(partner.name)).toThrow(
      expect.objectContaining({ code: "source_closed" }),
    );
    expect(federated.trustBundle(home.name)).toBe(bundles.home);
  });

  it("prefers what the identity comes to have itself", () => {
    const { live, update } = openLive(bundles.home);
    const federated = federate(live, sourceOf(bundles.partner).source);
    const own = { ...bundles.partner };
    update(bundles.home, own);
    expect(federated.trustBundle(partner.name)).toBe(own);
  });

  it("trusts nobody when the identity has nothing any more", async () => {
    const { live } = openLive(bundles.home);
    const federated = federate(live, sourceOf(bundles.partner).source);
    await live.close();
    for (const act of [() => federated.credentials(), () => federated.trustBundle(partner.name)]) {
      expect(act).toThrow(expect.objectContaining({ code: "source_closed" }));
    }
  });

  it.each<[title: string, of: WorkloadIdentity, sources: FederatedSource[], option: string]>([
    [
      "two sources of one trust domain",
      identity,
      [sourceOf(bundles.partner).source, sourceOf(bundles.partner).source],
      "sources[1]",
    ],
    ["a source of our own trust domain", identity, [sourceOf(bundles.home).source], "sources[0]"],
    [
      "a source of what the identity has",
      openLive(bundles.home, bundles.third).live,
      [sourceOf(bundles.partner).source, sourceOf(bundles.third).source],
      "sources[1]",
    ],
    ["a promise of a source", identity, [Promise.resolve() as never], "sources[0]"],
    ["a promise of an identity", Promise.resolve() as never, [], "identity"],
  ])("TB-006 refuses %s", (_, of, sources, option) => {
    expect(() => federate(of, ...sources)).toThrow(
      expect.objectContaining({ name: "ConfigurationError", code: "option_invalid", option }),
    );
  });
});

describe("federate with a live identity", () => {
  it("tells of every change, until it is told not to", async () => {
    const { live, update } = openLive(bundles.home);
    const { holder, source } = sourceOf(bundles.partner);
    const federated = federate(live, source);
    const states: IdentityState[] = [];
    const unsubscribe = federated.subscribe((state) => states.push(state));
    update(bundles.home);
    holder.confirm(await partner.bundle());
    expect(states).toEqual([live.state, live.state]);
    unsubscribe();
    update(bundles.home);
    holder.confirm(bundles.partner);
    expect(states).toHaveLength(2);
    await live.close();
  });

  it("has the state of the identity", async () => {
    const { live } = openLive(bundles.home);
    const { holder, source } = sourceOf(bundles.partner);
    const federated = federate(live, source);
    holder.close();
    expect(federated.state).toBe(live.state);
    expect(federated.state.status).toBe("ready");
    await live.close();
    expect(federated.state.status).toBe("expired");
  });

  it("proves the identity", async () => {
    const { live } = openLive(bundles.home);
    const federated = federate(live, sourceOf(bundles.partner).source);
    const sent: Headers[] = [];
    const fetch = federated.fetch({
      peers: { "https://orders.internal": "spiffe://partner.example/orders" },
      clock,
      fetch: async (_url: string, init?: RequestInit) => {
        sent.push(new Headers(init?.headers));
        return new Response();
      },
    });
    await fetch("https://orders.internal/orders");
    expect(sent[0]?.get("svid-proof")).toMatch(/^ey/);
    await live.close();
  });
});
