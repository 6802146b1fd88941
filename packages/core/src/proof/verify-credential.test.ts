import { toProofRequest } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import type { Caller } from "../caller.js";
import { expectRefusal } from "../expect-error.test-support.js";
import {
  createScene,
  now,
  prove,
  rulesOf,
  type Scene,
  verifierOf,
  verify,
} from "../scene.test-support.js";
import { parseTrustDomain } from "../spiffe/spiffe-id.js";
import type { TrustBundle } from "../trust/trust-bundle.js";
import type { TrustSource } from "../trust/trust-source.js";
import { createCredentialCache } from "./credential-cache.js";
import { findProof } from "./received-proof.js";
import { readSecurityHeaders } from "./security-headers.js";
import { openProof, verifyCredential } from "./verify-credential.js";

/** A verifier whose trust can be changed under it. */
async function createCase(kind: "x509-svid" | "wit-svid") {
  const scene = await createScene({ credentials: [kind] });
  let answer: () => TrustBundle | undefined = () => scene.ledger.trustBundle(scene.domain.name);
  const identity: TrustSource = { trustBundle: () => answer() };
  const verifier = verifierOf(scene, { identity });
  return {
    scene,
    trust(next: typeof answer) {
      answer = next;
    },
    /** Proves a new request with the same credential. */
    call: async (): Promise<Caller> => verify(verifier, await prove(scene)),
  };
}

const wasReached = (a: Caller, b: Caller) => a.credential === b.credential;

async function revoke({ domain, ledger }: Scene): Promise<void> {
  await domain.rotateAuthorities();
  domain.revokeOldAuthorities();
  await ledger.renew();
}

describe.each(["x509-svid", "wit-svid"] as const)("the verdict on a %s", (kind) => {
  it("is reached once, while nothing changes", async () => {
    const { call } = await createCase(kind);
    expect(wasReached(await call(), await call())).toBe(true);
  });

  it("is reached again under a new bundle", async () => {
    const { scene, call } = await createCase(kind);
    const first = await call();
    await scene.ledger.renew();
    const second = await call();
    expect(wasReached(first, second)).toBe(false);
    expect(second.credential).toEqual(first.credential);
    expect(wasReached(second, await call())).toBe(true);
  });

  it("is reached again for a renewed credential", async () => {
    const { scene, call } = await createCase(kind);
    const first = await call();
    await scene.web.renew();
    expect(wasReached(first, await call())).toBe(false);
  });

  it("does not rest on the bundle of another trust domain", async () => {
    const { scene, trust, call } = await createCase(kind);
    const bundle = await scene.domain.bundle();
    trust(() => ({ ...bundle, trustDomain: parseTrustDomain("other.example") }));
    await expectRefusal(call, "trust_domain_unknown");
  });

  it("is kept only for who proves the key", async () => {
    const scene = await createScene({ credentials: [kind] });
    const rules = rulesOf({ identity: scene.ledger, clock: scene.clock });
    const { headers } = toProofRequest(await prove(scene));
    const token = openProof(findProof(readSecurityHeaders(headers), rules.accept), rules);
    const cache = createCredentialCache();
    await verifyCredential(token, rules, cache, now);
    expect(cache.get(token.credentialText)).toBeUndefined();
  });

  it("does not outlive the bundle of its trust domain", async () => {
    const { trust, call } = await createCase(kind);
    await call();
    trust(() => undefined);
    await expectRefusal(call, "trust_domain_unknown");
  });

  it("does not stand while the source of trust fails", async () => {
    const { scene, trust, call } = await createCase(kind);
    await call();
    trust(() => expect.fail("closed"));
    await expectRefusal(call, "trust_unavailable");
    trust(() => scene.ledger.trustBundle(scene.domain.name));
    await call();
  });
});

describe("the verdict on a WIT-SVID", () => {
  it("TB-030 does not outlive the authority that signed it", async () => {
    const { scene, call } = await createCase("wit-svid");
    await call();
    await revoke(scene);
    await expectRefusal(call, "token_key_unknown", "wit-svid");
    await scene.web.renew();
    await call();
  });

  it("RO-010 is void as soon as the bundle is another", async () => {
    const { scene, call } = await createCase("wit-svid");
    await call();
    await scene.domain.rotateAuthorities();
    await scene.ledger.renew();
    await call();
    scene.domain.revokeOldAuthorities();
    await scene.ledger.renew();
    await expectRefusal(call, "token_key_unknown", "wit-svid");
  });

  it("holds for the skew after its expiry, and no longer", async () => {
    const { scene } = await createCase("wit-svid");
    const [credential] = scene.web.credentials();
    if (credential?.kind !== "wit-svid") expect.fail("no WIT-SVID");
    // The prover would not use it any more, so it is given a later expiry than it has.
    const lasting = { ...credential, expiresAt: credential.expiresAt + 60 };
    const web = { credentials: () => [lasting] };
    const verifier = verifierOf(scene);
    const call = async () => verify(verifier, await prove({ ...scene, web }));
    const first = await call();
    scene.clock.advance({ seconds: 3600 });
    expect(wasReached(first, await call())).toBe(false);
    scene.clock.advance({ seconds: 29 });
    await call();
    scene.clock.advance({ seconds: 1 });
    await expectRefusal(call, "token_expired", "wit-svid");
  });
});

describe("the verdict on an X.509-SVID", () => {
  it("does not outlive the authority that signed it", async () => {
    const { scene, call } = await createCase("x509-svid");
    await call();
    await revoke(scene);
    await expectRefusal(call, "certificate_untrusted");
    await scene.web.renew();
    await call();
  });
});
