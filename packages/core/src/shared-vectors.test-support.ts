import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const folder = new URL("../../../../shared/vectors/", import.meta.url);

/**
 * Describes tests over a file of the shared vectors, the sibling folder of the checkout. Without it
 * the tests are skipped where a developer sees it, and fail under CI.
 */
export function describeWithVectors<T>(
  name: string,
  file: string,
  define: (vectors: T) => void,
): void {
  const path = new URL(file, folder);
  describe(name, () => {
    if (existsSync(path)) return define(JSON.parse(readFileSync(path, "utf8")) as T);
    const isCi = process.env["CI"] !== undefined;
    it.skipIf(!isCi)(`NOT RUN: needs ../shared/vectors/${file}`, () => {
      expect.fail(`../shared/vectors/${file} is missing`);
    });
  });
}
