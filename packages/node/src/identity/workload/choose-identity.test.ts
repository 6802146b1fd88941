import { SpiffeId } from "@firsthand/core";
import { describe, expect, it } from "vitest";
import { chooseIdentity } from "./choose-identity.js";

const a = { spiffeId: "spiffe://td.example/a", hint: "internal", at: 0 };
const b = { spiffeId: "spiffe://td.example/b", hint: "external", at: 1 };
const c = { spiffeId: "spiffe://td.example/c", hint: "external", at: 2 };
const d = { spiffeId: "spiffe://td.example/c", hint: "", at: 3 };

function choose(id: string | undefined, hint: string | undefined, offers = [a, b, c, d]): number {
  return chooseIdentity(offers, { id: id === undefined ? id : SpiffeId.parse(id), hint }).at;
}

describe("chooseIdentity", () => {
  it.each([
    ["the first without a choice", undefined, undefined, 0],
    ["by ID", b.spiffeId, undefined, 1],
    ["the first of several with the ID", c.spiffeId, undefined, 2],
    ["by hint", undefined, "internal", 0],
    ["the first of several with the hint", undefined, "external", 1],
    ["by both", c.spiffeId, "external", 2],
  ])("takes %s", (_, id, hint, at) => {
    expect(choose(id, hint)).toBe(at);
  });

  it.each([
    ["ID", "spiffe://td.example/x", undefined, "wanted spiffe://td.example/x, offered "],
    ["hint", undefined, "x\n", 'wanted hint "x\\n", offered '],
    ["both", a.spiffeId, "external", 'wanted spiffe://td.example/a with hint "external", offered '],
  ])("refuses when none has the %s, and lists what is offered", (_, id, hint, text) => {
    const listed = [a, b, c].map(({ spiffeId }) => spiffeId).join(", ");
    expect(() => choose(id, hint, [a, b, c])).toThrow(
      expect.objectContaining({
        code: "identity_unexpected",
        message: expect.stringContaining(`${text}${listed}`),
      }),
    );
  });

  it("lists ten at most", () => {
    const many = Array.from({ length: 12 }, (_, at) => ({
      ...a,
      spiffeId: `spiffe://td.example/${at}`,
    }));
    expect(() => choose(b.spiffeId, undefined, many)).toThrow(/example\/9 and 2 more$/);
  });
});
