import {
  type CertificateMutationName,
  certificateMutations,
  createTrustDomain,
  type RequestData,
  toProofRequest,
} from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import type { Caller } from "../caller.js";
import { expectRefusal } from "../expect-error.test-support.js";
import type { Observation } from "../observer.js";
import type { PolicyRequest } from "../policy/policy.js";
import type { RequestContent } from "../proof/proof-request.js";
import type { VerificationCode } from "../refusal-codes.js";
import {
  createScene,
  ledgerId,
  now,
  origin,
  prove,
  type Scene,
  transfer,
  verifierOf,
  webId,
} from "../scene.test-support.js";
import type { TrustSource } from "../trust/trust-source.js";
import type { VerifierOptions } from "../verifier-options.js";

type Chain = readonly Uint8Array[];

const bare: RequestData = { method: "GET", target: "/v1/transfers?dry=1", headers: [] };
const anyone = { policy: () => true };
const byChannel: Partial<VerifierOptions> = { accept: ["svid-proof-1", "wpt-02", "mutual-tls"] };
const sameWorkload: Partial<VerifierOptions> = { channel: "same-workload" };

let scene: Scene;

beforeAll(async () => {
  scene = await createScene({ credentials: ["x509-svid", "wit-svid"] });
});

/** What the connection of a workload shows. */
async function chainOf(workload: string, of: Scene = scene): Promise<Chain> {
  return (await of.domain.issueX509Svid(workload)).chain;
}

/** A verifier, and a request to it over a connection that shows these certificates. */
function verifying(options: Partial<VerifierOptions>, of: Scene = scene) {
  const verifier = verifierOf(of, options);
  return (peerCertificates: Chain | undefined, request: RequestData = bare): Promise<Caller> =>
    verifier.verify({ ...toProofRequest(request), peerCertificates });
}

describe("a request without a proof, over mutual TLS", () => {
  it("is its workload's, with evidence that cannot be taken for a proof", async () => {
    const { chain, credential } = await scene.domain.issueX509Svid(webId, { ttlSeconds: 600 });
    const caller = await verifying(byChannel)(chain);
    expect(caller.id.toString()).toBe(webId);
    expect(caller.credential).toEqual({
      kind: "x509-svid",
      thumbprint: credential.thumbprint,
      notBefore: now - 10,
      expiresAt: now + 600,
      issuer: undefined,
    });
    expect(caller.proof).toEqual({
      format: "mutual-tls",
      binding: "channel",
      idHash: undefined,
      issuedAt: undefined,
      expiresAt: now + 600,
    });
    expect([caller, caller.credential, caller.proof].every(Object.isFrozen)).toBe(true);
  });

  it("is refused unless that is asked for", async () => {
    await expectRefusal(async () => verifying({})(await chainOf(webId)), "proof_missing");
  });

  it("is put before the policy and recorded, and leaves replay guard and content alone", async () => {
    const asked: [Caller, PolicyRequest][] = [];
    const seen: Observation[] = [];
    const verifier = verifierOf(scene, {
      ...byChannel,
      policy: (caller, request) => asked.push([caller, request]) === 1,
      replay: { claim: () => expect.fail("claimed") },
      observer: (observation) => void seen.push(observation),
    });
    const untouched: RequestContent = {
      buffered: () => expect.fail("read"),
      streaming: () => expect.fail("read"),
    };
    const peerCertificates = await chainOf(webId);
    const request = { ...toProofRequest(bare), peerCertificates, content: untouched };
    const caller = await verifier.verify(request);
    const time = scene.clock.now();
    expect(asked).toEqual([
      [caller, { method: "GET", path: "/v1/transfers", query: "dry=1", time }],
    ]);
    expect(seen).toMatchObject([{ decision: "accepted", caller }]);
    await expectRefusal(() => verifier.verify(request), "caller_forbidden");
    expect(seen[1]).toMatchObject({ decision: "refused", caller: { id: caller.id } });
  });

  it("may be repeated", async () => {
    const call = verifying(byChannel);
    const chain = await chainOf(webId);
    await call(chain);
    await call(chain);
  });

  it.each<[title: string, chain: () => Promise<Chain | undefined>, code: VerificationCode]>([
    ["no certificate", async () => undefined, "proof_missing"],
    ["an empty list", async () => [], "certificate_chain_empty"],
    ["another workload", () => chainOf(ledgerId), "caller_forbidden"],
    ["a workload of an unknown trust domain", foreignChain, "trust_domain_unknown"],
  ])("is refused with %s", async (_, chain, code) => {
    await expectRefusal(async () => verifying(byChannel)(await chain()), code);
  });

  it.each<[mutation: CertificateMutationName, code: VerificationCode]>([
    ["uriMissing", "certificate_uri_missing"],
    ["uriTwice", "certificate_uri_multiple"],
    ["leafExpired", "certificate_expired"],
    ["leafNotYetValid", "certificate_not_yet_valid"],
    ["leafIsCa", "certificate_is_ca"],
    ["impostorOfSameName", "certificate_untrusted"],
    ["foreignTrustDomain", "trust_domain_unknown"],
    ["neighbourAsIssuer", "certificate_issuer_not_ca"],
  ])("is refused with the certificate %s", async (mutation, code) => {
    const { chain } = await certificateMutations[mutation](scene.domain, webId);
    await expectRefusal(() => verifying({ ...byChannel, ...anyone })(chain), code);
  });

  it("is refused while there is no trust", async () => {
    const identity: TrustSource = { trustBundle: () => expect.fail("closed") };
    const chain = await chainOf(webId);
    await expectRefusal(() => verifying({ ...byChannel, identity })(chain), "trust_unavailable");
  });

  it("is refused when its target is no path", async () => {
    const request = { ...bare, target: "https://ledger.pay.svc/" };
    const chain = await chainOf(webId);
    await expectRefusal(() => verifying(byChannel)(chain, request), "target_invalid");
  });

  it.each([
    ["X-Forwarded-Client-Cert", `By=${ledgerId};URI=${webId}`],
    ["Client-Cert", ":MIIB:"],
    ["X-SPIFFE-ID", webId],
  ])("is not made out of the header %s", async (name, value) => {
    const request = { ...bare, headers: [[name, value] as const] };
    await expectRefusal(() => verifying(byChannel)(undefined, request), "proof_missing");
    const caller = await verifying({ ...byChannel, ...anyone })(await chainOf(ledgerId), request);
    expect(caller.id.toString()).toBe(ledgerId);
  });
});

