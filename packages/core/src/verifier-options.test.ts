import { createTestClock } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { systemClock } from "./clock.js";
import { expectOptionError } from "./expect-error.test-support.js";
import { observedRequest } from "./observer.js";
import { memoryReplayGuard } from "./replay/memory-replay-guard.js";
import { callerOf, now, origin, webId } from "./scene.test-support.js";
import { sealedSessions } from "./session/sealed-sessions.js";
import { parseVerifierOptions, type VerifierOptions } from "./verifier-options.js";

const required: VerifierOptions = {
  identity: { trustBundle: () => undefined },
  origin,
  policy: () => true,
};

const parse = (options: Readonly<Record<string, unknown>>) =>
  parseVerifierOptions({ ...required, ...options } as VerifierOptions);

describe("parseVerifierOptions", () => {
  it("fills in the defaults", () => {
    const rules = parse({});
    expect(rules).toMatchObject({
      identity: required.identity,
      policy: required.policy,
      origins: [origin],
      accept: ["svid-proof-1", "wpt-02", "http-signature-07", "svid-signature-1"],
      acceptsChannel: false,
      channel: "unchecked",
      binding: "full",
      witProfile: "spiffe",
      algorithms: ["ES256", "ES384", "PS256", "RS256"],
      tokenHeaders: [],
      contentLimitBytes: 1024 * 1024,
      maxProofLifetimeSeconds: 120,
      maxCredentialLifetimeSeconds: 86_400,
      clockSkewSeconds: 30,
      timeoutMilliseconds: 2000,
    });
    expect(rules.clock).toBe(systemClock);
    expect(Object.isFrozen(rules)).toBe(true);
  });

  it("keeps what it is given", () => {
    const given = {
      accept: ["wpt-01"],
      channel: "same-workload",
      binding: "target",
      witProfile: "wimse",
      algorithms: ["ES512"],
      replay: { claim: () => "first" },
      contentLimitBytes: 0,
      maxProofLifetimeSeconds: 300,
      maxCredentialLifetimeSeconds: 60,
      clockSkewSeconds: 0,
      timeoutMilliseconds: 1,
      observer: () => undefined,
      clock: createTestClock(),
    };
    const rules = parse(given);
    expect(rules).toMatchObject(given);
    expect(rules.replay).toBe(given.replay);
    expect(rules.clock).toBe(given.clock);
  });

  it("tells kinds of proof from mutual TLS", () => {
    const given = ["wpt-02", "mutual-tls", "svid-proof-1"];
    expect(parse({ accept: given })).toMatchObject({
      accept: ["wpt-02", "svid-proof-1"],
      acceptsChannel: true,
    });
    expect(parse({ accept: ["mutual-tls"] })).toMatchObject({ accept: [], acceptsChannel: true });
  });

  it("adds the algorithms of WIMSE with its profile", () => {
    const { algorithms } = parse({ witProfile: "wimse" });
    expect(algorithms).toEqual(["ES256", "ES384", "PS256", "RS256", "EdDSA", "Ed25519"]);
  });

  it("makes a replay guard on the same clock", async () => {
    const clock = createTestClock();
    const { replay } = parse({ clock });
    const claim = { key: "a", caller: callerOf(webId).id, issuedAt: now, ttlSeconds: 10 };
    expect(await replay.claim(claim)).toBe("first");
    expect(await replay.claim(claim)).toBe("replayed");
    clock.advance({ seconds: 20 });
    expect(await replay.claim(claim)).toBe("first");
  });

  it("has an observer that does nothing", async () => {
    const { observer } = parse({});
    const request = observedRequest({ method: "GET", target: "/", headers: [] });
    const caller = callerOf(webId);
    const policy = { effect: "allow", rule: undefined, dryRun: [] } as const;
    expect(
      await observer({
        decision: "accepted",
        caller,
        policy,
        request,
        time: 0,
        elapsedMilliseconds: 0,
      }),
    ).toBeUndefined();
  });

  it.each([
    ["https://orders.internal", ["https://orders.internal"]],
    ["HTTPS://Orders.Internal:443/", ["https://orders.internal"]],
    ["http://localhost:80", ["http://localhost"]],
    [["https://a.example"], ["https://a.example"]],
    [
      ["https://a.example:8443", "https://b.example"],
      ["https://a.example:8443", "https://b.example"],
    ],
  ])("reads the origin %j", (given, origins) => {
    expect(parse({ origin: given }).origins).toEqual(origins);
  });

  it.each([
    ["contentLimitBytes", 0, 2 ** 30],
    ["maxProofLifetimeSeconds", 1, 300],
    ["maxCredentialLifetimeSeconds", 60, 366 * 86_400],
    ["clockSkewSeconds", 0, 120],
    ["timeoutMilliseconds", 1, 60_000],
  ] as const)("takes %s from %d to %d", async (option, minimum, maximum) => {
    for (const value of [minimum, maximum]) expect(parse({ [option]: value })[option]).toBe(value);
    for (const value of [minimum - 1, maximum + 1]) {
      await expectOptionError(() => parse({ [option]: value }), option);
    }
  });

  it("compares names of headers without case", () => {
    expect(parse({ tokenHeaders: ["X-User-Token"] }).tokenHeaders).toEqual(["x-user-token"]);
  });

  it.each<[option: string, value: unknown, named?: string]>([
    ["origin", undefined],
    ["origin", ""],
    ["origin", []],
    ["origin", ["https://a.example", "a.example"], "origin[1]"],
    ["origin", "orders.internal"],
    ["origin", "https://orders.internal/path"],
    ["origin", "https://orders.internal?query"],
    ["origin", "https://user@orders.internal"],
    ["origin", "ftp://orders.internal"],
    ["origin", "*"],
    ["policy", undefined],
    ["policy", "per-router"],
    ["policy", true],
    ["policy", "*"],
    ["accept", []],
    ["accept", ["svid-proof"], "accept[0]"],
    ["binding", "none"],
    ["binding", true],
    ["witProfile", "any"],
    ["algorithms", []],
    ["algorithms", ["none"], "algorithms[0]"],
    ["algorithms", ["HS256"], "algorithms[0]"],
    ["tokenHeaders", ["X User"], "tokenHeaders[0]"],
    ["tokenHeaders", ["a", ""], "tokenHeaders[1]"],
    ["tokenHeaders", "x-user-token"],
    ["replay", {}],
    ["replay", "memory"],
    ["contentLimitBytes", Number.POSITIVE_INFINITY],
    ["clockSkewSeconds", Number.NaN],
    ["timeoutMilliseconds", "2000"],
    ["observer", {}],
    ["clock", { now: () => 0 }],
    ["audience", "https://orders.internal"],
    ["trustProxy", true],
  ])("refuses the option %s: %j", async (option, value, named = option) => {
    const error = await expectOptionError(() => parse({ [option]: value }), named);
    expect(error.message).toContain(`createVerifier: option ${named}: `);
  });

  it.each([[undefined], [null], [{}], [{ trustBundle: {} }], ["spire"]])(
    "FC-004 refuses to be without trust: %j",
    async (identity) => {
      await expectOptionError(() => parse({ identity }), "identity");
    },
  );

  it("refuses sessions that replicas share without a replay guard that they share", async () => {
    const sessions = sealedSessions({ keys: () => [new Uint8Array(32)] });
    await expectOptionError(() => parse({ sessions }), "replay");
    expect(parse({ sessions, replay: memoryReplayGuard() }).sessions).toBe(sessions);
  });

  it("refuses to have no options", async () => {
    await expectOptionError(
      () => parseVerifierOptions(undefined as unknown as VerifierOptions),
      "",
    );
  });
});
