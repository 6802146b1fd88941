import type { RequestData } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { runtime } from "#runtime";
import { expectRefusal } from "./expect-error.test-support.js";
import type { PeerOptions } from "./prover-options.js";
import { runtime as nodeRuntime } from "./runtime/node.js";
import { createScene, prove, verifierOf, verify, webId, withProof } from "./scene.test-support.js";
import type { VerifierOptions } from "./verifier-options.js";

const scene = await createScene({ credentials: ["x509-svid", "wit-svid"] });
const isSynchronous = runtime === nodeRuntime;
const get: RequestData = { method: "GET", target: "/v1/transfers", headers: [] };

const provedAs = (format: NonNullable<PeerOptions["accept"]>[number]) => {
  const id = scene.ledger.credentials()[0]?.id.toString() as string;
  const peers = { "https://ledger.pay.svc:8443": { id, accept: [format] } };
  return prove(scene, get, { peers });
};

/** Whether the event loop turned while a request of a known caller was verified. */
async function turnsWhile(options: Partial<VerifierOptions>): Promise<boolean> {
  const verifier = verifierOf(scene, options);
  await verify(verifier, await provedAs("svid-proof-1"));
  const proved = await provedAs("svid-proof-1");
  let hasTurned = false;
  setImmediate(() => {
    hasTurned = true;
  });
  await verify(verifier, proved);
  return hasTurned;
}

describe("signatureChecks", () => {
  it("keep the event loop waiting by default, and with event-loop", async () => {
    expect(await turnsWhile({})).toBe(!isSynchronous);
    expect(await turnsWhile({ signatureChecks: "event-loop" })).toBe(!isSynchronous);
  });

  it("let it turn with thread-pool", async () => {
    expect(await turnsWhile({ signatureChecks: "thread-pool" })).toBe(true);
  });

  describe.each(["event-loop", "thread-pool"] as const)("%s", (signatureChecks) => {
    const verifier = verifierOf(scene, { signatureChecks });

    it.each(["svid-proof-1", "wpt-02", "http-signature-07", "svid-signature-1"] as const)(
      "accepts a good %s",
      async (format) => {
        const caller = await verify(verifier, await provedAs(format));
        expect([caller.id.toString(), caller.proof.format]).toEqual([webId, format]);
      },
    );

    it.each(["svid-proof-1", "wpt-02"] as const)("refuses a forged %s", async (format) => {
      const [one, other] = [await provedAs(format), await provedAs(format)];
      const signatures: string[] = [];
      withProof(other, (token) => {
        signatures.push(token.split(".")[2] as string);
        return token;
      });
      const forged = withProof(one, (token) =>
        [...token.split(".").slice(0, 2), signatures[0]].join("."),
      );
      await expectRefusal(() => verify(verifier, forged), "token_signature_invalid");
    });

    it.each(["http-signature-07", "svid-signature-1"] as const)(
      "refuses a %s of another request",
      async (format) => {
        const moved = { ...(await provedAs(format)), target: "/v1/other" };
        await expectRefusal(() => verify(verifier, moved), "signature_invalid");
      },
    );
  });
});