describe("a request with anything of a proof is judged by that, whatever its connection is", () => {
  const witHeader = Buffer.from('{"typ":"wit+jwt"}').toString("base64url");

  it.each<[name: string, value: string, code: VerificationCode]>([
    ["SVID-Proof", "a.b", "token_malformed"],
    ["SVID-Proof", "", "token_malformed"],
    ["Workload-Identity-Token", "a.b.c", "wit_without_proof"],
    ["Workload-Proof-Token", "a.b.c", "wpt_without_wit"],
    ["Authorization", "WPT a.b.c", "wpt_without_wit"],
    ["Authorization", `Bearer ${witHeader}.b.c`, "wit_as_bearer"],
  ])("%s: %s", async (name, value, code) => {
    const request = { ...bare, headers: [[name, value] as const] };
    const chain = await chainOf(webId);
    await expectRefusal(() => verifying(byChannel)(chain, request), code);
  });

  it("also when no proof is accepted at all", async () => {
    const call = verifying({ accept: ["mutual-tls"] });
    const [chain, proved] = await Promise.all([chainOf(webId), prove(scene, bare)]);
    await expectRefusal(() => call(chain, proved), "proof_kind_not_accepted");
    await call(chain);
  });

  it("and an ordinary bearer token is not of a proof", async () => {
    const request = { ...bare, headers: [["Authorization", "Bearer user"] as const] };
    const caller = await verifying(byChannel)(await chainOf(webId), request);
    expect(caller.proof.binding).toBe("channel");
  });

  it("so that the caller is who made the proof", async () => {
    const caller = await verifying(byChannel)(await chainOf(ledgerId), await prove(scene, bare));
    expect(caller.id.toString()).toBe(webId);
    expect(caller.proof).toMatchObject({ format: "wpt-02", binding: "full" });
  });
});

