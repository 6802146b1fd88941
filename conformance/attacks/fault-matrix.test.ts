import type { Server } from "node:net";
import { connect } from "node:net";
import { Writable } from "node:stream";
import {
  CredentialError,
  combineObservers,
  memoryReplayGuard,
  type Observation,
  type Observer,
  type Policy,
  Refusal,
  type ReplayGuard,
  refusalCodes,
  type TrustSource,
  type VerificationCode,
  VerificationError,
  type VerifierOptions,
} from "@firsthand/core";
import { createAudit } from "@firsthand/core/audit";
import { auditStream } from "@firsthand/node";
import type { RequestData } from "@firsthand/testing";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { adapters, portOf } from "../support/adapters.js";
import { sendRaw } from "../support/raw-http.js";
import {
  calleeId,
  callerId,
  createScene,
  origin,
  prove,
  type Scene,
  T,
  transfer,
} from "../support/scene.js";

/** One thing that goes wrong, in an application that is right otherwise. */
interface Fault {
  readonly options?: (scene: Scene) => Partial<VerifierOptions>;
  readonly request?: (proved: RequestData, scene: Scene) => RequestData | Promise<RequestData>;
  /** The cause that is recorded; `error` when it is no refusal but an error of the application. */
  readonly code: VerificationCode | "error";
}

let scene: Scene;
let server: Server | undefined;

beforeAll(async () => {
  scene = await createScene();
});

afterEach(() => {
  server?.close();
});

/** An answer that never comes, while the time for it passes. */
function hang(): Promise<never> {
  queueMicrotask(() => scene.clock.advance(2000));
  return new Promise(() => {});
}

function raise(thrown: unknown): never {
  throw thrown;
}

const down = new Error("connection refused");
const policy = (answer: () => unknown) => ({ options: () => ({ policy: answer as Policy }) });
const replay = (answer: () => unknown) => ({
  options: () => ({ replay: { claim: answer } as ReplayGuard }),
});
const observer = (answer: () => unknown) => ({ options: () => ({ observer: answer as Observer }) });
const identity = (answer: () => unknown) => ({
  options: () => ({ identity: { trustBundle: answer } as TrustSource }),
});
const clock = (now: () => number) => ({
  options: ({ clock }: Scene) => ({ clock: { ...clock, now }, replay: memoryReplayGuard() }),
});
const forbidden = { code: "caller_forbidden" } as const;
const noReplay = { code: "replay_guard_unavailable" } as const;
const unrecorded = { code: "observer_failed" } as const;
const migrating = (mode: "observe" | "prefer", seconds: number, ids = [callerId]) => ({
  unsafeMigration: {
    audience: calleeId,
    callers: [{ ids, mode, until: new Date((T + seconds) * 1000) }],
  },
});

