import {
  createTestClock,
  createTrustDomain,
  type RequestData,
  type TestIdentity,
} from "@firsthand/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allowTrustDomain } from "../policy/allow.js";
import type { Prover } from "../prover.js";
import { memoryReplayGuard } from "../replay/memory-replay-guard.js";
import { ledgerId } from "../scene.test-support.js";
import type { Verifier } from "../verifier.js";
import { memorySessions } from "./memory-sessions.js";
import { sealedSessions } from "./sealed-sessions.js";
import {
  exchange,
  proved,
  received,
  response,
  sessionProver,
  sessionVerifier,
} from "./session-scene.test-support.js";

const accepted = /^(svid-proof-1|svid-session-1)$/;
const callerIds = ["spiffe://td.example/a", "spiffe://td.example/b"] as const;

/** What has to be true, whatever happened before. */
interface Model {
  /** The sender holds a credential of an authority that was removed. */
  isRevoked: boolean;
}

/** Two callers, and two replicas of the service that they call. */
interface System {
  readonly domain: Awaited<ReturnType<typeof createTrustDomain>>;
  readonly clock: ReturnType<typeof createTestClock>;
  readonly ledger: TestIdentity;
  readonly callers: {
    readonly id: string;
    readonly identity: TestIdentity;
    readonly prover: Prover;
  }[];
  readonly replicas: Verifier[];
  readonly start: () => Verifier;
  /** On its way: proved, and not yet delivered. */
  readonly held: {
    readonly id: string;
    readonly request: RequestData;
    readonly answered: (status: number, session?: string) => unknown;
  }[];
  /** Accepted by a replica that still remembers it. */
  readonly used: { readonly replica: number; readonly request: RequestData }[];
}

type Step = fc.AsyncCommand<Model, System>;

function step(name: string, run: (model: Model, system: System) => Promise<void>): Step {
  return { check: () => true, run, toString: () => name };
}

const send = (by: number, to: number) =>
  step(`send(${by}, ${to})`, async (model, { callers, replicas, used }) => {
    const { prover, id } = at(callers, by);
    const { outcomes, caller, requests } = await exchange(prover, at(replicas, to));
    expect(outcomes.length).toBeLessThanOrEqual(2);
    if (model.isRevoked) {
      expect(outcomes.at(-1)).toBe("certificate_untrusted");
      expect(caller).toBeUndefined();
      return;
    }
    expect(outcomes.at(-1)).toMatch(accepted);
    expect(caller?.id.toString()).toBe(id);
    used.push({ replica: to, request: requests.at(-1) as RequestData });
  });

const hold = (by: number) =>
  step(`hold(${by})`, async (_, { callers, held }) => {
    const { prover, id } = at(callers, by);
    const { proof, request } = await proved(prover);
    const answered = (status: number, session?: string) =>
      proof.answered?.(response(status, session));
    held.push({ id, request, answered });
  });

const deliver = (to: number, isLost: boolean) =>
  step(`deliver(${to}, ${isLost})`, async (_, { held, replicas, used }) => {
    const late = held.shift();
    if (late === undefined) return;
    const { outcome, caller, session, status } = await received(at(replicas, to), late.request);
    if (caller !== undefined) {
      expect(caller.id.toString()).toBe(late.id);
      used.push({ replica: to, request: late.request });
    } else {
      expect(outcome).toMatch(
        /^(session_(unknown|expired|superseded)|proof_expired|certificate_|proof_before_start)/,
      );
    }
    await (isLost ? late.answered(0) : late.answered(status, session));
  });

const replay = step("replay", async (_, { used, replicas }) => {
  for (const { replica, request } of used.slice(-8)) {
    const { outcome, caller } = await received(at(replicas, replica), request);
    expect([outcome, caller]).toEqual([expect.not.stringMatching(accepted), undefined]);
  }
});

const tamper = (by: number, to: number, char: number) =>
  step(`tamper(${by}, ${to}, ${char})`, async (_, { callers, replicas }) => {
    const { proof, request } = await proved(at(callers, by).prover);
    const [name = "", value = ""] = request.headers.at(-1) ?? [];
    const index = char % value.length;
    const other = value[index] === "Q" ? "R" : "Q";
    const changed = value.slice(0, index) + other + value.slice(index + 1);
    const headers = [...request.headers.slice(0, -1), [name, changed] as const];
    const { caller } = await received(at(replicas, to), { ...request, headers });
    expect(caller).toBeUndefined();
    await proof.answered?.(undefined);
  });

