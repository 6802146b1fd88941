import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../encoding.js";
import { expectError, unlessThrown } from "../expect-error.test-support.js";
import { isObject, JsonError, type JsonFault, parseStrictJson } from "./strict-json.js";

const parse = (text: string) => parseStrictJson(utf8(text));
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
const nestedLists = (levels: number) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;

/** A JSON value as it is written, where an object may name a member twice. */
type Written = string | readonly Written[] | { readonly members: readonly Member[] };
type Member = readonly [name: string, value: Written, isEscaped: boolean];

const name = fc.oneof(
  fc.constantFrom("a", "b", ":", '"', "\\", "__proto__", "constructor", "1", ""),
  fc.string({ unit: "binary", maxLength: 3 }),
);

const { object } = fc.letrec<{ value: Written; object: { members: Member[] } }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.json({ maxDepth: 0 }),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.record({
    members: fc.array(fc.tuple(name, tie("value"), fc.boolean()), { maxLength: 4 }),
  }),
}));

function write(value: Written, space: string): string {
  if (typeof value === "string") return value;
  if (!("members" in value)) return `[${value.map((item) => write(item, space)).join(",")}]`;
  const members = value.members.map(
    ([key, member, isEscaped]) =>
      `${space}${isEscaped ? escapeAll(key) : JSON.stringify(key)}${space}:${write(member, space)}`,
  );
  return `{${members.join(",")}${space}}`;
}

function escapeAll(text: string): string {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("")}"`;
}

/** The value of what is written; of two members of one name the last. */
function writtenValue(value: Written): unknown {
  if (typeof value === "string") return JSON.parse(value);
  if (!("members" in value)) return value.map(writtenValue);
  const object: Record<string, unknown> = {};
  for (const [key, member] of value.members) define(object, key, writtenValue(member));
  return object;
}

