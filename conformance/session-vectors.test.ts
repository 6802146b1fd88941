import { createECDH } from "node:crypto";
import { describe, expect, it } from "vitest";
import { runtime } from "../packages/core/src/runtime/node.js";
import { deriveKeys, hashTranscript } from "../packages/core/src/session/derive-keys.js";
import { textOfConfirmation } from "../packages/core/src/session/open-session.js";
import { joinTexts } from "../packages/core/src/session/protocol.js";
import { parseSessionAnswer } from "../packages/core/src/session/session-answer.js";
import type { VectorFile } from "./generator/vector-file.js";
import { readVectors } from "./support/vectors.js";

const { agreement } = readVectors<VectorFile>("svid-session-1.json");
if (agreement === undefined) throw new Error("the file of sessions has an agreement");

const bytes = (text: string) => Buffer.from(text, "base64url");

describe("the agreement of the vectors, step by step", () => {
  it("agrees on the same secret from either side", () => {
    const { callerPrivateKey, verifierPrivateKey, transcript } = agreement;
    for (const [own, other] of [
      [callerPrivateKey, transcript.verifierKey],
      [verifierPrivateKey, transcript.callerKey],
    ] as const) {
      const side = createECDH("prime256v1");
      side.setPrivateKey(bytes(String((own as { d: unknown }).d)));
      expect(side.computeSecret(bytes(other)).toString("base64url")).toBe(agreement.agreed);
    }
  });

  it("hashes the transcript", async () => {
    const hash = await hashTranscript({ ...agreement.transcript, wit: undefined });
    expect(Buffer.from(hash).toString("base64url")).toBe(agreement.transcriptHash);
    expect(agreement.transcriptText.startsWith(joinTexts(["firsthand svid-session-1"]))).toBe(true);
  });

  it("derives the keys and confirms them", async () => {
    const { request, confirmation } = await deriveKeys(
      bytes(agreement.agreed),
      bytes(agreement.transcriptHash),
    );
    expect(Buffer.from(request).toString("base64url")).toBe(agreement.requestKey);
    const mac = await runtime.mac(confirmation, textOfConfirmation(600, undefined));
    expect(mac).toBe(agreement.confirmation);
    const key = await runtime.importMacKey(bytes(agreement.confirmationKey));
    expect(await runtime.isMac(key, textOfConfirmation(600, undefined), mac)).toBe(true);
  });

  it("makes the answer", () => {
    expect(parseSessionAnswer(agreement.unsignedPartOfAnswer)).toEqual({
      sessionId: agreement.transcript.sessionId,
      verifierKey: agreement.transcript.verifierKey,
      lifetimeSeconds: 600,
      confirmation: agreement.confirmation,
      ticket: undefined,
      signature: undefined,
    });
  });
});
