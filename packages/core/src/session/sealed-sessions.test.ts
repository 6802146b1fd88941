import { replaceHeader } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { runtime } from "#runtime";
import { fromBase64url, utf8 } from "../encoding.js";
import { expectOptionError } from "../expect-error.test-support.js";
import { memoryReplayGuard } from "../replay/memory-replay-guard.js";
import { concat } from "../runtime/concat.js";
import { createScene, header, origin, type Scene } from "../scene.test-support.js";
import { parseTrustBundle } from "../trust/parse-trust-bundle.js";
import type { VerifierOptions } from "../verifier-options.js";
import { fingerprintOf } from "./bundle-fingerprint.js";
import { memorySessions } from "./memory-sessions.js";
import { sealedSessions } from "./sealed-sessions.js";
import {
  exchange,
  proved,
  received,
  sessionProver,
  sessionVerifier,
} from "./session-scene.test-support.js";
import { sealTicket, ticketKeyOf } from "./ticket.js";

const key = (value: number) => new Uint8Array(32).fill(value);

/** Replicas of one service, with their own memory and one replay guard. */
function replicasOf(
  scene: Scene,
  keys: () => readonly Uint8Array[],
  options: Partial<VerifierOptions> = {},
) {
  const replay = memoryReplayGuard({ clock: scene.clock });
  const { clock } = scene;
  return [0, 1, 2].map(() =>
    sessionVerifier(scene, { replay, sessions: sealedSessions({ keys, clock }), ...options }),
  ) as [
    ReturnType<typeof sessionVerifier>,
    ReturnType<typeof sessionVerifier>,
    ReturnType<typeof sessionVerifier>,
  ];
}

async function openedReplicas(given: { readonly keys?: () => readonly Uint8Array[] } = {}) {
  const keys = [key(1)];
  const scene = await createScene();
  const replicas = replicasOf(scene, given.keys ?? (() => keys));
  const prover = sessionProver(scene);
  const opening = await exchange(prover, replicas[0]);
  return { ...scene, replicas, prover, opening, keys };
}

