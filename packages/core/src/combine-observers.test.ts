import { describe, expect, it } from "vitest";
import { combineObservers } from "./combine-observers.js";
import type { Observer } from "./observer.js";
import { createScene, prove, verifierOf, verify } from "./scene.test-support.js";

describe("combineObservers", () => {
  it("tells each of them, in order, and waits for each", async () => {
    const told: string[] = [];
    const slow: Observer = async ({ decision }) => {
      await Promise.resolve();
      told.push(`slow ${decision}`);
    };
    const quick: Observer = ({ decision }) => void told.push(`quick ${decision}`);
    const scene = await createScene();
    const verifier = verifierOf(scene, { observer: combineObservers(slow, quick) });
    await verify(verifier, await prove(scene));
    expect(told).toEqual(["slow accepted", "quick accepted"]);
  });

  it("refuses when one of them fails, and tells those after it of the refusal only", async () => {
    const told: string[] = [];
    let failures = 1;
    const failing: Observer = () => {
      if (failures-- > 0) throw new Error("disk full");
    };
    const observer = combineObservers(failing, ({ decision }) => void told.push(decision));
    const scene = await createScene();
    const verifying = verify(verifierOf(scene, { observer }), await prove(scene));
    await expect(verifying).rejects.toMatchObject({ code: "observer_failed" });
    expect(told).toEqual(["refused"]);
  });
});
