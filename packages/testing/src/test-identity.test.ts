import {
  type Clock,
  ConfigurationError,
  CredentialError,
  createProver,
  createVerifier,
  VerificationError,
  type WorkloadIdentity,
} from "@firsthand/core";
import { describe, expect, it } from "vitest";
import { createTestClock } from "./clock.js";
import { type IdentityMaterial, loadIdentity } from "./identity.js";
import { createTrustDomain } from "./trust-domain.js";

async function openDomains() {
  const clock = createTestClock();
  const shop = await createTrustDomain("shop.example", { clock });
  const partner = await createTrustDomain("partner.example", { clock });
  return { clock, shop, partner };
}

describe("identity", () => {
  it("holds one X.509-SVID and the bundle of its own domain", async () => {
    const { shop, partner } = await openDomains();
    const identity = await shop.identity("/checkout");
    expect(identity.credentials().map(({ kind }) => kind)).toEqual(["x509-svid"]);
    expect(identity.credentials()[0]?.id.toString()).toBe("spiffe://shop.example/checkout");
    expect(identity.trustBundle(shop.name)?.trustDomain).toBe("shop.example");
    expect(identity.trustBundle(partner.name)).toBeUndefined();
  });

  it("holds the credentials that it is asked for, in their order", async () => {
    const { shop } = await openDomains();
    const identity = await shop.identity("/checkout", {
      credentials: ["wit-svid", "x509-svid"],
      x509Svid: { keyType: "P-384" },
      witSvid: { algorithm: "ES512" },
    });
    expect(identity.credentials().map(({ kind, algorithm }) => [kind, algorithm])).toEqual([
      ["wit-svid", "ES512"],
      ["x509-svid", "ES384"],
    ]);
  });

  it("holds the bundles of federated domains, one way", async () => {
    const { shop, partner } = await openDomains();
    shop.federate(partner);
    const [checkout, supplier] = await Promise.all([
      shop.identity("/checkout"),
      partner.identity("/supplier"),
    ]);
    expect(checkout.trustBundle(partner.name)?.trustDomain).toBe("partner.example");
    expect(supplier.trustBundle(shop.name)).toBeUndefined();
  });

  it("does not take the bundle of another domain for its own", async () => {
    const { shop } = await openDomains();
    const impostor = await createTrustDomain("shop.example");
    expect(() => shop.federate(impostor)).toThrow(ConfigurationError);
  });

  it("changes when it is renewed, and not before", async () => {
    const { clock, shop } = await openDomains();
    const identity = await shop.identity("/checkout");
    const [before] = identity.credentials();
    const bundle = identity.trustBundle(shop.name);
    clock.advance({ seconds: 1800 });
    await shop.rotateAuthorities();
    expect(identity.credentials()[0]).toBe(before);
    expect(identity.trustBundle(shop.name)).toBe(bundle);
    await identity.renew();
    expect(identity.credentials()[0]?.expiresAt).toBe((before?.expiresAt ?? 0) + 1800);
    expect(identity.trustBundle(shop.name)?.sequence).toBe(2);
  });
});

describe("proofs of an identity", () => {
  const origin = "https://orders.internal";

  /** The SPIFFE ID of an accepted caller, or the code of the refusal. */
  async function outcome(caller: WorkloadIdentity, callee: WorkloadIdentity, clock: Clock) {
    const prover = createProver({
      identity: caller,
      peers: { [origin]: "spiffe://shop.example/orders" },
      clock,
    });
    const verifier = createVerifier({ identity: callee, origin, policy: () => true, clock });
    const url = new URL("/orders", origin);
    const { headers } = await prover.prove({ method: "GET", url, headers: [] });
    try {
      const { id } = await verifier.verify({ method: "GET", target: "/orders", headers });
      return id.toString();
    } catch (error) {
      if (error instanceof VerificationError) return error.code;
      throw error;
    }
  }

  describe.each([
    ["x509-svid", "certificate_untrusted"],
    ["wit-svid", "token_key_unknown"],
  ] as const)("with a %s", (kind, revoked) => {
    it("are accepted in its own and in federated domains, and nowhere else", async () => {
      const { clock, shop, partner } = await openDomains();
      const orders = await shop.identity("/orders");
      const checkout = await shop.identity("/checkout", { credentials: [kind] });
      const supplier = await partner.identity("/supplier", { credentials: [kind] });
      expect(await outcome(checkout, orders, clock)).toBe("spiffe://shop.example/checkout");
      expect(await outcome(supplier, orders, clock)).toBe("trust_domain_unknown");
      shop.federate(partner);
      await orders.renew();
      expect(await outcome(supplier, orders, clock)).toBe("spiffe://partner.example/supplier");
    });

    it("outlive a rotation of authorities, but not a revocation", async () => {
      const { clock, shop } = await openDomains();
      const orders = await shop.identity("/orders");
      const checkout = await shop.identity("/checkout", { credentials: [kind] });
      await shop.rotateAuthorities();
      await orders.renew();
      expect(await outcome(checkout, orders, clock)).toBe("spiffe://shop.example/checkout");
      shop.revokeOldAuthorities();
      await orders.renew();
      expect(await outcome(checkout, orders, clock)).toBe(revoked);
      await checkout.renew();
      expect(await outcome(checkout, orders, clock)).toBe("spiffe://shop.example/checkout");
    });
  });
});

describe("loadIdentity", () => {
  async function material(): Promise<IdentityMaterial> {
    const { shop, partner } = await openDomains();
    shop.federate(partner);
    const identity = await shop.identity("/checkout", { credentials: ["wit-svid", "x509-svid"] });
    return JSON.parse(JSON.stringify(identity.material()));
  }

  it("makes the same identity in another process", async () => {
    const { shop, partner } = await openDomains();
    shop.federate(partner);
    const given = await shop.identity("/checkout", { credentials: ["wit-svid", "x509-svid"] });
    const loaded = await loadIdentity(JSON.parse(JSON.stringify(given.material())));
    const thumbprints = given.credentials().map(({ thumbprint }) => thumbprint);
    expect(loaded.credentials().map(({ thumbprint }) => thumbprint)).toEqual(thumbprints);
    expect(loaded.trustBundle(shop.name)?.sequence).toBe(1);
    expect(loaded.trustBundle(partner.name)?.sequence).toBe(1);
  });

  it.each<[string, string, (good: IdentityMaterial, other: IdentityMaterial) => IdentityMaterial]>([
    ["credential_invalid", "a chain without a leaf", (good) => withX509(good, { chain: [] })],
    [
      "credential_key_mismatch",
      "the key of another",
      (good, other) => {
        const [, svid] = other.credentials;
        return withX509(good, { privateKey: svid?.kind === "x509-svid" ? svid.privateKey : "" });
      },
    ],
    [
      "bundle_invalid",
      "a bundle that is none",
      (good) => ({
        ...good,
        bundles: { ...good.bundles, "partner.example": "{}" },
      }),
    ],
  ])("refuses with %s: %s", async (code, _, mutate) => {
    const [good, other] = await Promise.all([material(), material()]);
    const loading = loadIdentity(mutate(good, other));
    await expect(loading).rejects.toThrow(CredentialError);
    await expect(loading).rejects.toMatchObject({ code });
  });
});

function withX509(good: IdentityMaterial, change: object): IdentityMaterial {
  const credentials = good.credentials.map((credential) =>
    credential.kind === "x509-svid" ? { ...credential, ...change } : credential,
  );
  return { ...good, credentials };
}
