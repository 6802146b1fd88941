import { inspect } from "node:util";
import { createTxnTokenIssuer, type RequestData, type TxnTokenIssuer } from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import type { Caller } from "../caller.js";
import { expectConfigurationError } from "../expect-error.test-support.js";
import {
  callerOf,
  createScene,
  prove,
  type Scene,
  transfer,
  verifierOf,
  verify,
  webId,
} from "../scene.test-support.js";
import type { KeySetSource } from "../transaction/key-set.js";
import type { Transaction } from "../transaction/transaction.js";
import { validateTxnToken } from "../transaction/validate-txn-token.js";
import {
  callContext,
  isWithin,
  resumeCallContext,
  runInCallContext,
  runInTransaction,
  withoutCallContext,
} from "./call-context.js";

let scene: Scene;
let issuer: TxnTokenIssuer;
let keys: KeySetSource;
let current: Transaction;

beforeAll(async () => {
  scene = await createScene();
  issuer = await createTxnTokenIssuer(scene.domain);
  keys = await issuer.keys();
  current = await transaction();
});

/** A transaction that was validated; of `alice`, for `create read`, when nothing else is said. */
async function transaction(claims: Readonly<Record<string, unknown>> = {}): Promise<Transaction> {
  const token = await issuer.issue({
    subject: "alice",
    scope: "create read",
    claims: { txn: "t-1", ...claims },
  });
  return validateTxnToken(token, { trustDomain: "td.example", keys, clock: scene.clock });
}

async function callerWith(...headers: RequestData["headers"]): Promise<Caller> {
  const txnTokens = { trustDomain: "td.example", keys };
  const request = { ...transfer, headers };
  return verify(verifierOf(scene, { txnTokens }), await prove(scene, request));
}

const remembers = runInCallContext(callerOf(webId), callContext) !== undefined;

describe("without AsyncLocalStorage", () => {
  it.skipIf(remembers)("there is no context, and work is done all the same", async () => {
    expect(runInCallContext(callerOf(webId), () => "done")).toBe("done");
    expect(runInTransaction(current, callContext)).toBeUndefined();
    expect(withoutCallContext(callContext)).toBeUndefined();
  });
});

describe.skipIf(!remembers)("the call context", () => {
  it("is undefined outside of a request", () => {
    expect(callContext()).toBeUndefined();
  });

  it("has the verified caller, the user's token and the transaction", async () => {
    const token = await issuer.issue({ subject: "alice", scope: "read" });
    const caller = await callerWith(
      ["Authorization", "bearer  secret.of.alice"],
      ["Txn-Token", token],
    );
    const context = runInCallContext(caller, callContext);
    expect(context?.caller).toBe(caller);
    expect(context?.transaction).toBe(caller.onBehalfOf);
    expect(context?.transaction?.subject).toBe("alice");
    expect(context?.userToken).toMatchObject({ scheme: "Bearer", value: "secret.of.alice" });
    expect(Object.isFrozen(context)).toBe(true);
    expect(Object.isFrozen(context?.userToken)).toBe(true);
  });

  it.each<[title: string, authorization: string, expected: object | undefined]>([
    ["DPoP", "DPoP abc", { scheme: "DPoP", value: "abc" }],
    ["Basic", "Basic abc", undefined],
  ])("knows what to make of %s", async (_, authorization, expected) => {
    const caller = await callerWith(["Authorization", authorization]);
    const userToken = runInCallContext(caller, callContext)?.userToken;
    if (expected === undefined) expect(userToken).toBeUndefined();
    else expect(userToken).toMatchObject(expected);
  });

  it("has no token when the caller was not verified with one", async () => {
    const caller = await callerWith(["Authorization", "Bearer secret"]);
    const context = runInCallContext({ ...caller }, callContext);
    expect(context).toMatchObject({ userToken: undefined, transaction: undefined });
  });

  it("shows no token when it is printed", async () => {
    const token = await issuer.issue({ subject: "alice", scope: "read" });
    const caller = await callerWith(["Authorization", "Bearer secret"], ["Txn-Token", token]);
    const context = runInCallContext(caller, callContext);
    const shown = `${inspect(context, { depth: 9, showHidden: true })} ${JSON.stringify(context)}`;
    expect(shown).toContain("alice");
    expect(shown).not.toContain("secret");
    expect(shown).not.toContain(token.split(".")[2]);
  });

  it("goes along with what is awaited, and ends with the work", async () => {
    const caller = callerOf(webId);
    await runInCallContext(caller, async () => {
      await new Promise(setImmediate);
      expect(callContext()?.caller).toBe(caller);
      withoutCallContext(() => expect(callContext()).toBeUndefined());
      expect(callContext()?.caller).toBe(caller);
    });
    expect(callContext()).toBeUndefined();
  });

  it("can be taken and entered again", () => {
    const taken = runInCallContext(callerOf(webId), callContext);
    expect(resumeCallContext(taken, callContext)).toBe(taken);
    expect(resumeCallContext(undefined, callContext)).toBeUndefined();
  });

  it("begins with a transaction where there is no request", () => {
    expect(runInTransaction(current, callContext)).toEqual({
      caller: undefined,
      userToken: undefined,
      transaction: current,
    });
  });

  it("takes up a transaction in a request that has none, and keeps the rest", async () => {
    const caller = await callerWith(["Authorization", "Bearer secret"]);
    const context = runInCallContext(caller, () => runInTransaction(current, callContext));
    expect(context?.caller).toBe(caller);
    expect(context?.userToken?.value).toBe("secret");
    expect(context?.transaction).toBe(current);
  });

  it("takes a replacement with the same scope or less", async () => {
    for (const scope of ["create read", "read create", "read"]) {
      const replacement = await transaction({ scope });
      const context = runInTransaction(current, () => runInTransaction(replacement, callContext));
      expect(context?.transaction).toBe(replacement);
    }
  });

  it.each<[title: string, claims: Readonly<Record<string, unknown>>]>([
    ["another transaction", { txn: "t-2" }],
    ["another subject", { sub: "bob" }],
    ["more scope", { scope: "create read delete" }],
    ["other scope", { scope: "delete" }],
    ["scope in another spelling", { scope: "READ" }],
  ])("refuses %s in its place", async (_, claims) => {
    const wider = await transaction(claims);
    let entered = false;
    const enter = () => {
      entered = true;
    };
    const act = () => runInTransaction(current, () => runInTransaction(wider, enter));
    await expectConfigurationError(act, "context_widened");
    expect(entered).toBe(false);
  });

  it("never gets wider again once it was narrowed", async () => {
    const narrow = await transaction({ scope: "read" });
    const act = () => runInTransaction(narrow, () => runInTransaction(current, callContext));
    await expectConfigurationError(act, "context_widened");
  });

  it("refuses a transaction that nobody validated", async () => {
    const copy = { ...current };
    await expectConfigurationError(
      () => runInTransaction(copy, callContext),
      "transaction_unverified",
    );
  });
});

describe("isWithin", () => {
  it("compares the trust domain as well", async () => {
    const foreign = { ...current, trustDomain: "other.example" as Transaction["trustDomain"] };
    expect(isWithin(current, current)).toBe(true);
    expect(isWithin(foreign, current)).toBe(false);
  });
});
