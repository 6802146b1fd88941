import { createTestClock, type TestClock } from "@firsthand/testing";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { runtime } from "#runtime";
import { expectOptionError } from "../expect-error.test-support.js";
import { SpiffeId } from "../spiffe/spiffe-id.js";
import { type MemoryReplayGuardOptions, memoryReplayGuard } from "./memory-replay-guard.js";
import type { ReplayClaim, ReplayGuard, ReplayOutcome } from "./replay-guard.js";

const now = 1_800_000_000;
const caller = SpiffeId.parse("spiffe://td.example/web");
const other = SpiffeId.parse("spiffe://td.example/other");
const claim = (key: string, changes: Partial<ReplayClaim> = {}): ReplayClaim => ({
  key,
  caller,
  issuedAt: now,
  ttlSeconds: 90,
  ...changes,
});

/** The guard as it is: it answers at once. */
interface PromptGuard extends ReplayGuard {
  claim(claim: ReplayClaim): ReplayOutcome;
}

function create(options: MemoryReplayGuardOptions = {}) {
  const clock = createTestClock();
  return { clock, guard: memoryReplayGuard({ clock, ...options }) as PromptGuard };
}

describe("memoryReplayGuard", () => {
  it("takes a proof once", () => {
    const { guard } = create();
    expect(guard.claim(claim("a"))).toBe("first");
    expect(guard.claim(claim("a"))).toBe("replayed");
    expect(guard.claim(claim("b"))).toBe("first");
    expect(guard.claim(claim("a", { caller: other }))).toBe("replayed");
  });

  it("may remember a single proof", () => {
    const { guard } = create({ capacity: 1, capacityPerCaller: 1 });
    expect(guard.claim(claim("a"))).toBe("first");
    expect(guard.claim(claim("b"))).toBe("full");
  });

  it("needs no options", () => {
    const guard = memoryReplayGuard();
    expect(guard.claim(claim("a"))).toBe("first");
    expect(guard.claim(claim("a"))).toBe("replayed");
  });

  it("warns who runs it in production, unless there is one process only", () => {
    const warnInProduction = vi.spyOn(runtime, "warnInProduction").mockReturnValue();
    memoryReplayGuard({ singleProcess: true });
    expect(warnInProduction).not.toHaveBeenCalled();
    memoryReplayGuard();
    memoryReplayGuard({ singleProcess: false });
    const message = expect.stringContaining("singleProcess: true");
    const call = ["FIRSTHAND_REPLAY_GUARD_IN_MEMORY", message];
    expect(warnInProduction.mock.calls).toEqual([call, call]);
  });

  it.each(["__proto__", "constructor", "toString"])("RC-013 takes the key %s once", (key) => {
    const { guard } = create();
    expect(guard.claim(claim(key))).toBe("first");
    expect(guard.claim(claim(key))).toBe("replayed");
  });

  it("remembers a proof while it lasts, to the end of its last second", () => {
    const { clock, guard } = create();
    clock.advance(999); // the claim comes late in a second of the clock
    guard.claim(claim("a", { ttlSeconds: 90.5 }));
    clock.advance({ seconds: 91.999 });
    expect(guard.claim(claim("a"))).toBe("replayed");
    clock.advance({ seconds: 1 });
    expect(guard.claim(claim("a"))).toBe("first");
  });

  it("forgets what is dead only, when several end in one second", () => {
    const { clock, guard } = create({ capacity: 3, capacityPerCaller: 3 });
    guard.claim(claim("a", { ttlSeconds: 10 }));
    guard.claim(claim("b", { ttlSeconds: 10 }));
    guard.claim(claim("c", { ttlSeconds: 60 }));
    expect(guard.claim(claim("d"))).toBe("full");
    clock.advance({ seconds: 12 });
    expect(guard.claim(claim("c"))).toBe("replayed");
    expect(guard.claim(claim("d"))).toBe("first");
    expect(guard.claim(claim("e"))).toBe("first");
    expect(guard.claim(claim("f"))).toBe("full");
  });

  it("RC-001 remembers a hundred thousand proofs of many callers", () => {
    const { guard } = create({ capacity: 100_000, capacityPerCaller: 10_000 });
    const callers = Array.from({ length: 10 }, (_, i) =>
      SpiffeId.parse(`spiffe://td.example/caller/${i}`),
    );
    const outcomes = callers.flatMap((id) =>
      Array.from({ length: 10_000 }, (_, i) => guard.claim(claim(`${id} ${i}`, { caller: id }))),
    );
    expect(new Set(outcomes)).toEqual(new Set(["first"]));
    expect(guard.claim(claim("one more"))).toBe("full");
    expect(guard.claim(claim(`${callers[0]} 0`))).toBe("replayed");
  });

  it("RC-006 takes nothing new when it is full, and forgets nothing that lives", () => {
    const { clock, guard } = create({ capacity: 2, capacityPerCaller: 2 });
    guard.claim(claim("a"));
    guard.claim(claim("b"));
    expect(guard.claim(claim("c"))).toBe("full");
    expect(guard.claim(claim("a"))).toBe("replayed");
    expect(guard.claim(claim("b"))).toBe("replayed");
    clock.advance({ seconds: 100 });
    expect(guard.claim(claim("c"))).toBe("first");
  });

  it("gives one caller half of the room by default", () => {
    const { clock, guard } = create({ capacity: 3 });
    expect(guard.claim(claim("a"))).toBe("first");
    expect(guard.claim(claim("b"))).toBe("first");
    expect(guard.claim(claim("c"))).toBe("quota");
    expect(guard.claim(claim("c", { caller: other }))).toBe("first");
    clock.advance({ seconds: 100 });
    expect(guard.claim(claim("d"))).toBe("first");
  });

  it("RC-008 refuses what was issued before it started, if told to", () => {
    const { clock, guard } = create({ refuseBeforeStart: true });
    expect(guard.claim(claim("a", { issuedAt: now - 1 }))).toBe("before_start");
    expect(guard.claim(claim("b", { issuedAt: undefined }))).toBe("before_start");
    expect(guard.claim(claim("c", { issuedAt: now }))).toBe("first");
    expect(guard.claim(claim("c", { issuedAt: now }))).toBe("replayed");
    clock.advance({ seconds: 1 });
    expect(memoryReplayGuard({ clock, refuseBeforeStart: true }).claim(claim("c"))).toBe(
      "before_start",
    );
  });

  it("takes what was issued before it started, unless told otherwise", () => {
    const { guard } = create();
    expect(guard.claim(claim("a", { issuedAt: now - 60 }))).toBe("first");
    expect(guard.claim(claim("b", { issuedAt: undefined }))).toBe("first");
  });

  it("RC-014 does not forget when the wall clock is set", () => {
    const { clock, guard } = create();
    guard.claim(claim("a"));
    for (const seconds of [-600, 3600]) {
      clock.stepWallClock(seconds);
      expect(guard.claim(claim("a"))).toBe("replayed");
    }
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
    "does not pretend to remember for %s seconds",
    (ttlSeconds) => {
      const { guard } = create();
      expect(() => guard.claim(claim("a", { ttlSeconds }))).toThrow(RangeError);
    },
  );

  it("forgets the dead little by little, and nothing else", () => {
    const { clock, guard } = create({ capacity: 20_000, capacityPerCaller: 20_000 });
    for (let i = 0; i < 10_000; i++) guard.claim(claim(`dead ${i}`, { ttlSeconds: 5 }));
    for (let i = 0; i < 10_000; i++) guard.claim(claim(`live ${i}`, { ttlSeconds: 300 }));
    for (let second = 0; second < 100; second++) {
      clock.advance({ seconds: 1 });
      guard.claim(claim("live 0"));
    }
    const outcomes = Array.from({ length: 10_000 }, (_, i) => guard.claim(claim(`live ${i}`)));
    expect(new Set(outcomes)).toEqual(new Set(["replayed"]));
    expect(guard.claim(claim("dead 0", { ttlSeconds: 300 }))).toBe("first");
  });

  it.each<[option: keyof MemoryReplayGuardOptions | "capasity", value: unknown]>([
    ["capacity", 0],
    ["capacity", 10_000_001],
    ["capacity", 1.5],
    ["capacityPerCaller", 0],
    ["refuseBeforeStart", "yes"],
    ["clock", { now: () => 0 }],
    ["capasity", 1],
  ])("refuses the option %s: %j", async (option, value) => {
    await expectOptionError(() => memoryReplayGuard({ [option]: value }), option);
  });
});

interface Live {
  readonly key: string;
  readonly caller: SpiffeId;
  /** The last whole second in which the proof is remembered. */
  readonly lastSecond: number;
  /** Wall clock, in seconds. */
  readonly endsAt: number;
}

/** The rules without any cleverness: a list of what lives. */
interface Model {
  milliseconds: number;
  /** Wall clock. */
  wallMilliseconds: number;
  live: Live[];
  /** Whatever ends no later than this, and a second for rounding, may have been seen before. */
  forgottenUntil: number;
}

const capacity = 6;
const capacityPerCaller = 4;

function expectedOutcome(
  model: Model,
  { key, caller: id, ttlSeconds }: ReplayClaim,
): ReplayOutcome {
  const second = Math.floor(model.milliseconds / 1000);
  const dead = model.live.filter(({ lastSecond }) => lastSecond < second);
  model.forgottenUntil = Math.max(model.forgottenUntil, ...dead.map(({ endsAt }) => endsAt));
  model.live = model.live.filter(({ lastSecond }) => lastSecond >= second);
  if (model.live.some((entry) => entry.key === key)) return "replayed";
  const endsAt = model.wallMilliseconds / 1000 + ttlSeconds;
  if (endsAt <= model.forgottenUntil + 1) return "before_start";
  if (model.live.length >= capacity) return "full";
  const used = model.live.filter((entry) => entry.caller.equals(id)).length;
  if (used >= capacityPerCaller) return "quota";
  model.live.push({ key, caller: id, lastSecond: second + Math.ceil(ttlSeconds) + 1, endsAt });
  return "first";
}

interface Real {
  readonly clock: TestClock;
  readonly guard: PromptGuard;
}

type Step = fc.Command<Model, Real>;

class ClaimStep implements Step {
  readonly #claim: ReplayClaim;

  constructor(given: ReplayClaim) {
    this.#claim = given;
  }

  check() {
    return true;
  }

  run(model: Model, { guard }: Real) {
    expect(guard.claim(this.#claim)).toBe(expectedOutcome(model, this.#claim));
  }

  toString() {
    return `claim ${this.#claim.key} of ${this.#claim.caller} for ${this.#claim.ttlSeconds} s`;
  }
}

class WaitStep implements Step {
  readonly #milliseconds: number;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  check() {
    return true;
  }

  run(model: Model, { clock }: Real) {
    model.milliseconds += this.#milliseconds;
    model.wallMilliseconds += this.#milliseconds;
    clock.advance(this.#milliseconds);
  }

  toString() {
    return `wait ${this.#milliseconds} ms`;
  }
}

class SetWallClockStep implements Step {
  readonly #seconds: number;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  check() {
    return true;
  }

  run(model: Model, { clock }: Real) {
    model.wallMilliseconds += this.#seconds * 1000;
    clock.stepWallClock(this.#seconds);
  }

  toString() {
    return `set the wall clock by ${this.#seconds} s`;
  }
}

describe("memoryReplayGuard, when the wall clock is set back", () => {
  it("does not take a forgotten proof again, and goes on with new ones", () => {
    const { clock, guard } = create();
    expect(guard.claim(claim("a", { ttlSeconds: 90 }))).toBe("first");
    clock.stepWallClock(-25);
    clock.advance({ seconds: 92 });
    const left = 90 - (92 - 25);
    expect(guard.claim(claim("a", { ttlSeconds: left }))).toBe("before_start");
    expect(guard.claim(claim("b", { ttlSeconds: 90 }))).toBe("first");
  });
});

describe("memoryReplayGuard, beside a simple model", () => {
  it("gives the same answers to any claims at any times", () => {
    const claims = fc.record({
      key: fc.constantFrom(..."abcdefghijkl"),
      caller: fc.constantFrom(caller, other),
      issuedAt: fc.constant(now),
      ttlSeconds: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(0.25, 1.5, 7.75)),
    });
    const claiming = claims.map((given) => new ClaimStep(given));
    const steps = [
      ...[claiming, claiming, claiming, claiming],
      fc.nat(5000).map((milliseconds) => new WaitStep(milliseconds)),
      fc.integer({ min: -100, max: 100 }).map((seconds) => new SetWallClockStep(seconds)),
    ];
    fc.assert(
      fc.property(fc.commands(steps, { maxCommands: 80, size: "max" }), (commands) => {
        fc.modelRun(() => {
          const real = create({ capacity, capacityPerCaller });
          const { clock } = real;
          const times = { milliseconds: clock.monotonic(), wallMilliseconds: clock.now() };
          return { model: { ...times, live: [], forgottenUntil: 0 }, real };
        }, commands);
      }),
      { numRuns: 300 },
    );
  });

  it("never takes a proof twice within its time", () => {
    const times = fc.record({
      start: fc.nat(5000),
      ttlSeconds: fc.double({ min: 0.001, max: 150, noNaN: true }),
      fraction: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(times, ({ start, ttlSeconds, fraction }) => {
        const { clock, guard } = create();
        clock.advance(start);
        guard.claim(claim("a", { ttlSeconds }));
        clock.advance(ttlSeconds * fraction * 1000);
        expect(guard.claim(claim("a"))).toBe("replayed");
      }),
    );
  });
});
