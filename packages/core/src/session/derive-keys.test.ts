import { createHash, createHmac, hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { runtime } from "#runtime";
import { utf8 } from "../encoding.js";
import { deriveKeys, hashTranscript, type Transcript } from "./derive-keys.js";

const transcript: Transcript = {
  proof: "e30.e30.sig",
  wit: undefined,
  caller: "spiffe://td.example/web",
  thumbprint: "thumb",
  origin: "https://ledger.example",
  verifier: "spiffe://td.example/ledger",
  sessionId: "AAAAAAAAAAAAAAAAAAAAAA",
  callerKey: "client",
  verifierKey: "server",
};

const field = (text: string | undefined) => (text === undefined ? "-" : `${text.length}:${text}`);

describe("hashTranscript", () => {
  it("hashes all fields, each with its length, in the order of the specification map", async () => {
    const t = transcript;
    const fields = [t.caller, t.thumbprint, t.origin, t.verifier, t.sessionId, t.callerKey];
    const text = ["firsthand svid-session-1", ...fields, t.verifierKey, t.wit, t.proof].map(field);
    const expected = createHash("sha256").update(text.join("")).digest();
    expect(Buffer.from(await hashTranscript(t))).toEqual(expected);
  });

  it.each(Object.keys(transcript) as (keyof Transcript)[])("depends on %s", async (name) => {
    const other = { ...transcript, [name]: "other" };
    expect(await hashTranscript(other)).not.toEqual(await hashTranscript(transcript));
  });
});

describe("deriveKeys", () => {
  const agreed = utf8("what both agreed on");

  it("expands one key for each purpose", async () => {
    const hash = await hashTranscript(transcript);
    const { request, confirmation } = await deriveKeys(agreed, hash);
    const name = "firsthand svid-session-1";
    const expand = (purpose: string) =>
      Buffer.from(
        hkdfSync(
          "sha256",
          agreed,
          name,
          Buffer.concat([utf8(field(name) + field(purpose)), hash]),
          32,
        ),
      );
    expect(Buffer.from(request)).toEqual(expand("request"));
    const mac = createHmac("sha256", expand("confirmation")).update("text").digest("base64url");
    expect(await runtime.mac(confirmation, "text")).toBe(mac);
  });

  it("depends on the secret and on the transcript", async () => {
    const hash = await hashTranscript(transcript);
    const { request } = await deriveKeys(agreed, hash);
    const others = [
      await deriveKeys(utf8("another"), hash),
      await deriveKeys(agreed, await hashTranscript({ ...transcript, wit: "x" })),
    ];
    for (const other of others) expect(other.request).not.toEqual(request);
  });
});