const faults: Readonly<Record<string, Fault>> = {
  "policy throws": { ...policy(() => raise(down)), ...forbidden },
  "policy rejects": { ...policy(() => Promise.reject(down)), ...forbidden },
  "policy throws a string": { ...policy(() => raise("no")), ...forbidden },
  "policy throws null": { ...policy(() => raise(null)), ...forbidden },
  "policy throws a refusal of its own": {
    ...policy(() => raise(new VerificationError("proof_missing"))),
    ...forbidden,
  },
  "policy throws an answer for frameworks": {
    ...policy(() => raise(new Refusal(new VerificationError("proof_missing"), ""))),
    ...forbidden,
  },
  "policy hangs": { ...policy(hang), code: "policy_timeout" },
  "policy answers undefined": { ...policy(() => undefined), ...forbidden },
  "policy answers null": { ...policy(() => null), ...forbidden },
  "policy answers 1": { ...policy(() => 1), ...forbidden },
  "policy answers a text": { ...policy(() => "true"), ...forbidden },
  "policy answers an empty object": { ...policy(() => ({})), ...forbidden },
  "policy answers a misspelt decision": { ...policy(() => ({ effect: "Allow" })), ...forbidden },
  "policy answers an inherited decision": {
    ...policy(() => Object.create({ effect: "allow" })),
    ...forbidden,
  },
  "policy answers a function": { ...policy(() => () => true), ...forbidden },

  "replay guard throws": { ...replay(() => raise(down)), ...noReplay },
  "replay guard rejects": { ...replay(() => Promise.reject(down)), ...noReplay },
  "replay guard rejects with nothing": { ...replay(() => Promise.reject(undefined)), ...noReplay },
  "replay guard hangs": { ...replay(hang), ...noReplay },
  "replay guard answers nothing": { ...replay(() => undefined), ...noReplay },
  "replay guard answers true": { ...replay(() => true), ...noReplay },
  "replay guard answers OK": { ...replay(() => "OK"), ...noReplay },
  "replay guard answers a list": { ...replay(() => ["first"]), ...noReplay },
  "replay guard is full": { ...replay(() => "full"), code: "replay_guard_full" },
  "replay guard has no room for this caller": {
    ...replay(() => "quota"),
    code: "replay_quota_exceeded",
  },
  "replay guard lost its memory": { ...replay(() => "before_start"), code: "proof_before_start" },
  "replay guard in memory is full": {
    options: () => {
      const guard = memoryReplayGuard({ capacity: 1 });
      void guard.claim({ key: "other", caller: {} as never, issuedAt: T, ttlSeconds: 1e6 });
      return { replay: guard };
    },
    code: "replay_guard_full",
  },

  "observer throws": { ...observer(() => raise(down)), ...unrecorded },
  "observer rejects": { ...observer(() => Promise.reject(down)), ...unrecorded },
  "observer hangs": { ...observer(hang), code: "verification_timeout" },
  "one of two observers fails": {
    options: () => ({
      observer: combineObservers(
        () => undefined,
        () => raise(down),
      ),
    }),
    ...unrecorded,
  },
  "audit sink fails": {
    options: () => ({ observer: createAudit({ sink: () => raise(down) }).observer }),
    ...unrecorded,
  },
  "audit sink hangs": {
    options: () => ({ observer: createAudit({ sink: hang }).observer }),
    code: "verification_timeout",
  },
  "audit queue is full": {
    options: () => {
      const audit = createAudit({ sink: () => new Promise(() => {}), queueLimit: 1 });
      void audit.observer(observation());
      return { observer: audit.observer };
    },
    ...unrecorded,
  },
  "audit stream has ended": {
    options: () => {
      const stream = new Writable({ write: (_chunk, _encoding, done) => done() }).end();
      return { observer: createAudit({ sink: auditStream(stream) }).observer };
    },
    ...unrecorded,
  },

  "source of trust throws": { ...identity(() => raise(down)), code: "trust_unavailable" },
  "source of trust is not ready": {
    ...identity(() => raise(new CredentialError("source_not_ready"))),
    code: "trust_unavailable",
  },
  "source of trust has expired": {
    ...identity(() => raise(new CredentialError("source_expired"))),
    code: "trust_unavailable",
  },
  "source of trust is closed": {
    ...identity(() => raise(new CredentialError("source_closed"))),
    code: "trust_unavailable",
  },
  "source of trust knows no bundle": { ...identity(() => undefined), code: "trust_domain_unknown" },
  "source of trust gives the bundle of another domain": {
    options: ({ callee }) => ({
      identity: { trustBundle: () => callee.trustBundle("partner.example" as never) },
    }),
    code: "trust_domain_unknown",
  },
  "source of trust gives a promise": {
    ...identity(() => scene.domain.bundle()),
    code: "trust_domain_unknown",
  },
  "source of trust gives an empty object": {
    ...identity(() => ({})),
    code: "trust_domain_unknown",
  },

  "clock is a year ahead": { ...clock(() => (T + 31_536_000) * 1000), code: "certificate_expired" },
  "clock is a year behind": {
    ...clock(() => (T - 31_536_000) * 1000),
    code: "certificate_not_yet_valid",
  },
  "clock is at zero": { ...clock(() => 0), code: "certificate_not_yet_valid" },
  "clock gives NaN": { ...clock(() => Number.NaN), code: "error" },
  "clock throws": { ...clock(() => raise(down)), code: "error" },

  "content was altered": {
    request: (proved) => ({ ...proved, body: Buffer.from('{"amount":9}') }),
    code: "proof_body_mismatch",
  },
  "content is missing": {
    request: ({ body: _, ...proved }) => proved,
    code: "proof_body_mismatch",
  },
  "content is too long": { options: () => ({ contentLimitBytes: 5 }), code: "body_too_large" },

  "proof is gone": {
    request: (proved) => ({ ...proved, headers: transfer.headers }),
    code: "proof_missing",
  },
  "proof is sent twice": {
    request: async (proved) => {
      await sendRaw(portOf(server as Server), proved);
      return proved;
    },
    options: () => ({ policy: () => true }),
    code: "proof_replayed",
  },
  "migration of a caller whose token is not its proof": {
    options: () => migrating("prefer", 1e6),
    request: async (proved, { domain }) => {
      const token = await domain.issueJwtSvid("/neighbour", { audience: [calleeId] });
      return { ...proved, headers: [...transfer.headers, ["Authorization", `Bearer ${token}`]] };
    },
    code: "bearer_not_accepted",
  },
};

