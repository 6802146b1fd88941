import { describe, expect, it } from "vitest";
import { createHold } from "./hold.js";

describe("createHold", () => {
  it("begins with the first holder and ends with the last, whoever that is", () => {
    const events: string[] = [];
    const hold = createHold(
      () => events.push("begin"),
      () => events.push("end"),
    );
    const first = hold();
    const second = hold();
    first();
    expect(events).toEqual(["begin"]);
    second();
    expect(events).toEqual(["begin", "end"]);
    hold();
    expect(events).toEqual(["begin", "end", "begin"]);
  });

  it("counts a holder once, however often it lets go", () => {
    const events: string[] = [];
    const hold = createHold(
      () => events.push("begin"),
      () => events.push("end"),
    );
    const first = hold();
    const second = hold();
    first();
    first();
    expect(events).toEqual(["begin"]);
    second();
    second();
    expect(events).toEqual(["begin", "end"]);
  });
});
