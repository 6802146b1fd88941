import {
  createTxnTokenIssuer,
  type RequestData,
  tamperJwt,
  toProofRequest,
} from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { expectConfigurationError, expectRefusal } from "../expect-error.test-support.js";
import { allow } from "../policy/allow.js";
import { anyOf } from "../policy/combine.js";
import { requireSignature } from "../policy/require-signature.js";
import { memoryReplayGuard } from "../replay/memory-replay-guard.js";
import {
  createScene,
  header,
  ledgerId,
  now,
  origin,
  privateKeyOf,
  transfer,
  verifierOf,
  verify,
  webId,
} from "../scene.test-support.js";
import {
  exchange,
  openedScene,
  proved,
  received,
  response,
  sessionProver,
  sessionVerifier,
} from "./session-scene.test-support.js";

const plain: RequestData = { method: "GET", target: "/v1/accounts", headers: [] };

describe("a session", () => {
  it("is opened by a signed proof, and proves the requests that follow", async () => {
    const { prover, verifier, opening } = await openedScene();
    expect(opening.outcomes).toEqual(["svid-proof-1"]);
    expect(opening.answers[0]).toMatch(/^"[\w-]{22}";k="[\w-]{87}";e=600;c="[\w-]{43}";s="ey/);
    for (const request of [transfer, plain, { ...plain, target: "/" }]) {
      expect((await exchange(prover, verifier, request)).outcomes).toEqual(["svid-session-1"]);
    }
  });

  it("names the caller, its credential and the proof that opened it", async () => {
    const { prover, verifier, opening } = await openedScene();
    await exchange(prover, verifier);
    const { caller } = await exchange(prover, verifier);
    const { id, credential, proof } = opening.caller ?? expect.fail("not opened");
    expect(caller).toEqual({
      id,
      credential,
      proof: {
        format: "svid-session-1",
        binding: "full",
        idHash: undefined,
        sessionId: opening.answers[0]?.slice(1, 23),
        sequence: 1,
        issuedAt: now,
        expiresAt: now + 60,
        opening: proof,
      },
    });
    expect([caller, caller?.proof].every(Object.isFrozen)).toBe(true);
  });

  it.each(["wpt-02", "wpt-01"] as const)("is opened by %s as well", async (format) => {
    const { prover, verifier, opening } = await openedScene({
      identity: { credentials: ["wit-svid"] },
      prover: { peers: { [origin]: { id: ledgerId, accept: [format] } } },
      verifier: { accept: [format] },
    });
    expect(opening.outcomes).toEqual([format]);
    const { caller, outcomes } = await exchange(prover, verifier);
    expect(outcomes).toEqual(["svid-session-1"]);
    expect(caller?.credential.kind).toBe("wit-svid");
  });

  it("leaves Authorization to the end user, and binds it", async () => {
    const { prover, verifier } = await openedScene();
    const headers = [
      ["authorization", "Bearer user"],
      ["txn-token", "txn"],
    ] as const;
    const { outcomes } = await exchange(prover, verifier, { ...plain, headers });
    expect(outcomes).toEqual(["svid-session-1"]);
  });

  it("binds the token fields of the deployment, in whatever order they are listed", async () => {
    const { prover, verifier } = await openedScene({
      prover: { tokenHeaders: ["x-b", "x-a", "x-c"] },
      verifier: { tokenHeaders: ["x-a", "x-b"] },
    });
    const headers = [
      ["x-b", "2"],
      ["x-a", "1"],
    ] as const;
    expect((await exchange(prover, verifier, { ...plain, headers })).outcomes).toEqual([
      "svid-session-1",
    ]);
  });

  it("is not opened unless both sides want it", async () => {
    const scene = await createScene();
    const [off, on] = [verifierOf(scene), sessionVerifier(scene)];
    for (const [sessions, verifier] of [
      ["off", on],
      ["on", off],
    ] as const) {
      const prover = sessionProver(scene, { sessions });
      for (let i = 0; i < 3; i++) {
        const { outcomes, answers } = await exchange(prover, verifier);
        expect([outcomes, answers]).toEqual([["svid-proof-1"], [undefined]]);
      }
    }
  });

  it("is not opened where no answer can be given, nor by a proof that leaves something unbound", async () => {
    const scene = await createScene({ credentials: ["wit-svid"] });
    const prover = sessionProver(scene);
    const { request } = await proved(prover);
    const verifier = sessionVerifier(scene);
    expect((await verify(verifier, request)).proof.format).toBe("wpt-02");
    const lax = sessionVerifier(scene, { binding: "target" });
    const { request: fresh } = await proved(sessionProver(scene));
    const bare = {
      ...fresh,
      headers: fresh.headers.map(([name, value]) =>
        name === "Authorization"
          ? ([
              name,
              `WPT ${tamperJwt(value.slice(4), {
                claims: { htm: undefined },
                resignWith: privateKeyOf(scene.web, "wit-svid"),
              })}`,
            ] as const)
          : ([name, value] as const),
      ),
    };
    const { outcome, session } = await received(lax, bare);
    expect([outcome, session]).toEqual(["wpt-02", undefined]);
  });

  it("binds all of a request also where a signed proof need not", async () => {
    const { prover, verifier } = await openedScene({ verifier: { binding: "target" } });
    const { request } = await proved(prover, plain);
    const { outcome } = await received(verifier, { ...request, body: Buffer.from("added") });
    expect(outcome).toBe("proof_body_unbound");
  });

  it("is not signed by a verifier without an X.509-SVID, and then only taken by who does not ask for it", async () => {
    const scene = await createScene();
    const trust = { trustBundle: scene.ledger.trustBundle };
    for (const [sessions, second] of [
      ["on", "svid-session-1"],
      ["signed", "svid-proof-1"],
    ] as const) {
      const prover = sessionProver(scene, { sessions });
      const verifier = sessionVerifier(scene, { identity: trust });
      const { answers } = await exchange(prover, verifier);
      expect(answers[0]).not.toContain(";s=");
      expect((await exchange(prover, verifier)).outcomes).toEqual([second]);
    }
  });

  it("is taken without a look at the signature by who knows no trust bundle", async () => {
    const scene = await createScene();
    const identity = { credentials: () => scene.web.credentials() };
    const prover = sessionProver(scene, { identity });
    const verifier = sessionVerifier(scene);
    await exchange(prover, verifier);
    expect((await exchange(prover, verifier)).outcomes).toEqual(["svid-session-1"]);
    const options = { identity, peers: { [origin]: ledgerId }, sessions: "signed" } as const;
    await expectConfigurationError(() => sessionProver(scene, options), "option_invalid");
  });

  it("ends with its time, with the credential, and with a changed bundle", async () => {
    const late = await openedScene();
    const { request } = await proved(late.prover);
    late.clock.advance(600_000);
    expect((await received(late.verifier, request)).outcome).toBe("session_expired");

    const short = await openedScene({ identity: { x509Svid: { ttlSeconds: 120 } } });
    const last = await proved(short.prover);
    short.clock.advance(120_000);
    expect((await received(short.verifier, last.request)).outcome).toBe("session_expired");

    const rotated = await openedScene();
    const before = await proved(rotated.prover);
    await rotated.domain.rotateAuthorities();
    await rotated.ledger.renew();
    expect((await received(rotated.verifier, before.request)).outcome).toBe("session_superseded");
    const { outcomes } = await exchange(rotated.prover, rotated.verifier);
    expect(outcomes).toEqual(["session_superseded", "svid-proof-1"]);
  });

  it("is renewed before it ends, while requests go on", async () => {
    const { prover, verifier, clock } = await openedScene();
    clock.advance(479_000);
    expect((await exchange(prover, verifier)).outcomes).toEqual(["svid-session-1"]);
    clock.advance(1000);
    const renewing = await proved(prover);
    expect(renewing.proof.session).toBe("offered");
    const meanwhile = await exchange(prover, verifier);
    expect(meanwhile.outcomes).toEqual(["svid-session-1"]);
    const { session } = await received(verifier, renewing.request);
    await renewing.proof.answered?.(response(200, session));
    clock.advance(120_000);
    expect((await exchange(prover, verifier)).outcomes).toEqual(["svid-session-1"]);
  });

  it("belongs to one credential of the caller", async () => {
    const { prover, verifier, web } = await openedScene();
    await web.renew();
    expect((await exchange(prover, verifier)).outcomes).toEqual(["svid-proof-1"]);
    expect((await exchange(prover, verifier)).outcomes).toEqual(["svid-session-1"]);
  });

  it("refuses a proof that is too old or from the future", async () => {
    const { prover, verifier, clock } = await openedScene();
    const old = await proved(prover);
    clock.advance(90_000);
    expect((await received(verifier, old.request)).outcome).toBe("proof_expired");
    const early = await proved(prover);
    clock.set(clock.now() - 31_000);
    expect((await received(verifier, early.request)).outcome).toBe("proof_not_yet_valid");
  });

  it("asks the policy each time, before the number is used up", async () => {
    let isAllowed = true;
    const { prover, verifier } = await openedScene({ verifier: { policy: () => isAllowed } });
    isAllowed = false;
    const { request } = await proved(prover);
    expect((await received(verifier, request)).outcome).toBe("caller_forbidden");
    isAllowed = true;
    expect((await received(verifier, request)).outcome).toBe("svid-session-1");
    expect((await received(verifier, request)).outcome).toBe("proof_replayed");
  });

  it("is not good enough where a signature is demanded, and the request is then signed", async () => {
    const { prover, verifier } = await openedScene();
    const signed = await exchange(prover, verifier, transfer, { demand: "signed" });
    expect(signed.outcomes).toEqual(["proof_signature_required", "svid-proof-1"]);
    expect((await exchange(prover, verifier)).outcomes).toEqual(["svid-session-1"]);
    await expectRefusal(() => verifier.verify({ ...plain }, { proof: "signed" }), "proof_missing");
  });

  it("is not good enough for a policy that demands a signature", async () => {
    const policy = requireSignature(allow(webId));
    const { prover, verifier } = await openedScene({ verifier: { policy } });
    expect((await exchange(prover, verifier)).outcomes).toEqual([
      "proof_signature_required",
      "svid-proof-1",
    ]);
    const { prover: other, verifier: either } = await openedScene({
      verifier: { policy: anyOf(allow(webId), policy) },
    });
    expect((await exchange(other, either)).outcomes).toEqual(["svid-session-1"]);
  });

  it("is not good enough where signed headers or another kind of proof are demanded", async () => {
    const { prover, verifier } = await openedScene();
    for (const demand of [{ requiredHeaders: ["x-tenant"] }, { accept: ["wpt-02"] }] as const) {
      const { request } = await proved(prover);
      const outcome = verifier.verify(toProofRequest(request), demand);
      await expectRefusal(() => outcome, "proof_signature_required", "svid-session");
    }
    const { request } = await proved(prover);
    const { proof } = await verifier.verify(toProofRequest(request), { accept: ["svid-proof-1"] });
    expect(proof.format).toBe("svid-session-1");
  });

  it("is not asked for where headers are bound or the response is signed", async () => {
    const scene = await createScene();
    const peer = { id: ledgerId, boundHeaders: ["x-tenant"] };
    const prover = sessionProver(scene, { peers: { [origin]: peer } });
    const { proof } = await proved(prover);
    expect([proof.format, proof.session, proof.answered]).toEqual([
      "svid-signature-1",
      "none",
      undefined,
    ]);
  });

  it.each([
    ["a route", {}, { proof: "signed" }, "proof_missing"],
    ["a policy", { policy: requireSignature(allow(webId)) }, {}, "proof_signature_required"],
  ] as const)(
    "lets no connection speak where %s demands a signature",
    async (_, more, demand, code) => {
      const { verifier, web, opening } = await openedScene({
        verifier: { accept: ["svid-proof-1", "mutual-tls"], ...more },
      });
      expect(opening.outcomes).toEqual(["svid-proof-1"]);
      const [credential] = web.credentials();
      const peerCertificates = credential?.kind === "x509-svid" ? credential.chain : undefined;
      await expectRefusal(() => verifier.verify({ ...plain, peerCertificates }, demand), code);
    },
  );

  it("says on whose behalf, request by request", async () => {
    const scene = await createScene();
    const issuer = await createTxnTokenIssuer(scene.domain);
    const txnTokens = { trustDomain: "td.example", keys: await issuer.keys() };
    const [prover, verifier] = [sessionProver(scene), sessionVerifier(scene, { txnTokens })];
    await exchange(prover, verifier);
    for (const subject of ["alice", "bob"]) {
      const token = await issuer.issue({ subject, scope: "order" });
      const request = { ...plain, headers: [["txn-token", token]] as const };
      const { caller, outcomes } = await exchange(prover, verifier, request);
      expect([outcomes, caller?.onBehalfOf?.subject]).toEqual([["svid-session-1"], subject]);
    }
    expect((await exchange(prover, verifier, plain)).caller?.onBehalfOf).toBeUndefined();
    const forged = { ...plain, headers: [["txn-token", "a.b.c"]] as const };
    const { outcomes } = await exchange(prover, verifier, forged);
    expect(outcomes).toEqual([expect.stringMatching(/^token_/)]);
  });

  it("is unknown to a verifier without sessions", async () => {
    const { prover, ledger, clock } = await openedScene();
    const { outcomes } = await exchange(prover, verifierOf({ ledger, clock }));
    expect(outcomes).toEqual(["session_unknown", "svid-proof-1"]);
  });

  it("is the only proof of its request", async () => {
    const { prover, verifier, clock, web } = await openedScene();
    const { request } = await proved(prover);
    const signed = await proved(sessionProver({ clock, web }, { sessions: "off" }));
    const additions = [
      ["SVID-Proof", header(signed.request, "SVID-Proof")],
      ["Workload-Identity-Token", "a.b.c"],
      ["Workload-Proof-Token", "a.b.c"],
      ["Authorization", "WPT a.b.c"],
    ] as const;
    for (const addition of additions) {
      const both = { ...request, headers: [...request.headers, addition] };
      expect((await received(verifier, both)).outcome).toBe("proof_ambiguous");
    }
    const twice = { ...request, headers: [...request.headers, ...request.headers.slice(-1)] };
    expect((await received(verifier, twice)).outcome).toBe("header_duplicate");
    expect((await received(verifier, request)).outcome).toBe("svid-session-1");
  });

  it("counts as a proof where a connection would do", async () => {
    const { prover, verifier } = await openedScene({
      verifier: { accept: ["svid-proof-1", "mutual-tls"] },
    });
    const { request } = await proved(prover);
    const other = { ...request, target: "/other" };
    expect((await received(verifier, other)).outcome).toBe("session_proof_mismatch");
  });

  it("has to come over the connection of the workload where that is asked", async () => {
    const { clock, web, ledger } = await createScene();
    const verifier = sessionVerifier({ ledger, clock }, { channel: "same-workload" });
    const prover = sessionProver({ clock, web });
    const [credential] = web.credentials();
    const peerCertificates = credential?.kind === "x509-svid" ? credential.chain : undefined;
    const opening = await proved(prover);
    let session: string | undefined;
    const answer = (_name: string, value: string) => {
      session = value;
    };
    await verifier.verify({ ...toProofRequest(opening.request), answer, peerCertificates });
    await opening.proof.answered?.(response(200, session));
    const { request } = await proved(prover);
    expect((await received(verifier, request)).outcome).toBe("channel_missing");
    const { proof } = await verifier.verify({ ...toProofRequest(request), peerCertificates });
    expect(proof.format).toBe("svid-session-1");
  });

  it("offers a key in the claims of the proof, a new one each time", async () => {
    const scene = await createScene();
    const keys = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const { request } = await proved(sessionProver(scene), plain);
      const [, claims = ""] = header(request, "SVID-Proof").split(".");
      keys.add(JSON.parse(Buffer.from(claims, "base64url").toString())["urn:firsthand:epk"]);
    }
    expect([...keys].map((key) => key.length)).toEqual([87, 87, 87]);
  });

  it("is offered again when nothing came back, and after a minute when no session did", async () => {
    const scene = await createScene();
    const prover = sessionProver(scene);
    const first = await proved(prover);
    expect((await proved(prover)).proof.session).toBe("none");
    await first.proof.answered?.(undefined);
    const second = await proved(prover);
    expect(second.proof.session).toBe("offered");
    await second.proof.answered?.(response(200, undefined));
    expect((await proved(prover)).proof.session).toBe("none");
    scene.clock.advance(60_000);
    expect((await proved(prover)).proof.session).toBe("offered");
  });

  it("replaces nothing when the answer to an older offer comes late", async () => {
    const scene = await createScene();
    const [prover, verifier] = [sessionProver(scene), sessionVerifier(scene)];
    const slow = await proved(prover);
    scene.clock.advance(60_000);
    const second = await proved(prover);
    const late = await received(verifier, slow.request);
    await slow.proof.answered?.(response(200, late.session));
    expect((await proved(prover)).proof.session).toBe("used");
    const { session } = await received(verifier, second.request);
    await second.proof.answered?.(response(200, session));
    expect((await exchange(prover, verifier)).outcomes).toEqual(["svid-session-1"]);
  });

  it("is recorded with the proof that opened it", async () => {
    const seen: unknown[] = [];
    const { prover, verifier, opening } = await openedScene({
      verifier: { observer: (observation) => void seen.push(observation) },
    });
    await exchange(prover, verifier);
    expect(seen.at(-1)).toMatchObject({
      decision: "accepted",
      caller: { proof: { format: "svid-session-1", opening: { idHash: idHash(opening) } } },
    });
  });

  it("is not kept when the decision cannot be recorded", async () => {
    const scene = await createScene();
    let fails = true;
    const sessions = sessionVerifier(scene, {
      observer: () => {
        if (fails) throw new Error("full");
      },
    });
    const prover = sessionProver(scene);
    expect((await exchange(prover, sessions)).outcomes).toEqual(["observer_failed"]);
    fails = false;
    expect((await exchange(prover, sessions)).answers).toEqual([undefined]);
  });

  it("lets a replayed opening open nothing", async () => {
    const scene = await createScene();
    const verifier = sessionVerifier(scene, { replay: memoryReplayGuard({ clock: scene.clock }) });
    const { request } = await proved(sessionProver(scene));
    expect((await received(verifier, request)).session).toBeDefined();
    expect(await received(verifier, request)).toMatchObject({
      outcome: "proof_replayed",
      session: undefined,
    });
  });
});

function idHash({
  caller,
}: {
  readonly caller: { readonly proof: { readonly idHash?: unknown } } | undefined;
}) {
  return caller?.proof.idHash;
}
