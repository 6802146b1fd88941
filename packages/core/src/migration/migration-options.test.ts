import { createTestClock } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { expectOptionError } from "../expect-error.test-support.js";
import { callerOf, ledgerId, now, rulesOf, webId } from "../scene.test-support.js";
import { type MigrationMode, modeOf } from "./migration-rules.js";

const day = 86_400_000;
const tomorrow = new Date(now * 1000 + day);
const audience = "orders";
const clock = createTestClock();

const migrationOf = (unsafeMigration: object) =>
  rulesOf({ clock, unsafeMigration: unsafeMigration as never }).migration;

describe("unsafeMigration", () => {
  it("is nobody's by default", () => {
    expect(rulesOf().migration).toEqual({ callers: [], audience: undefined, unidentifiedUntil: 0 });
    expect(migrationOf({})).toEqual({ callers: [], audience: undefined, unidentifiedUntil: 0 });
  });

  const entry = { ids: [webId], mode: "prefer", until: tomorrow };
  const entryWith = (changes: object) => ({ audience, callers: [{ ...entry, ...changes }] });
  it.each<[option: string, options: object]>([
    ["audience", { callers: [entry] }],
    ["audience", { audience: "" }],
    ["callers[0].ids", entryWith({ ids: [] })],
    ["callers[0].ids[1]", entryWith({ ids: [webId, "td.example/web"] })],
    ["callers[0].ids[0]", entryWith({ ids: ["spiffe://*/web"] })],
    ["callers[0].ids[0]", entryWith({ ids: ["spiffe://td.example"] })],
    ["callers[0].mode", entryWith({ mode: "off" })],
    ["callers[0].until", entryWith({ until: undefined })],
    ["callers[0].until", entryWith({ until: "2027-03-01" })],
    ["callers[0].until", entryWith({ until: new Date("soon") })],
    ["callers[0].until", entryWith({ until: new Date(now * 1000 + 366 * day + 1) })],
    [
      "callers[1].until",
      { audience, callers: [entry, { ...entry, until: new Date("9999-01-01") }] },
    ],
    ["callers[0].untill", entryWith({ untill: tomorrow })],
    ["unidentifiedUntil", { unidentifiedUntil: true }],
    ["unidentifiedUntil", { unidentifiedUntil: new Date(Number.POSITIVE_INFINITY) }],
    ["unidentifiedUntil", { unidentifiedUntil: new Date("9999-01-01") }],
    ["unidentified", { unidentified: tomorrow }],
  ])("names the part that is wrong: %s", async (option, options) => {
    await expectOptionError(() => migrationOf(options), `unsafeMigration.${option}`);
  });

  it("may be over: a restart after the end is no error", () => {
    const past = new Date(0);
    const { callers } = migrationOf({ audience, callers: [{ ...entry, until: past }] });
    expect(modeOf({ ...migrationOf({}), callers }, callerOf(webId).id, now * 1000)).toBe("ended");
  });
});

describe("modeOf", () => {
  const migration = migrationOf({
    audience,
    callers: [
      { ids: [ledgerId], mode: "require", until: tomorrow },
      { ids: [webId], mode: "observe", until: tomorrow },
      {
        ids: ["spiffe://td.example/ns/pay/sa/*"],
        mode: "prefer",
        until: new Date(now * 1000 + 2 * day),
      },
    ],
  });

  it.each<[id: string, days: number, mode: MigrationMode]>([
    [ledgerId, 0, "require"],
    [ledgerId, 3, "require"],
    [webId, 0, "observe"],
    [webId, 0.9999, "observe"],
    [webId, 1, "ended"], // and not what a later entry says
    ["spiffe://td.example/ns/pay/sa/other", 1, "prefer"],
    ["spiffe://td.example/ns/pay/sa/other", 2, "ended"],
    ["spiffe://td.example/ns/pay/sa/other/more", 0, "require"],
    ["spiffe://other.example/ns/pay/sa/web", 0, "require"],
    ["wimse://td.example/ns/pay/sa/web", 0, "require"],
  ])("gives %s after %d days: %s", (id, days, mode) => {
    expect(modeOf(migration, callerOf(id).id, now * 1000 + days * day)).toBe(mode);
  });
});
