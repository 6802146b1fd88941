import { ConfigurationError } from "@firsthand/core";
import { describe, expect, it } from "vitest";
import type { RequestData } from "./request-data.js";
import {
  addHeader,
  type RequestMutation,
  removeHeader,
  repeatHeader,
  replaceHeader,
  requestMutations,
} from "./request-mutations.js";

const good: RequestData = {
  method: "POST",
  target: "/orders/7?b=2&a=1",
  headers: [
    ["Accept", "*/*"],
    ["X-Token", "one"],
    ["x-token", "two"],
  ],
  body: Buffer.from("abc"),
};

describe("requestMutations", () => {
  it.each<[keyof typeof requestMutations, string]>([
    ["pathChanged", "/another?b=2&a=1"],
    ["pathExtended", "/orders/7/more?b=2&a=1"],
    ["pathWithSlash", "/orders/7/?b=2&a=1"],
    ["pathWithDoubleSlash", "//orders/7?b=2&a=1"],
    ["pathWithDotSegment", "/./orders/7?b=2&a=1"],
    ["pathUpperCase", "/ORDERS/7?b=2&a=1"],
    ["pathPercentEncoded", "/%6frders/7?b=2&a=1"],
    ["queryAdded", "/orders/7?b=2&a=1&added=1"],
    ["queryEmptied", "/orders/7?"],
    ["queryRemoved", "/orders/7"],
    ["queryReordered", "/orders/7?a=1&b=2"],
    ["queryPercentEncoded", "/orders/7?%62=2&a=1"],
  ])("%s makes it %s and nothing else", (name, target) => {
    expect(requestMutations[name](good)).toEqual({ ...good, target });
  });

  it.each<[keyof typeof requestMutations, string]>([
    ["bodyBitFlipped", "abb"],
    ["bodyTruncated", "ab"],
    ["bodyExtended", "abc "],
    ["bodyReplaced", "{}"],
  ])("%s makes the content %j and nothing else", (name, content) => {
    const { body, ...rest } = requestMutations[name](good);
    expect(Buffer.from(body ?? []).toString()).toBe(content);
    expect({ ...rest, body: good.body }).toEqual(good);
  });

  it("takes content away", () => {
    expect(requestMutations.bodyRemoved(good)).not.toHaveProperty("body");
  });

  it.each<[string, RequestMutation, RequestData]>([
    [
      "a path without letters in upper case",
      requestMutations.pathUpperCase,
      { ...good, target: "/7" },
    ],
    ["no query to take away", requestMutations.queryRemoved, { ...good, target: "/" }],
    ["one parameter to reorder", requestMutations.queryReordered, { ...good, target: "/?a=1" }],
    ["no content to change", requestMutations.bodyTruncated, { ...good, body: undefined }],
    ["no header to repeat", repeatHeader("cookie"), good],
    ["no header to take away", removeHeader("cookie"), good],
  ])("refuses to change nothing: %s", (_, mutate, request) => {
    expect(() => mutate(request)).toThrow(ConfigurationError);
  });
});

describe("headers", () => {
  it("are added at the end", () => {
    expect(addHeader("accept", "a")(good).headers).toEqual([...good.headers, ["accept", "a"]]);
  });

  it("are repeated where they stand, in any spelling", () => {
    expect(repeatHeader("X-TOKEN")(good).headers).toEqual([
      ["Accept", "*/*"],
      ["X-Token", "one"],
      ["X-Token", "one"],
      ["x-token", "two"],
      ["x-token", "two"],
    ]);
  });

  it("are replaced where they stand, in any spelling", () => {
    const upper = replaceHeader("x-token", (value) => value.toUpperCase());
    expect(upper(good).headers).toEqual([
      ["Accept", "*/*"],
      ["X-Token", "ONE"],
      ["x-token", "TWO"],
    ]);
  });

  it("are taken out, in any spelling", () => {
    expect(removeHeader("x-token")(good).headers).toEqual([["Accept", "*/*"]]);
  });
});
