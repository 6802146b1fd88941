import { expect, it } from "vitest";
import { concat } from "./concat.js";

it("puts byte strings one after another", () => {
  expect(concat()).toEqual(new Uint8Array());
  expect(concat(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3))).toEqual(
    Uint8Array.of(1, 2, 3),
  );
});