describe("the challenge", () => {
  it("does not name mutual TLS, which no header can answer", () => {
    expect(verifierOf(scene, byChannel).challenge).toBe("SVID-Proof, WPT");
    expect(verifierOf(scene, { accept: ["mutual-tls"] }).challenge).toBe("");
  });
});

describe.each(["svid-proof-1", "wpt-02"] as const)("a %s held to its connection", (format) => {
  const proved = () => prove(scene, transfer, { peers: { [origin]: peer(format) } });

  it("is accepted over that of the same workload, whichever certificate it shows", async () => {
    const call = verifying(sameWorkload);
    const first = await call(await chainOf(webId), await proved());
    const second = await call(await chainOf(webId), await proved());
    expect([first, second]).toMatchObject([{ proof: { format } }, { proof: { format } }]);
  });

  it.each<[title: string, chain: () => Promise<Chain | undefined>, code: VerificationCode]>([
    ["no certificate", async () => undefined, "channel_missing"],
    ["an empty list", async () => [], "certificate_chain_empty"],
    ["the certificate of another workload", () => chainOf(ledgerId), "channel_mismatch"],
    ["one of an unknown trust domain", foreignChain, "trust_domain_unknown"],
    ["an expired one", () => mutated("leafExpired"), "certificate_expired"],
    ["one of an impostor", () => mutated("impostorOfSameName"), "certificate_untrusted"],
  ])("is refused with %s", async (_, chain, code) => {
    const call = verifying({ ...sameWorkload, ...anyone });
    await expectRefusal(async () => call(await chain(), await proved()), code);
  });

  it("is not used up by a refusal", async () => {
    const call = verifying(sameWorkload);
    const request = await proved();
    await expectRefusal(() => call(undefined, request), "channel_missing");
    await call(await chainOf(webId), request);
  });

  it("is accepted over any other connection where nobody asks", async () => {
    await verifying({})(await chainOf(ledgerId), await proved());
    await verifying({})(undefined, await proved());
  });
});

describe("the verdict on a connection", () => {
  const wasReached = (a: Caller, b: Caller) => a.credential === b.credential;

  it("is reached once for all of its requests", async () => {
    const call = verifying(byChannel);
    const chain = await chainOf(webId);
    const first = await call(chain);
    expect(wasReached(first, await call(chain))).toBe(true);
    expect(wasReached(first, await call([...chain]))).toBe(false);
  });

  it("is reached again under a new bundle", async () => {
    const other = await createScene();
    const call = verifying(byChannel, other);
    const chain = await chainOf(webId, other);
    const first = await call(chain);
    await other.ledger.renew();
    expect(wasReached(first, await call(chain))).toBe(false);
  });

  it("does not outlive the authority that it rests on", async () => {
    const other = await createScene();
    const call = verifying(byChannel, other);
    const chain = await chainOf(webId, other);
    await call(chain);
    await other.domain.rotateAuthorities();
    other.domain.revokeOldAuthorities();
    await other.ledger.renew();
    await expectRefusal(() => call(chain), "certificate_untrusted");
  });

  it("does not outlive the certificate, to the second", async () => {
    const other = await createScene();
    const call = verifying(byChannel, other);
    const chain = await chainOf(webId, other);
    await call(chain);
    other.clock.advance({ seconds: 3600 });
    await call(chain);
    other.clock.advance({ seconds: 1 });
    await expectRefusal(() => call(chain), "certificate_expired");
  });

  it("does not stand while the source of trust fails", async () => {
    let isClosed = false;
    const identity: TrustSource = {
      trustBundle: (name) => (isClosed ? expect.fail("closed") : scene.ledger.trustBundle(name)),
    };
    const call = verifying({ ...byChannel, identity });
    const chain = await chainOf(webId);
    await call(chain);
    isClosed = true;
    await expectRefusal(() => call(chain), "trust_unavailable");
  });
});

const peer = (format: "svid-proof-1" | "wpt-02") => ({ id: ledgerId, accept: [format] });

async function foreignChain(): Promise<Chain> {
  const { clock } = scene;
  const foreign = await createTrustDomain("foreign.example", { clock });
  return (await foreign.issueX509Svid("/web")).chain;
}

async function mutated(name: CertificateMutationName): Promise<Chain> {
  return (await certificateMutations[name](scene.domain, webId)).chain;
}
