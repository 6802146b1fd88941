import { describe, expect, it } from "vitest";
import { describeShared } from "../support/describe-shared.js";
import { type Catalogue, catalogueFile, classOf, isCovered } from "./catalogue.js";
import { classes, shared, withoutCode } from "./classes.js";

describeShared<Catalogue>("the classes of the catalogue", catalogueFile, ({ cases }) => {
  it("all have a code, or a reason to have none", () => {
    const demanded = cases.filter(isCovered).flatMap((entry) => classOf(entry) ?? []);
    const mapped = [...Object.keys(classes), ...Object.keys(withoutCode)];
    expect(mapped.sort()).toEqual([...new Set(demanded)].sort());
  });
});

describe("the codes of classes", () => {
  it("are one at least for each class", () => {
    expect(Object.entries(classes).filter(([, codes]) => codes.length === 0)).toEqual([]);
  });

  it("serve one class each, unless a note says why", () => {
    const uses = Object.values(classes).flat();
    const repeated = uses.filter((code, index) => uses.indexOf(code) !== index);
    expect([...new Set(repeated)].sort()).toEqual(Object.keys(shared).sort());
  });
});