/** Where requests may pass without a caller, which the listener of `requireCaller` cannot. */
const faultsWhileObserving: Readonly<Record<string, Fault>> = {
  "audit fails where a caller is observed": {
    options: () => ({ ...migrating("observe", 1e6), observer: () => raise(down) }),
    ...unrecorded,
  },
  "migration is another caller's": {
    options: () => ({
      ...migrating("observe", 1e6, ["spiffe://td.example/other"]),
      policy: () => false,
    }),
    ...forbidden,
  },
  "migration is over": {
    options: () => ({ ...migrating("observe", 0), policy: () => false }),
    ...forbidden,
  },
};

/** A decision to fill a queue with. */
function observation(): Observation {
  return {
    decision: "refused",
    error: new VerificationError("proof_missing"),
    caller: undefined,
    policy: undefined,
    request: {
      method: "GET",
      path: "/",
      claims: { forwarded: [], clientCert: undefined, assertions: [], unreadable: [] },
    },
    time: T * 1000,
    elapsedMilliseconds: 0,
  };
}

describe.each(Object.keys(adapters))("a fault behind %s", (name) => {
  async function start(fault: Fault) {
    const { callee, clock } = scene;
    const reached: string[] = [];
    const codes: string[] = [];
    const given = fault.options?.(scene) ?? {};
    const record: Observer = (observation) => {
      codes.push(observation.decision === "accepted" ? "accepted" : observation.error.code);
      return given.observer?.(observation);
    };
    const adapter = adapters[name] as (typeof adapters)[string];
    server = await adapter(
      {
        identity: callee,
        origin,
        policy: ({ id }) => id.toString() === callerId,
        clock,
        ...given,
        observer: record,
      },
      () => reached.push("handler"),
    );
    return { server, reached, codes };
  }

  it("has a positive control: without a fault the handler runs", async () => {
    const { server, reached, codes } = await start({ code: "error" });
    const { status } = await sendRaw(portOf(server), await prove(scene, "svid-proof-1"));
    expect({ status, reached, codes }).toEqual({
      status: 200,
      reached: ["handler"],
      codes: ["accepted"],
    });
  });

  const observing = name === "node:http" ? {} : faultsWhileObserving;
  it.each(Object.entries({ ...faults, ...observing }))(
    "does not reach the handler: %s",
    async (title, fault) => {
      const { server, reached, codes } = await start(fault);
      const proved = await prove(scene, "svid-proof-1");
      const request = (await fault.request?.(proved, scene)) ?? proved;
      const earlier = title === "proof is sent twice" ? ["handler"] : [];
      expect(reached).toEqual(earlier);
      const { status, body } = await sendRaw(portOf(server), request);
      expect(reached).toEqual(earlier);
      if (fault.code === "error") {
        expect(status).toBe(500);
        expect(codes).toEqual([]);
        return;
      }
      const rule = refusalCodes[fault.code];
      expect(codes.at(-1)).toBe(fault.code);
      expect(status).toBe(rule.status);
      expect(JSON.parse(body)).toMatchObject({ code: rule.publicCode });
    },
  );

  it("does not reach the handler: content ends early", async () => {
    const { server, reached, codes } = await start({ code: "body_aborted" });
    const { method, target, headers } = await prove(scene, "svid-proof-1");
    const socket = connect(portOf(server), "127.0.0.1");
    const fields = [...headers, ["Content-Length", "100"]].map((field) => field.join(": "));
    socket.end([`${method} ${target} HTTP/1.1`, ...fields, "", '{"am'].join("\r\n"));
    socket.resume();
    while (codes.length === 0) await new Promise(setImmediate);
    expect({ reached, codes }).toEqual({ reached: [], codes: ["body_aborted"] });
    socket.destroy();
  });
});

it("has at least forty faults", () => {
  expect(Object.keys(faults).length).toBeGreaterThanOrEqual(40);
});
