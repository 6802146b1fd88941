import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectRefusal } from "../expect-error.test-support.js";
import { joinTexts } from "./protocol.js";
import { formatSessionProof, parseSessionProof, textOfSessionProof } from "./session-proof.js";

const id = "AAAAAAAAAAAAAAAAAAAAAA";
const hash = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
const none = { accessToken: undefined, txnToken: undefined, others: new Map() };

describe("joinTexts", () => {
  it("gives different lists different texts", () => {
    const lists = fc.array(
      fc.option(fc.string({ unit: fc.constantFrom(..."-:01a") }), { nil: undefined }),
      {
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(lists, lists, (a, b) => {
        fc.pre(
          JSON.stringify(a.map((it) => it ?? null)) !== JSON.stringify(b.map((it) => it ?? null)),
        );
        expect(joinTexts(a)).not.toBe(joinTexts(b));
      }),
      { numRuns: 1000 },
    );
  });

  it("tells what is absent from what is empty", () => {
    expect(joinTexts(["a", undefined, "", 12])).toBe("1:a-0:2:12");
  });
});

describe("parseSessionProof", () => {
  const good = formatSessionProof({
    locator: id,
    sequence: 0,
    issuedAt: 1_800_000_000,
    content: hash,
    mac: hash,
  });

  it("reads what is written", () => {
    const values = fc.record({
      locator: fc.constantFrom(id, "x".repeat(4096)),
      sequence: fc.nat(2 ** 31 - 1),
      issuedAt: fc.integer({ min: 1, max: 99_999_999_999 }),
      content: fc.constantFrom(hash, undefined),
      mac: fc.constant(hash),
    });
    fc.assert(
      fc.property(values, (value) => {
        expect(parseSessionProof(formatSessionProof(value))).toEqual(value);
      }),
    );
  });

  it.each([
    ["empty", ""],
    ["with a short id", good.replace(id, id.slice(1))],
    ["with a long id", good.replace(id, "x".repeat(4097))],
    ["with a space", good.replace(";n", "; n")],
    ["with a space at its end", `${good} `],
    ["as a token", good.replaceAll('"', "")],
    ["with a byte sequence for the MAC", good.replace(/m="(.*)"$/, "m=:$1=:")],
    ["with parameters in another order", good.replace(/;n=0;t=(\d+)/, ";t=$1;n=0")],
    ["with a parameter twice", good.replace(";n=0", ";n=0;n=1")],
    ["with an unknown parameter", `${good};x=1`],
    ["with a parameter in upper case", good.replace(";n", ";N")],
    ["without a number", good.replace(";n=0", "")],
    ["without a time", good.replace(/;t=\d+/, "")],
    ["without a MAC", good.replace(/;m=.*/, "")],
    ["with a number of two zeros", good.replace("n=0", "n=00")],
    ["with a negative number", good.replace("n=0", "n=-1")],
    ["with a fraction", good.replace("n=0", "n=0.0")],
    ["with a number beyond the last", good.replace("n=0", "n=2147483648")],
    ["with a number of eleven digits", good.replace("n=0", "n=10000000000")],
    ["with a time of zero", good.replace(/t=\d+/, "t=0")],
    ["with a truncated MAC", `${good.slice(0, -2)}"`],
    ["with a lengthened MAC", `${good.slice(0, -1)}A"`],
    ["with padding", `${good.slice(0, -1)}="`],
    ["with an empty digest", good.replace(/b="[^"]*"/, 'b=""')],
    ["with an algorithm", `${good.replace(";n=0", ';alg="none";n=0')}`],
    ["that is a compact JWS", "eyJhbGciOiJub25lIn0.e30."],
  ])("refuses a value %s", async (_, text) => {
    await expectRefusal(() => parseSessionProof(text), "session_proof_malformed", "svid-session");
  });

  it("refuses or refuses: nothing hostile does anything else", () => {
    const edits = fc.tuple(
      fc.nat(good.length),
      fc.nat(3),
      fc.string({ unit: "binary", maxLength: 3 }),
    );
    fc.assert(
      fc.property(edits, ([at, drop, insert]) => {
        const text = good.slice(0, at) + insert + good.slice(at + drop);
        let parsed: unknown;
        try {
          parsed = parseSessionProof(text);
        } catch (error) {
          expect(error).toMatchObject({ code: "session_proof_malformed" });
        }
        if (parsed !== undefined) expect(formatSessionProof(parsed as never)).toBe(text);
      }),
    );
  });
});

describe("textOfSessionProof", () => {
  it("is what the specification map says", () => {
    const text = textOfSessionProof({
      sessionId: id,
      sequence: 7,
      issuedAt: 1_800_000_000,
      content: undefined,
      method: "GET",
      target: "/a?b",
      tokens: {
        accessToken: "user",
        txnToken: undefined,
        others: new Map([
          ["x-b", "2"],
          ["x-c", undefined],
          ["x-a", "1"],
        ]),
      },
    });
    expect(text).toBe(
      `14:svid-session-122:${id}1:710:18000000003:GET4:/a?b-4:user-3:x-a1:13:x-b1:2`,
    );
  });

  it("has no text for two requests", () => {
    const subjects = fc.record({
      sessionId: fc.constantFrom(id, "B".repeat(22)),
      sequence: fc.nat(20),
      issuedAt: fc.nat(20),
      content: fc.constantFrom(undefined, hash),
      method: fc.constantFrom("GET", "GE", "T"),
      target: fc.constantFrom("/", "/a", "/a?", "/a?b"),
      tokens: fc.record({
        accessToken: fc.constantFrom(undefined, "", "a"),
        txnToken: fc.constantFrom(undefined, "", "a"),
        others: fc.constantFrom(none.others, new Map([["a", "b"]]), new Map([["a", undefined]])),
      }),
    });
    const plain = (subject: unknown) =>
      JSON.stringify(subject, (_, value) =>
        value instanceof Map
          ? [...value].filter(([, text]) => text !== undefined)
          : (value ?? null),
      );
    fc.assert(
      fc.property(subjects, subjects, (a, b) => {
        expect(textOfSessionProof(a) === textOfSessionProof(b)).toBe(plain(a) === plain(b));
      }),
      { numRuns: 2000 },
    );
  });
});