/** The same value with ordinary objects, for comparison. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  const object: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) define(object, key, plain(member));
  return object;
}

function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function hasDuplicate(value: Written): boolean {
  if (typeof value === "string") return false;
  if (!("members" in value)) return value.some(hasDuplicate);
  const names = new Set(value.members.map(([key]) => key));
  return (
    names.size < value.members.length || value.members.some(([, member]) => hasDuplicate(member))
  );
}

function depth(value: Written): number {
  if (typeof value === "string") return 0;
  const children = "members" in value ? value.members.map(([, member]) => member) : value;
  return 1 + Math.max(0, ...children.map(depth));
}

describe("parseStrictJson", () => {
  it("reads an object", () => {
    expect(parse(' {"a": [1, {"b": null}], "c": "\\u00e9:{"} ')).toEqual({
      a: [1, { b: null }],
      c: "é:{",
    });
    expect(parse("{}")).toEqual({});
  });

  it("reads whatever was written, but for duplicates and depth", () => {
    fc.assert(
      fc.property(object, fc.constantFrom("", " ", "\n\t"), (written, space) => {
        const read = unlessThrown(JsonError, () => parse(write(written, space)));
        expect(read === undefined).toBe(hasDuplicate(written) || depth(written) > 16);
        if (read !== undefined) expect(plain(read)).toEqual(writtenValue(written));
      }),
      { numRuns: 500 },
    );
  });

  it("agrees with JSON.parse on texts without an escape, also on malformed ones", () => {
    const parts = fc.constantFrom(..."{}[]:,\n 01-.eE", '"a"', '"b"', "null", "true", "1", '{"a":');
    fc.assert(
      fc.property(fc.array(parts), (soup) => {
        const text = `{"x":${soup.join("")}}`;
        const expected = unlessThrown(SyntaxError, () => JSON.parse(text));
        try {
          expect(plain(parse(text))).toEqual(expected);
        } catch (error) {
          if (!(error instanceof JsonError)) throw error;
          if (error.fault !== "duplicate") expect(expected).toBeUndefined();
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("reads escaped names as they are, whatever was parsed before", () => {
    JSON.parse('{"a":1,"\\\\":2}'); // after this, some versions of V8 take \u0062 below for a backslash
    JSON.parse('{"iss":1,"\\\\u0":2}');
    expect(Object.keys(parse('{"a":1,"\\u0062":2}'))).toEqual(["a", "b"]);
    expect(Object.keys(parse('{"iss":1,"\\u0061ud":"evil"}'))).toEqual(["iss", "aud"]);
  });

  it("answers any bytes with an object or its own error", () => {
    const soup = fc.array(fc.constantFrom(...'{}[]":,a1\\ ', '"a"', "null", "-0", "1e400"));
    const text = soup.map((parts) => utf8(parts.join("")));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), text), (bytes) => {
        const read = unlessThrown(JsonError, () => parseStrictJson(bytes));
        expect(read === undefined || isObject(read)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[title: string, text: string, fault: JsonFault]>([
    ["nothing", "", "syntax"],
    ["a list", "[]", "syntax"],
    ["a text", '"a"', "syntax"],
    ["a number", "1", "syntax"],
    ["null", "null", "syntax"],
    ["a byte order mark", "\ufeff{}", "syntax"],
    ["a comment", "{/**/}", "syntax"],
    ["a comma at the end", '{"a":1,}', "syntax"],
    ["a comma alone", "{,}", "syntax"],
    ["a name without quotes", "{a:1}", "syntax"],
    ["a name without its first quote", '{a":1}', "syntax"],
    ["a name in other quotes", "{'a':1}", "syntax"],
    ["a number for a name", "{1:1}", "syntax"],
    ["a name without a value", '{"a"}', "syntax"],
    ["a text without its last quote", '{"a":"b}', "syntax"],
    ["a text that ends with a backslash", '{"a":"\\', "syntax"],
    ["a line feed in a text", '{"a":"\n"}', "syntax"],
    ["two values", '{"a":1 2}', "syntax"],
    ["a list without its end", '{"a":[1}', "syntax"],
    ["something behind it", "{} {}", "syntax"],
    ["NaN", '{"a":NaN}', "syntax"],
    ["17 levels", nested(17), "syntax"],
    ["17 levels of lists", nestedLists(16), "syntax"],
    ["a hundred thousand levels", nestedLists(100_000), "syntax"],
    ["a member twice", '{"a":1,"a":1}', "duplicate"],
    ["a member twice, once with an escape", '{"a":1,"\\u0061":1}', "duplicate"],
    ["a member twice in an object inside", '{"a":{"b":1,"b":2}}', "duplicate"],
    ["a member twice in a list", '{"a":[{"b":1,"b":2}]}', "duplicate"],
    ["a member twice, whose first value hides a colon", '{"a":":","a":1}', "duplicate"],
    ["__proto__ twice", '{"__proto__":1,"__proto__":2}', "duplicate"],
  ])("refuses %s", async (_, text, fault) => {
    await expectError(() => parse(text), JsonError, { fault });
  });

  it("refuses bytes that are not UTF-8", async () => {
    const bytes = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d);
    const error = await expectError(() => parseStrictJson(bytes), JsonError, { fault: "utf8" });
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  it("reads 16 levels", () => {
    expect(() => parse(nested(16))).not.toThrow();
    expect(() => parse(nestedLists(15))).not.toThrow();
  });

  it("is not misled by colons and quotes in texts", () => {
    const text = '{"a:\\"b\\\\":"::\\"{\\"x\\":1}","c":[":",{"d":":"}]}';
    expect(JSON.stringify(parse(text))).toBe(text);
  });

  it("makes objects without a prototype, at every depth", () => {
    const read = parse('{"__proto__":{"admin":true},"a":{"b":1},"c":[{}]}');
    expect(Object.getPrototypeOf(read)).toBeNull();
    expect(Object.keys(read)).toEqual(["__proto__", "a", "c"]);
    expect(Object.getPrototypeOf(read["a"])).toBeNull();
    expect(Object.getPrototypeOf((read["c"] as unknown[])[0])).toBeNull();
    expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
    expect("toString" in read).toBe(false);
  });
});

describe("isObject", () => {
  it.each([[null], [[]], ["a"], [1], [undefined], [() => undefined]])(
    "is false for %s",
    (value) => {
      expect(isObject(value)).toBe(false);
    },
  );

  it("is true for an object", () => {
    expect(isObject({})).toBe(true);
    expect(isObject(Object.create(null))).toBe(true);
  });
});