describe("sealedSessions", () => {
  it("let every replica with the same keys know a session", async () => {
    const { prover, replicas, opening } = await openedReplicas();
    expect(opening.answers[0]).toMatch(/;t="[\w-]{400,2000}";s="/);
    for (const replica of [...replicas, ...replicas]) {
      const { outcomes, caller } = await exchange(prover, replica);
      expect(outcomes).toEqual(["svid-session-1"]);
      expect(caller?.credential).toEqual(opening.caller?.credential);
      expect(caller?.proof).toMatchObject({ opening: opening.caller?.proof });
    }
  });

  it("carry a WIT-SVID's caller as well", async () => {
    const scene = await createScene({ credentials: ["wit-svid"] });
    const [first, second] = replicasOf(scene, () => [key(1)]);
    const prover = sessionProver(scene);
    const opening = await exchange(prover, first);
    const { outcomes, caller } = await exchange(prover, second);
    expect(outcomes).toEqual(["svid-session-1"]);
    expect(caller?.credential).toEqual(opening.caller?.credential);
  });

  it("accept a number once, at one replica", async () => {
    const { prover, replicas } = await openedReplicas();
    const { request } = await proved(prover);
    const outcomes = [];
    for (const replica of replicas) outcomes.push((await received(replica, request)).outcome);
    expect(outcomes).toEqual(["svid-session-1", "proof_replayed", "proof_replayed"]);
  });

  it("are unknown under other keys, and after their key was taken away", async () => {
    let keys = [key(1)];
    const { prover, replicas, clock, ledger } = await openedReplicas({ keys: () => keys });
    const stranger = sessionVerifier(
      { clock, ledger },
      {
        sessions: sealedSessions({ keys: () => [key(3)], clock }),
        replay: memoryReplayGuard({ clock }),
      },
    );
    const { request } = await proved(prover);
    expect((await received(stranger, request)).outcome).toBe("session_unknown");
    keys = [key(2), key(1)];
    expect((await exchange(prover, replicas[1])).outcomes).toEqual(["svid-session-1"]);
    keys = [key(2)];
    expect((await exchange(prover, replicas[1])).outcomes).toEqual([
      "session_unknown",
      "svid-proof-1",
    ]);
    expect((await exchange(prover, replicas[2])).outcomes).toEqual(["svid-session-1"]);
  });

  it("end after their time, on the wall clock that the replicas share", async () => {
    const { prover, replicas, clock } = await openedReplicas();
    const { request } = await proved(prover);
    clock.stepWallClock(600);
    expect((await received(replicas[2], request)).outcome).toBe("session_expired");
  });

  it("end with a changed bundle, and are known where the authorities are the same", async () => {
    const { prover, replicas, clock, domain, ledger } = await openedReplicas();
    await ledger.renew();
    expect((await exchange(prover, replicas[1])).outcomes).toEqual(["svid-session-1"]);
    await domain.rotateAuthorities();
    await ledger.renew();
    expect((await exchange(prover, replicas[1])).outcomes).toEqual([
      "session_superseded",
      "svid-proof-1",
    ]);
    const fresh = await proved(sessionProver({ clock, web: await domain.identity("/web") }));
    expect(fresh.proof.session).toBe("offered");
  });

  it("are of one service: another with the same keys does not know them", async () => {
    const { prover, keys, clock, ledger } = await openedReplicas();
    const sessions = sealedSessions({ keys: () => keys, clock });
    const replay = memoryReplayGuard({ clock });
    const elsewhere = { sessions, replay, origin: "https://other.example" };
    const other = sessionVerifier({ clock, ledger }, elsewhere);
    const { request } = await proved(prover);
    expect((await received(other, request)).outcome).toBe("session_unknown");
  });

  it.each<[title: string, change: (ticket: string) => string]>([
    ["with another key name", (ticket) => `AAAAAAAA${ticket.slice(8)}`],
    ["with another salt", (ticket) => edited(ticket, 8)],
    ["with another content", (ticket) => edited(ticket, 60)],
    ["with another end", (ticket) => edited(ticket, ticket.length - 5)],
    ["cut short", (ticket) => ticket.slice(0, -4)],
    ["of a name only", (ticket) => ticket.slice(0, 22)],
    ["with an impossible length", (ticket) => ticket.slice(0, 8 + 81)],
  ])("are unknown by a ticket %s", async (_, change) => {
    const { prover, replicas } = await openedReplicas();
    const { request } = await proved(prover);
    const ticket = header(request, "SVID-Session-Proof").split('"')[1] as string;
    const forged = replaceHeader("SVID-Session-Proof", (value) =>
      value.replace(ticket, change(ticket)),
    )(request);
    for (const replica of replicas) {
      expect((await received(replica, forged)).outcome).toBe("session_unknown");
    }
  });

  it("are unknown when the content of a ticket has another form", async () => {
    const { replicas, prover } = await openedReplicas();
    const { request } = await proved(prover);
    const ticket = await sealTicket({ v: 2 } as never, await ticketKeyOf(key(1)));
    const other = replaceHeader("SVID-Session-Proof", (value) =>
      value.replace(/^"[^"]*"/, `"${ticket}"`),
    )(request);
    expect((await received(replicas[0], other)).outcome).toBe("session_unknown");
  });

  it("seal each session under a key of its own", async () => {
    const { opening, clock, web, replicas } = await openedReplicas();
    const second = await exchange(sessionProver({ clock, web }), replicas[0]);
    const tickets = [opening, second].map(
      ({ answers }) => /t="([^"]*)"/.exec(answers[0] ?? "")?.[1],
    );
    const [a, b] = tickets.map((ticket) => fromBase64url(ticket?.slice(8) ?? ""));
    expect(a?.subarray(0, 16)).not.toEqual(b?.subarray(0, 16));
    const salt = a?.subarray(0, 16) ?? expect.fail("no salt");
    const info = concat(utf8("24:firsthand svid-session-16:ticket"), salt);
    const sealing = await runtime.importSealKey(
      await runtime.hkdf(key(1), "firsthand svid-session-1", info),
    );
    const opened = await runtime.unseal(sealing, a?.subarray(16) ?? new Uint8Array());
    expect(JSON.parse(Buffer.from(opened ?? []).toString())).toMatchObject({ origin });
  });

  it("are not offered to a caller beyond its share", async () => {
    const scene = await createScene();
    const sessions = sealedSessions({
      keys: () => [key(1)],
      clock: scene.clock,
      capacityPerCaller: 1,
    });
    const replay = memoryReplayGuard({ clock: scene.clock });
    const verifier = sessionVerifier(scene, { sessions, replay });
    const answers = [];
    for (let i = 0; i < 2; i++) {
      answers.push((await exchange(sessionProver(scene), verifier)).answers[0]);
    }
    expect(answers.map((answer) => answer === undefined)).toEqual([false, true]);
  });

  it("need keys", async () => {
    for (const keys of [[], [new Uint8Array(16)], ["a".repeat(32)], "none"]) {
      await expectOptionError(() => sealedSessions({ keys: () => keys as never }), "keys");
    }
    await expectOptionError(() => sealedSessions({ keys: undefined as never }), "keys");
    await expectOptionError(() => memorySessions({ capacity: 0 }), "capacity");
  });
});

describe("fingerprintOf", () => {
  it("is the same for the same authorities, in whatever order, and another for others", async () => {
    const { domain } = await createScene();
    const document = JSON.parse(domain.bundleDocument());
    const bundleOf = (keys: unknown[]) =>
      parseTrustBundle("td.example", JSON.stringify({ ...document, keys }));
    const whole = await fingerprintOf(await bundleOf(document.keys));
    expect(await fingerprintOf(await bundleOf(document.keys.toReversed()))).toBe(whole);
    const sequence = { ...document, spiffe_sequence: 99 };
    const renumbered = await parseTrustBundle("td.example", JSON.stringify(sequence));
    expect(await fingerprintOf(renumbered)).toBe(whole);
    for (const use of ["x509-svid", "wit-svid"]) {
      const fewer = document.keys.filter((it: { use: string }) => it.use !== use);
      expect(await fingerprintOf(await bundleOf(fewer))).not.toBe(whole);
    }
  });
});

function edited(ticket: string, at: number): string {
  return `${ticket.slice(0, at)}${ticket[at] === "A" ? "B" : "A"}${ticket.slice(at + 1)}`;
}
