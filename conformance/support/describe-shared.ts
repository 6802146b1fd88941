import { describe, it } from "vitest";
import { hasShared, readShared } from "./shared-vectors.js";

/** Tests over one file of the shared vectors: skipped when it is missing, failing then under CI. */
export function describeShared<T>(title: string, name: string, tests: (data: T) => void): void {
  if (hasShared(name)) {
    describe(title, () => tests(readShared<T>(name)));
    return;
  }
  const notice = `${title}: ../shared/vectors/${name} is missing, nothing is tested`;
  if (process.env.CI !== undefined) {
    it(title, () => {
      throw new Error(notice);
    });
    return;
  }
  process.stderr.write(`${notice}\n`);
  it.skip(notice, () => undefined);
}
