import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "@firsthand/core";
import { expect, it } from "vitest";
import { scratchDirectory } from "../policy-file.test-support.js";
import { readSettled } from "./read-settled.js";

/** A clock by which waiting takes no time, and something happens meanwhile. */
function clockWith(meanwhile: (wait: number) => void): Clock {
  let waits = 0;
  return { ...systemClock, delay: async () => meanwhile(++waits) };
}

it("waits until a file is written", async () => {
  const path = join(scratchDirectory(), "policy.yaml");
  writeFileSync(path, "a");
  const writing = clockWith((wait) => {
    if (wait < 4) appendFileSync(path, "b");
  });
  expect(await readSettled(path, writing)).toBe("abbb");
});

it("gives up on a file that does not come to rest", async () => {
  const path = join(scratchDirectory(), "policy.yaml");
  writeFileSync(path, "a");
  const writing = clockWith(() => appendFileSync(path, "b"));
  await expect(readSettled(path, writing)).rejects.toMatchObject({ option: "path" });
});
