import { setImmediate } from "node:timers/promises";
import {
  allowTrustDomain,
  type Caller,
  type Clock,
  createProver,
  createVerifier,
  type Proof,
  type Verifier,
  validateJwtSvid,
  type WorkloadIdentity,
} from "@firsthand/core";
import { headerOf, type RegisteredWorkload } from "@firsthand/testing";
import { describe, expect, it, vi } from "vitest";
import { createScene, type Scene, until, untilState } from "./scene.test-support.js";
import type { WorkloadApiIdentity } from "./workload-api-identity.js";

const origin = "https://orders.internal";
const orders = "spiffe://td.example/wa-a";
const target = "/orders";

function proverOf(identity: WorkloadIdentity, clock: Clock) {
  const prover = createProver({ identity, peers: { [origin]: orders }, clock });
  return () => prover.prove({ method: "GET", url: new URL(target, origin), headers: [] });
}

function verifierOf(identity: WorkloadIdentity, clock: Clock): Verifier {
  return createVerifier({ identity, origin, policy: allowTrustDomain("td.example"), clock });
}

function verify(verifier: Verifier, { headers }: Proof): Promise<Caller> {
  return verifier.verify({ method: "GET", target, headers });
}

/** Only what is held now, for ever. */
function frozen(identity: WorkloadIdentity): WorkloadIdentity {
  const credentials = identity.credentials();
  return { credentials: () => credentials, trustBundle: (name) => identity.trustBundle(name) };
}

/** Delivers what changed, and waits until the bundle of the own domain is another one. */
async function pushBundles(scene: Scene, identity: WorkloadApiIdentity): Promise<void> {
  const before = identity.trustBundle(scene.domain.name);
  await scene.server.pushBundles();
  await until(() => identity.trustBundle(scene.domain.name) !== before);
}

async function rotate({ server }: Scene, identity: WorkloadApiIdentity): Promise<void> {
  const before = identity.credentials();
  await server.rotate();
  await until(() => identity.credentials().every((credential) => !before.includes(credential)));
}

function refusal(code: string) {
  return expect.objectContaining({ name: "VerificationError", code });
}

function failure(code: string) {
  return expect.objectContaining({ name: "CredentialError", code });
}

