import {
  callContext,
  runInTransaction,
  type Transaction,
  VerificationError,
  validateTxnToken,
} from "@firsthand/core";
import { createTrustDomain, createTxnTokenIssuer } from "@firsthand/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const trustDomain = await createTrustDomain("shop.example");
const issuer = await createTxnTokenIssuer(trustDomain);
const keys = await issuer.keys();
const token = await issuer.issue({ subject: "alice", scope: "a b c", claims: { txn: "t-1" } });

const validate = (text: string): Promise<Transaction> =>
  validateTxnToken(text, { trustDomain: "shop.example", keys });

describe("a Txn-Token", () => {
  it("counts no longer when any character of it is another one", async () => {
    const characters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ "];
    const change = fc.record({
      at: fc.nat({ max: token.length - 1 }),
      character: fc.constantFrom(...characters),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, character }) => {
        fc.pre(token[at] !== character);
        const changed = `${token.slice(0, at)}${character}${token.slice(at + 1)}`;
        await expect(validate(changed)).rejects.toBeInstanceOf(VerificationError);
      }),
      { numRuns: 400 },
    );
    expect((await validate(token)).subject).toBe("alice");
  });
});

describe("a call context", () => {
  it("never has more than what it began with, whatever is tried to be entered", async () => {
    const claims = fc.record({
      txn: fc.constantFrom("t-1", "t-2"),
      sub: fc.constantFrom("alice", "bob"),
      scope: fc.subarray(["a", "b", "c", "d"], { minLength: 1 }).map((values) => values.join(" ")),
    });
    const whole = await validate(token);
    const attempts = fc.array(claims, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(attempts, async (tries) => {
        const transactions = await Promise.all(
          tries.map(async (tried) =>
            validate(await issuer.issue({ subject: "", scope: "", claims: tried })),
          ),
        );
        runInTransaction(whole, () => enterAll(transactions, whole));
      }),
      { numRuns: 100 },
    );
  });
});

/** Enters one inside the other, as far as they let it. */
function enterAll(transactions: readonly Transaction[], outer: Transaction): void {
  const current = callContext()?.transaction ?? expect.fail("the context is lost");
  expect([current.id, current.subject]).toEqual([outer.id, outer.subject]);
  expect(outer.scope).toEqual(expect.arrayContaining([...current.scope]));
  const [next, ...others] = transactions;
  if (next === undefined) return;
  let entered = false;
  try {
    runInTransaction(next, () => {
      entered = true;
      enterAll(others, current);
    });
  } catch (error) {
    if (entered) throw error;
    expect(error).toMatchObject({ code: "context_widened" });
    enterAll(others, current);
  }
}
