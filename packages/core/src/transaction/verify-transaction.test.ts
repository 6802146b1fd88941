import {
  createTrustDomain,
  createTxnTokenIssuer,
  type RequestData,
  type TxnTokenIssuer,
  tamperJwt,
  toProofRequest,
} from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { expectOptionError, expectRefusal } from "../expect-error.test-support.js";
import type { Observation } from "../observer.js";
import {
  createScene,
  origin,
  prove,
  type Scene,
  transfer,
  verifierOf,
  verify,
  webId,
} from "../scene.test-support.js";
import { createVerifier } from "../verifier.js";
import type { VerifierOptions } from "../verifier-options.js";
import type { TxnTokenOptions } from "./txn-token-options.js";

let scene: Scene;
let issuer: TxnTokenIssuer;
let txnTokens: TxnTokenOptions;
let token: string;

beforeAll(async () => {
  scene = await createScene();
  issuer = await createTxnTokenIssuer(scene.domain);
  txnTokens = { trustDomain: "td.example", keys: await issuer.keys() };
  token = await issuer.issue({ subject: "alice", scope: "transfer", claims: { txn: "t-1" } });
});

const carrying = (text: string): RequestData => ({
  ...transfer,
  headers: [...transfer.headers, ["Txn-Token", text]],
});

/** A verifier that reads Txn-Tokens, and what its policy and observer see. */
function witness(options: Partial<VerifierOptions> = {}) {
  const seen: unknown[] = [];
  const verifier = verifierOf(scene, {
    txnTokens,
    policy({ onBehalfOf }) {
      seen.push(onBehalfOf?.subject);
      return true;
    },
    observer: ({ caller }: Observation) => void seen.push(caller?.onBehalfOf?.id),
    ...options,
  });
  return { verifier, seen };
}

describe("a verifier that was told whose Txn-Tokens to believe", () => {
  it("tells handler, policy and observer on whose behalf the caller asks", async () => {
    const { verifier, seen } = witness();
    const { onBehalfOf } = await verify(verifier, await prove(scene, carrying(token)));
    expect(onBehalfOf).toMatchObject({ id: "t-1", subject: "alice", scope: ["transfer"] });
    expect(seen).toEqual(["alice", "t-1"]);
  });

  it("lets a caller ask on nobody's behalf", async () => {
    const { verifier, seen } = witness();
    expect((await verify(verifier, await prove(scene))).onBehalfOf).toBeUndefined();
    expect(seen).toEqual([undefined, undefined]);
  });

  it("refuses a Txn-Token that is not valid, before the policy is asked", async () => {
    const { verifier, seen } = witness();
    const forged = tamperJwt(token, { claims: { sub: "mallory" } });
    const proved = await prove(scene, carrying(forged));
    await expectRefusal(() => verify(verifier, proved), "token_signature_invalid", "txn-token");
    expect(seen).toEqual([undefined]);
  });

  it("refuses a valid Txn-Token that the proof does not bind", async () => {
    const { verifier } = witness();
    const other = await issuer.issue({ subject: "bob", scope: "transfer" });
    const bound = await prove(scene, carrying(other));
    const swapped = bound.headers.map(([name, value]) => [name, value === other ? token : value]);
    const request = { ...bound, headers: swapped as [string, string][] };
    await expectRefusal(() => verify(verifier, request), "proof_transaction_token_mismatch");
    const bare = await prove(scene);
    const added = { ...bare, headers: [...bare.headers, ["Txn-Token", token] as const] };
    await expectRefusal(() => verify(verifier, added), "proof_transaction_token_unbound");
  });

  it("refuses a Txn-Token over a connection that is all the evidence", async () => {
    const { chain } = await scene.domain.issueX509Svid(webId);
    const { verifier } = witness({ accept: ["mutual-tls"] });
    const connected = { ...toProofRequest({ ...transfer }), peerCertificates: chain };
    expect((await verifier.verify(connected)).onBehalfOf).toBeUndefined();
    const headers = [["Txn-Token", token]] as const;
    const act = () => verifier.verify({ ...connected, headers });
    await expectRefusal(act, "proof_transaction_token_unbound", "txn-token");
    const unread = witness({ accept: ["mutual-tls"], txnTokens: undefined });
    const caller = await unread.verifier.verify({ ...connected, headers });
    expect(caller.onBehalfOf).toBeUndefined();
  });

  it("takes one from a caller of another trust domain only where that is listed", async () => {
    const partner = await createTrustDomain("partner.example", { clock: scene.clock });
    const foreign = await partner.identity("/web");
    const identity = {
      trustBundle: (name: string) => (name === partner.name ? bundle : undefined),
    };
    const bundle = await partner.bundle();
    const options = { identity, origin, policy: () => true, clock: scene.clock };
    const proved = () => prove({ clock: scene.clock, web: foreign }, carrying(token));
    const strict = createVerifier({ ...options, txnTokens });
    const request = await proved();
    await expectRefusal(() => verify(strict, request), "transaction_caller_foreign", "txn-token");
    const acceptFrom = ["partner.example"];
    const listed = createVerifier({ ...options, txnTokens: { ...txnTokens, acceptFrom } });
    expect((await verify(listed, await proved())).onBehalfOf?.subject).toBe("alice");
  });

  it.each<[option: string, change: object]>([
    ["txnTokens.trustDomain", { trustDomain: "TD.example" }],
    ["txnTokens.keys", { keys: undefined }],
    ["txnTokens.acceptFrom[0]", { acceptFrom: [""] }],
    ["txnTokens.maxLifetimeSeconds", { maxLifetimeSeconds: 86_401 }],
    ["txnTokens.audience", { audience: "td.example" }],
  ])("refuses a wrong option %s", async (option, change) => {
    const wrong = { ...txnTokens, ...change } as TxnTokenOptions;
    await expectOptionError(() => verifierOf(scene, { txnTokens: wrong }), option);
  });
});

describe("a verifier that was not told", () => {
  it("binds a Txn-Token and believes nothing of it", async () => {
    const proved = await prove(scene, carrying("anything"));
    expect((await verify(verifierOf(scene), proved)).onBehalfOf).toBeUndefined();
  });
});
