import { connect } from "node:net";
import { createVerifier, VerificationError } from "@firsthand/core";
import { toProofRequest } from "@firsthand/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ForbiddenNetwork, forbidNetwork } from "../test/support/no-network.js";
import { issueWit } from "./generator/wit.js";
import { goodWit } from "./generator/wpt-cases.js";
import { allFormats, callerId, createScene, ledger, prove } from "./support/scene.js";
import { requestsOf, vectorFiles, verifierOptions } from "./support/vectors.js";

let network: ForbiddenNetwork;

beforeEach(() => {
  network = forbidNetwork();
});

afterEach(() => network.restore());

describe("without a network", () => {
  it("attempts are recorded", () => {
    expect(() => connect(443, "evil.example")).toThrow();
    expect(network.attempts).toHaveLength(1);
  });

  it.each(vectorFiles.map((file) => [file.profile, file] as const))(
    "every vector of %s is decided",
    async (_, file) => {
      for (const vector of file.cases) {
        const verifier = createVerifier(await verifierOptions(file));
        const [request] = requestsOf(file, vector).toReversed();
        if (request === undefined) throw new Error("a case has a request");
        await verifier.verify(toProofRequest(request)).catch((error: unknown) => {
          expect(error).toBeInstanceOf(VerificationError);
        });
      }
      expect(network.attempts).toEqual([]);
    },
  );

  it.each(allFormats)(
    "FC-001 a request is proved and verified with what is held (%s)",
    async (format) => {
      network.restore();
      const scene = await createScene();
      network = forbidNetwork();
      const request = await prove(scene, format);
      const caller = await ledger(scene).verify(toProofRequest(request));
      expect(String(caller.id)).toBe(callerId);
      expect(network.attempts).toEqual([]);
    },
  );

  it("WV-041 the iss of a WIT-SVID is not asked for keys", async () => {
    const file = vectorFiles.find(({ profile }) => profile === "wpt-02");
    if (file === undefined) throw new Error("wpt-02 has vectors");
    const wit = issueWit({
      header: { kid: "key of evil.example", jku: "https://evil.example/keys" },
      claims: { iss: "https://evil.example" },
    });
    const [good] = file.cases;
    if (good === undefined) throw new Error("wpt-02 has a good case");
    const headers = good.request.headers.map(([name, value]): [string, string] => [
      name,
      value.replace(goodWit, wit),
    ]);
    const verifier = createVerifier(await verifierOptions(file));
    const request = toProofRequest({ method: "GET", target: "/", headers });
    await expect(verifier.verify(request)).rejects.toMatchObject({ code: "token_key_unknown" });
    expect(network.attempts).toEqual([]);
  });
});