describe("proofs with a live identity", () => {
  it("RO-002 loses none of 10,000 requests across a rotation", async () => {
    const short: RegisteredWorkload = { workload: "/wa-a", x509Svid: { ttlSeconds: 60 } };
    const scene = await createScene({ workloads: [short], profiles: ["x509"] });
    const { clock, server } = scene;
    const [identity, peer] = [await scene.open(), await scene.open()];
    const [prove, verifier] = [proverOf(identity, clock), verifierOf(peer, clock)];
    const before = identity.credentials();
    const used = new Map<string, number>();
    for (let request = 0; request < 10_000; request++) {
      clock.advance(6.5); // so that the first SVID has run out at the end
      if (request === 5000) void server.rotate();
      if (request === 9000) await until(() => identity.credentials() !== before);
      const { credential } = await verify(verifier, await prove());
      used.set(credential.thumbprint, (used.get(credential.thumbprint) ?? 0) + 1);
      if (request % 10 === 0) await setImmediate();
    }
    expect(used.size).toBe(2);
    expect([...used.values()].reduce((sum, count) => sum + count)).toBe(10_000);
  });

  it("RO-004 is understood before, while and after an authority takes over", async () => {
    const scene = await createScene({ profiles: ["x509"] });
    const { clock, domain } = scene;
    const [identity, peer] = [await scene.open(), await scene.open()];
    const [prove, verifier] = [proverOf(identity, clock), verifierOf(peer, clock)];
    const proveAsBefore = proverOf(frozen(identity), clock);
    await verify(verifier, await prove());
    await domain.rotateAuthorities();
    await pushBundles(scene, peer);
    await verify(verifier, await prove());
    await rotate(scene, identity);
    await verify(verifier, await prove());
    await verify(verifier, await proveAsBefore());
    domain.revokeOldAuthorities();
    await pushBundles(scene, peer);
    await verify(verifier, await prove());
    await expect(verify(verifier, await proveAsBefore())).rejects.toEqual(
      refusal("certificate_untrusted"),
    );
  });

  it("RO-010 are refused when the key behind a verdict that was reached before is gone", async () => {
    const scene = await createScene({ profiles: ["wit"] });
    const { clock, domain } = scene;
    const [identity, peer] = [await scene.open(), await scene.open()];
    const [prove, verifier] = [proverOf(frozen(identity), clock), verifierOf(peer, clock)];
    await verify(verifier, await prove());
    await domain.rotateAuthorities();
    domain.revokeOldAuthorities();
    await pushBundles(scene, peer);
    await expect(verify(verifier, await prove())).rejects.toEqual(refusal("token_key_unknown"));
  });

  it("TB-030 takes a JWT-SVID for good only while its key is in the bundle", async () => {
    const scene = await createScene({ profiles: ["x509", "jwt"] });
    const { clock, domain } = scene;
    const identity = await scene.open();
    const options = { identity, audience: "orders", clock };
    const { token } = await identity.jwtSvid({ audience: "orders" });
    expect((await validateJwtSvid(token, options)).id.toString()).toBe(orders);
    await domain.rotateAuthorities();
    domain.revokeOldAuthorities();
    await pushBundles(scene, identity);
    await until(() => identity.trustBundle(domain.name)?.jwtAuthorities.size === 1);
    await until(
      () => !identity.trustBundle(domain.name)?.jwtAuthorities.has(String(headerOf(token).kid)),
    );
    await expect(validateJwtSvid(token, options)).rejects.toEqual(refusal("token_key_unknown"));
    const other = await identity.jwtSvid({ audience: "orders" });
    expect(other.token).not.toBe(token);
  });

  it("FC-001 go on while the Workload API is away and what there is is fresh", async () => {
    const scene = await createScene({ profiles: ["x509"] });
    const { clock } = scene;
    const [identity, peer] = [await scene.open(), await scene.open()];
    const [prove, verifier] = [proverOf(identity, clock), verifierOf(peer, clock)];
    await scene.server.kill();
    await untilState(identity, { status: "stale", code: "endpoint_unavailable" });
    await untilState(peer, { status: "stale", code: "endpoint_unavailable" });
    expect((await verify(verifier, await prove())).id.toString()).toBe(orders);
    clock.advance({ seconds: 3599 });
    const last = await prove();
    expect((await verify(verifier, last)).id.toString()).toBe(orders);
    clock.advance({ seconds: 1 });
    await expect(prove()).rejects.toEqual(failure("source_expired"));
    await expect(verify(verifier, last)).rejects.toEqual(refusal("trust_unavailable"));
  });

  it("are refused and not made any more after a withdrawal", async () => {
    const scene = await createScene();
    const { clock } = scene;
    const [identity, peer] = [await scene.open(), await scene.open()];
    const [prove, verifier] = [proverOf(identity, clock), verifierOf(peer, clock)];
    const proof = await prove();
    await scene.server.withdraw();
    await untilState(identity, { status: "expired", code: "workload_unregistered" });
    await untilState(peer, { status: "expired", code: "workload_unregistered" });
    await expect(prove()).rejects.toEqual(failure("source_expired"));
    await expect(verify(verifier, proof)).rejects.toEqual(refusal("trust_unavailable"));
  });

  it("RO-014 end with the identity, and leave nothing behind", async () => {
    const scene = await createScene();
    const { clock, domain, server } = scene;
    const [identity, peer] = [await scene.open(), await scene.open()];
    const changes: unknown[] = [];
    identity.subscribe(({ status, reason }) => changes.push([status, reason?.code]));
    const prove = proverOf(identity, clock);
    const [inFlight, jwtInFlight] = [prove(), identity.jwtSvid({ audience: "orders" })];
    const refused = expect(jwtInFlight).rejects.toEqual(failure("source_closed"));
    const closed = identity.close();
    expect(identity.close()).toBe(closed);
    await verify(verifierOf(peer, clock), await inFlight); // it had its snapshot
    await expect(prove()).rejects.toEqual(failure("source_closed"));
    expect(() => identity.trustBundle(domain.name)).toThrow(failure("source_closed"));
    await refused;
    await expect(identity.jwtSvid({ audience: "orders" })).rejects.toEqual(
      failure("source_closed"),
    );
    await closed;
    await peer.close();
    await until(() => server.openStreams() === 0);
    expect(clock.pendingDelays()).toEqual([]);
    await server.rotate();
    expect(changes).toEqual([["expired", "source_closed"]]);
    expect(identity.state).toMatchObject({ status: "expired", reason: { code: "source_closed" } });
  });

  it("RO-013 survive a listener that throws, and so do the other listeners", async () => {
    const scene = await createScene({ profiles: ["x509"] });
    const identity = await scene.open();
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
    const rejecting = () => Promise.reject(new Error("second"));
    const heard: string[] = [];
    identity.subscribe(() => {
      throw new Error("first");
    });
    identity.subscribe(rejecting as () => void);
    identity.subscribe(({ status }) => heard.push(status));
    await rotate(scene, identity);
    await rotate(scene, identity);
    expect(heard).toEqual(["ready", "ready"]);
    expect(warn.mock.calls.map(([warning]) => warning)).toEqual(
      ["first", "second", "first", "second"].map(
        (text) => `a listener of an identity threw: ${text}`,
      ),
    );
  });
});
