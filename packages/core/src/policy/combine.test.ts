import { describe, expect, it } from "vitest";
import { expectOptionError } from "../expect-error.test-support.js";
import { callerOf, webId } from "../scene.test-support.js";
import { allOf, anyOf } from "./combine.js";
import { decision } from "./decision.js";
import type { Policy } from "./policy.js";

const request = { method: "POST", path: "/v1/transfers", query: undefined, time: 0 };
const ask = (policy: Policy) => policy(callerOf(webId), request);

const yes: Policy = () => true;
const no: Policy = async () => false;
const truthy = (() => "yes") as unknown as Policy;
const trial = { effect: "deny", rule: "trial" } as const;
const allows: Policy = () => ({ effect: "allow", rule: "a", dryRun: [trial] });
const forbids: Policy = async () => ({ effect: "deny", rule: "d" });
const undecided: Policy = () => ({ effect: "deny", dryRun: [trial] });

function recording() {
  const asked: number[] = [];
  const policy = (at: number, answer: boolean): Policy => {
    return () => {
      asked.push(at);
      return answer;
    };
  };
  return { asked, policy };
}

describe("anyOf", () => {
  it.each<[title: string, policies: Policy[], expected: unknown]>([
    ["the only one allows", [yes], decision("allow")],
    ["the last one allows", [no, yes], decision("allow")],
    ["one allows later", [no, async () => true], decision("allow")],
    ["none allows", [no, no], decision("deny")],
    ["one says something true", [truthy], decision("deny")],
    ["a rule allows", [no, allows, forbids], decision("allow", "a", [trial])],
    ["a rule forbids before another allows", [no, forbids, yes], decision("deny", "d")],
    [
      "one without a rule leaves it to the next",
      [undecided, yes],
      decision("allow", undefined, [trial]),
    ],
  ])("answers when %s", async (_, policies, expected) => {
    expect(await ask(anyOf(...policies))).toEqual(expected);
  });

  it("asks no further than needed, in order", async () => {
    const { asked, policy } = recording();
    await ask(anyOf(policy(1, false), policy(2, true), policy(3, true)));
    expect(asked).toEqual([1, 2]);
  });

  it("refuses to have no policy", async () => {
    await expectOptionError(() => anyOf(), "");
  });
});

describe("allOf", () => {
  it.each<[title: string, policies: Policy[], expected: unknown]>([
    ["the only one allows", [yes], decision("allow")],
    [
      "all allow",
      [yes, allows, async () => ({ effect: "allow", rule: "b" })],
      decision("allow", "a and b", [trial]),
    ],
    ["one does not", [yes, no, yes], decision("deny")],
    ["one says something true", [yes, truthy], decision("deny")],
    ["a rule forbids", [allows, forbids, yes], decision("deny", "d", [trial])],
  ])("answers when %s", async (_, policies, expected) => {
    expect(await ask(allOf(...policies))).toEqual(expected);
  });

  it("asks no further than needed, in order", async () => {
    const { asked, policy } = recording();
    await ask(allOf(policy(1, true), policy(2, false), policy(3, true)));
    expect(asked).toEqual([1, 2]);
  });

  it("refuses to have no policy", async () => {
    await expectOptionError(() => allOf(), "");
  });
});
