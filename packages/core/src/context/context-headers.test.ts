import { claimsOf, createTxnTokenIssuer, type TxnTokenIssuer } from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import type { Caller } from "../caller.js";
import { expectOptionError, expectProofError } from "../expect-error.test-support.js";
import { hashText } from "../hash.js";
import { createProver, type Proof } from "../prover.js";
import type { PeerOptions } from "../prover-options.js";
import {
  callerOf,
  createScene,
  ledgerId,
  origin,
  prove,
  type Scene,
  transfer,
  verifierOf,
  verify,
  webId,
} from "../scene.test-support.js";
import { callContext, runInCallContext, withoutCallContext } from "./call-context.js";
import type { ContextPart } from "./context-headers.js";

const foreignId = "spiffe://partner.example/ledger";
let scene: Scene;
let issuer: TxnTokenIssuer;
let token: string;
let caller: Caller;

beforeAll(async () => {
  scene = await createScene({ credentials: ["wit-svid", "x509-svid"] });
  issuer = await createTxnTokenIssuer(scene.domain);
  token = await issuer.issue({ subject: "alice", scope: "transfer" });
  const txnTokens = { trustDomain: "td.example", keys: await issuer.keys() };
  const headers = [
    ["Txn-Token", token],
    ["Authorization", "Bearer secret"],
  ] as const;
  const request = await prove(scene, { ...transfer, headers });
  caller = await verify(verifierOf(scene, { txnTokens }), request);
});

/** The fields that a request to the peer gets in the context of the caller. */
async function sent(
  peer: Partial<PeerOptions>,
  headers: readonly (readonly [string, string])[] = [],
): Promise<Proof> {
  const peers = { [origin]: { id: ledgerId, ...peer } };
  const prover = createProver({ identity: scene.web, peers, clock: scene.clock });
  const request = { method: "GET", url: new URL(origin), headers };
  return runInCallContext(caller, () => prover.prove(request));
}

const contextOf = ({ headers }: Proof) =>
  headers.filter(([name, value]) => name === "Txn-Token" || value.startsWith("Bearer"));
const transaction = () => ["Txn-Token", token];
const userToken = ["Authorization", "Bearer secret"];
const remembers = runInCallContext(callerOf(webId), callContext) !== undefined;

describe.skipIf(!remembers)("a prover in a call context", () => {
  it.each<[title: string, peer: Partial<PeerOptions>, expected: () => unknown]>([
    ["the Txn-Token to a peer of its trust domain", {}, () => [transaction()]],
    ["nothing to a peer of another one", { id: foreignId }, () => []],
    ["nothing with an empty list", { context: [] }, () => []],
    ["what is listed", { context: ["transaction"] }, () => [transaction()]],
    ["the user's token alone", { context: ["user-token"] }, () => [userToken]],
    ["both", { context: ["user-token", "transaction"] }, () => [transaction(), userToken]],
    [
      "what is listed to another trust domain",
      { id: foreignId, context: ["transaction"] },
      () => [transaction()],
    ],
  ])("passes on %s", async (_, peer, expected) => {
    expect(contextOf(await sent(peer))).toEqual(expected());
  });

  it("binds what it passes on", async () => {
    const { headers } = await sent({
      accept: ["svid-proof-1"],
      context: ["transaction", "user-token"],
    });
    const [, proof = ""] = headers.find(([name]) => name === "SVID-Proof") ?? [];
    expect(claimsOf(proof)).toMatchObject({
      tth: await hashText(token),
      ath: await hashText("secret"),
    });
  });

  it("is accepted by the next service, which sees the same transaction", async () => {
    const keys = await issuer.keys();
    const verifier = verifierOf(scene, { txnTokens: { trustDomain: "td.example", keys } });
    const { headers } = await sent({ context: ["transaction", "user-token"] });
    const next = await verify(verifier, { method: "GET", target: "/", headers });
    expect(next.onBehalfOf).toEqual(caller.onBehalfOf);
    expect(runInCallContext(next, callContext)?.userToken?.value).toBe("secret");
  });

  it("chooses a proof that leaves room for the user's token", async () => {
    expect((await sent({})).format).toBe("wpt-02");
    expect((await sent({ context: ["user-token"] })).format).toBe("svid-proof-1");
    const act = () => sent({ accept: ["wpt-02"], context: ["user-token"] });
    await expectProofError(act, "header_conflict");
  });

  it("leaves a field alone that the application has set", async () => {
    const own = [
      ["txn-token", "own"],
      ["AUTHORIZATION", "Bearer own"],
    ] as const;
    const proof = await sent({ context: ["transaction", "user-token"] }, own);
    expect(contextOf(proof)).toEqual([]);
  });

  it("passes on nothing outside of a context", async () => {
    const outside = () => prove(scene, { ...transfer, headers: [] });
    for (const request of [
      await outside(),
      await runInCallContext(caller, () => withoutCallContext(outside)),
      await runInCallContext(callerOf(webId), outside),
    ]) {
      expect(request.headers.map(([name]) => name)).not.toContain("Txn-Token");
    }
  });
});

describe("createProver", () => {
  it("refuses to pass on what does not exist", async () => {
    const context = ["caller"] as unknown as readonly ContextPart[];
    const peers = { [origin]: { id: ledgerId, context } };
    const act = () => createProver({ identity: scene.web, peers });
    await expectOptionError(act, `peers[${JSON.stringify(origin)}]`);
  });
});
