import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import {
  formatContentDigest,
  parseContentDigest,
} from "../../packages/core/src/signature/content-digest.js";
import { describeShared } from "../support/describe-shared.js";

interface Vectors {
  readonly messages: readonly {
    readonly message: string;
    readonly algorithm: string;
    readonly value: string;
  }[];
  readonly sampleValues: {
    readonly input: string;
    readonly values: Readonly<Record<string, string>>;
  };
}

describeShared<Vectors>("RFC 9530", "rfc9530-digest.json", ({ messages, sampleValues }) => {
  const digests = messages.map(({ algorithm, value }) => [algorithm, value] as const);
  /** With more padding than base64 has, as the RFC prints some. */
  const misprinted = messages.flatMap(
    ({ message }) => message.match(/sha-256=:[^:]{43}==:/g) ?? [],
  );

  it("has as many digests as are looked at here", () => {
    expect([digests.length, misprinted.length]).toEqual([30, 3]);
  });

  it.each(digests)("%s of %s is read, or refused for what it is", (algorithm, value) => {
    const read = () => parseContentDigest(`${algorithm}=:${value}:`);
    if (algorithm === "sha-256") {
      expect(formatContentDigest(read())).toBe(`sha-256=:${value}:`);
    } else {
      expect(read).toThrow(expect.objectContaining({ code: "digest_unsupported" }));
    }
  });

  it.each(misprinted)("%s is refused", (text) => {
    expect(() => parseContentDigest(text)).toThrow(
      expect.objectContaining({ code: "signature_malformed" }),
    );
  });

  it.each(Object.entries(sampleValues.values))("the sample in %s", (algorithm, value) => {
    const read = () => parseContentDigest(`${algorithm}=:${value}:`);
    if (algorithm === "sha-256") {
      expect(read()).toBe(createHash("sha256").update(sampleValues.input).digest("base64url"));
    } else {
      expect(read).toThrow(expect.objectContaining({ code: "digest_unsupported" }));
    }
  });
});
