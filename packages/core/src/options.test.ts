import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { ConfigurationError } from "./errors.js";
import { expectOptionError } from "./expect-error.test-support.js";
import {
  callback,
  capability,
  invalidOption,
  oneOf,
  parseOptions,
  wholeNumber,
} from "./options.js";

interface Bell {
  ring(): void;
  stop(): void;
}

const bell: Bell = { ring: () => undefined, stop: () => undefined };

const schema = z.strictObject({
  size: z.optional(wholeNumber(1, 9)),
  bell: z.optional(capability<Bell>("ring", "stop")),
  hook: z.optional(callback<() => void>()),
  rooms: z.optional(z.array(z.strictObject({ name: z.string() }))),
  peers: z.optional(z.record(z.string(), z.string())),
});

const parse = (options: unknown) => parseOptions("createHouse", schema, options);

describe("parseOptions", () => {
  it("gives back what it was given", () => {
    const options = { size: 3, bell, hook: bell.ring, rooms: [{ name: "attic" }] };
    expect(parse(options)).toEqual(options);
    expect(parse(options).bell).toBe(bell);
    expect(parse({})).toEqual({});
  });

  it.each<[name: string, options: unknown, option: string]>([
    ["an option that does not exist", { sise: 3 }, "sise"],
    ["the first of two that do not exist", { sise: 3, bel: 4 }, "sise"],
    ["a member that does not exist", { rooms: [{ name: "a" }, { nam: "b" }] }, "rooms[1].name"],
    ["a member too many", { rooms: [{ name: "a", nam: "b" }] }, "rooms[0].nam"],
    ["a value in a list", { rooms: [{ name: 1 }] }, "rooms[0].name"],
    [
      "a value under a key that is no name",
      { peers: { "https://a.example": 1 } },
      'peers["https://a.example"]',
    ],
    ["a value under a key that is a name", { peers: { orders: 1 } }, "peers.orders"],
    ["nothing", undefined, ""],
    ["null", null, ""],
    ["a list", [], ""],
  ])("names the option: %s", async (_, options, option) => {
    const error = await expectOptionError(() => parse(options), option);
    expect(error.cause).toBeDefined();
  });

  it("words the problem alike everywhere", async () => {
    const { message } = await expectOptionError(() => parse({ sise: 3 }), "sise");
    expect(message).toBe("createHouse: option sise: is not an option");
    const { message: whole } = await expectOptionError(() => parse(7), "");
    expect(whole).toMatch(/^createHouse: the options: /);
  });
});

describe("invalidOption", () => {
  it("keeps the cause", () => {
    const cause = new Error("cause");
    const error = invalidOption("allow", "[0]", "must be good", cause);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toBe("allow: option [0]: must be good");
    expect(error.cause).toBe(cause);
  });
});

describe("one of several texts", () => {
  const parseTheme = (theme: unknown) =>
    parseOptions("createHouse", z.strictObject({ theme: oneOf("dark", "light") }), { theme });

  it("lists them", async () => {
    expect(parseTheme("dark")).toEqual({ theme: "dark" });
    const { message } = await expectOptionError(() => parseTheme("drak"), "theme");
    expect(message).toBe('createHouse: option theme: must be one of "dark", "light"');
  });
});

describe("a capability", () => {
  it("may be there only later, and then has to be awaited", async () => {
    const { message } = await expectOptionError(
      () => parse({ bell: Promise.resolve(bell) }),
      "bell",
    );
    expect(message).toMatch(/ring\(\) and stop\(\); this is a promise, so await it$/);
  });

  it("may have its methods from a class", () => {
    class ClassBell {
      ring() {}
      stop() {}
    }
    expect(() => parse({ bell: new ClassBell() })).not.toThrow();
  });

  it.each([
    ["null", null],
    ["a text", "bell"],
    ["a function", () => undefined],
    ["an object without them", {}],
    ["an object with one of them", { ring: bell.ring }],
    ["an object where one is no function", { ring: bell.ring, stop: true }],
  ])("is not %s", async (_, value) => {
    const { message } = await expectOptionError(() => parse({ bell: value }), "bell");
    expect(message).toBe("createHouse: option bell: must be an object with ring() and stop()");
  });
});

describe("a callback", () => {
  it.each([
    ["null", null],
    ["an object", {}],
    ["a text", "x"],
  ])("is not %s", async (_, value) => {
    const { message } = await expectOptionError(() => parse({ hook: value }), "hook");
    expect(message).toBe("createHouse: option hook: must be a function");
  });
});

describe("a whole number", () => {
  it.each([1, 5, 9])("may be %d", (size) => {
    expect(parse({ size })).toEqual({ size });
  });

  it.each([
    ["below", 0],
    ["above", 10],
    ["a fraction", 1.5],
    ["NaN", Number.NaN],
    ["infinite", Number.POSITIVE_INFINITY],
    ["a text", "3"],
    ["null", null],
    ["a bigint", 3n],
  ])("is not %s", async (_, size) => {
    const { message } = await expectOptionError(() => parse({ size }), "size");
    expect(message).toBe("createHouse: option size: must be a whole number from 1 to 9");
  });
});