const restart = (which: number) =>
  step(`restart(${which})`, async (_, { replicas, start, used }) => {
    replicas[which] = start();
    const remembered = used.filter(({ replica }) => replica !== which);
    used.splice(0, used.length, ...remembered);
  });

const renewCaller = (which: number) =>
  step(`renewCaller(${which})`, async (model, { callers }) => {
    await at(callers, which).identity.renew();
    if (model.isRevoked) for (const { identity } of callers) await identity.renew();
    model.isRevoked = false;
  });

const renewService = step("renewService", async (_, { ledger }) => ledger.renew());

const rotate = (removesOld: boolean) =>
  step(`rotate(${removesOld})`, async (model, { domain, ledger }) => {
    await domain.rotateAuthorities();
    if (removesOld) domain.revokeOldAuthorities();
    await ledger.renew();
    model.isRevoked ||= removesOld;
  });

const crowd = (to: number) =>
  step(`crowd(${to})`, async (model, { domain, clock, replicas }) => {
    for (const name of ["/x", "/y", "/z"]) {
      const web = await domain.identity(name);
      const { outcomes } = await exchange(sessionProver({ clock, web }), at(replicas, to));
      expect(outcomes).toEqual(["svid-proof-1"]);
    }
    expect(model).toBeDefined();
  });

const wait = (seconds: number) =>
  step(`wait(${seconds})`, async (_, { clock }) => clock.advance({ seconds }));

const which = fc.nat(1);
/** Mostly to the replica of the caller: one that is sent to and fro keeps to signatures. */
const sends = fc.tuple(which, fc.nat(7)).map(([by, luck]) => send(by, luck === 0 ? 1 - by : by));
const steps = [
  ...Array.from({ length: 8 }, () => sends),
  fc.constant(replay),
  which.map(hold),
  fc.tuple(which, fc.boolean()).map(([to, isLost]) => deliver(to, isLost)),
  fc.constant(replay),
  fc.tuple(which, which, fc.nat(3000)).map(([by, to, char]) => tamper(by, to, char)),
  which.map(restart),
  which.map(renewCaller),
  fc.constant(renewService),
  fc.boolean().map(rotate),
  which.map(crowd),
  fc.constantFrom(1, 30, 200, 700).map(wait),
];

async function createSystem(kind: "memory" | "sealed"): Promise<System> {
  const clock = createTestClock();
  const domain = await createTrustDomain("td.example", { clock });
  const ledger = await domain.identity(ledgerId);
  const callers = await Promise.all(
    callerIds.map(async (id) => {
      const identity = await domain.identity(id);
      return { id, identity, prover: sessionProver({ clock, web: identity }) };
    }),
  );
  const replay = memoryReplayGuard({ clock });
  const limits = { capacity: 3, capacityPerCaller: 2, clock };
  const keys = [new Uint8Array(32).fill(1)];
  const start = () =>
    sessionVerifier(
      { clock, ledger },
      {
        policy: allowTrustDomain("td.example"),
        replay,
        sessions:
          kind === "memory"
            ? memorySessions(limits)
            : sealedSessions({ ...limits, keys: () => keys }),
      },
    );
  return {
    domain,
    clock,
    ledger,
    callers,
    replicas: [start(), start()],
    start,
    held: [],
    used: [],
  };
}

describe.each(["memory", "sealed"] as const)(
  "%s sessions, whatever happens in whatever order,",
  (kind) => {
    it("lose no request, and accept none twice, changed, or for somebody else", async () => {
      await fc.assert(
        fc.asyncProperty(fc.commands(steps, { maxCommands: 40, size: "max" }), async (commands) => {
          const real = await createSystem(kind);
          await fc.asyncModelRun(() => ({ model: { isRevoked: false }, real }), commands);
        }),
        { numRuns: 25 },
      );
    });
  },
);

function at<T>(list: readonly T[], index: number): T {
  return list[index] ?? expect.fail("there are two of each");
}
