import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeWithVectors } from "../shared-vectors.test-support.js";
import { parseForwardedClientCert } from "./forwarded-client-cert.js";

const parsed = (value: string) =>
  parseForwardedClientCert(value)?.map((element) => Object.fromEntries(element));

interface Examples {
  readonly examples: readonly { readonly value: string; readonly parsed: unknown }[];
}

describeWithVectors<Examples>("examples of Envoy", "envoy-xfcc.json", ({ examples }) => {
  it.each(examples)("reads $value", ({ value, parsed: expected }) => {
    expect(parsed(value)).toEqual(expected);
  });
});

describe("parseForwardedClientCert", () => {
  it.each([
    ["no value", "URI=", [{ uri: [""] }]],
    ["keys in any case", "uRi=a;HASH=b", [{ uri: ["a"], hash: ["b"] }]],
    [
      "white space between pairs",
      "URI=a; Hash=b , URI=c",
      [{ uri: ["a"], hash: ["b"] }, { uri: ["c"] }],
    ],
    ["separators in quotes", 'Subject="a,b;c=d",URI=e', [{ subject: ["a,b;c=d"] }, { uri: ["e"] }]],
    ["quotes in quotes", String.raw`Subject="a\"b\\"`, [{ subject: [String.raw`a"b\ `.trim()] }]],
    ["an equals sign in a value", "URI=a=b", [{ uri: ["a=b"] }]],
    ["keys that nobody knows", "New=1", [{ new: ["1"] }]],
    ["the key of a prototype", "constructor=1;URI=a", [{ constructor: ["1"], uri: ["a"] }]],
  ])("reads %s", (_, value, expected) => {
    expect(parsed(value)).toEqual(expected);
  });

  it.each([
    ["nothing", ""],
    ["a comma", ","],
    ["an element that is missing", "URI=a,,URI=b"],
    ["an end that is missing", "URI=a,"],
    ["a pair without a key", "=a"],
    ["a pair without a value", "URI"],
    ["a pair that is missing", "URI=a;;Hash=b"],
    ["a quote that does not end", 'Subject="a'],
    ["a quote that ends escaped", String.raw`Subject="a\"`],
    ["text after a quote", 'Subject="a"b'],
    ["a quote within a value", 'URI=a"b"'],
    ["more hops than anybody has", Array.from({ length: 34 }, () => "URI=a").join(",")],
  ])("does not read %s", (_, value) => {
    expect(parseForwardedClientCert(value)).toBeUndefined();
  });

  it("reads back whatever is quoted", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 8 }), (values) => {
        const oneLine = values.map((value) => value.replaceAll(/[\r\n\u2028\u2029]/g, " "));
        const quoted = oneLine.map((value) => `URI="${value.replaceAll(/["\\]/g, "\\$&")}"`);
        expect(parsed(quoted.join(";"))).toEqual([{ uri: oneLine }]);
        expect(parsed(quoted.join(","))).toEqual(oneLine.map((value) => ({ uri: [value] })));
      }),
    );
  });
});
