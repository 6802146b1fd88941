import { readdirSync, readFileSync } from "node:fs";
import { createVerifier } from "@firsthand/core";
import { toProofRequest } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { generateVectors } from "./generator/generate-vectors.js";
import type { Manifest, VectorFile } from "./generator/vector-file.js";
import { readVectors, requestsOf, vectorFiles, verifierOptions } from "./support/vectors.js";

const refused = vectorFiles
  .flatMap(({ cases }) => cases)
  .filter(({ expect }) => "refuse" in expect);

const byProfile = vectorFiles.map((file) => [file.profile, file] as const);

function casesById({ cases }: VectorFile) {
  return cases.map((vector) => [vector.id, vector] as const);
}

describe("the vectors", () => {
  it("hold at least 500 refusals", () => expect(refused.length).toBeGreaterThanOrEqual(500));

  it.each([...generateVectors()])("%s is what the generator writes", (name, text) => {
    const committed = readFileSync(new URL(`./vectors/${name}`, import.meta.url), "utf8");
    expect(committed === text, "run pnpm vectors").toBe(true);
  });

  it("are all listed in the manifest", () => {
    const files = readdirSync(new URL("./vectors/", import.meta.url));
    const listed = readVectors<Manifest>("manifest.json").files.map(({ file }) => file);
    expect(files.filter((name) => name.endsWith(".json")).sort()).toEqual(
      [...listed, "manifest.json"].sort(),
    );
  });
});

describe.each(byProfile)("core on the vectors of %s", (_profile, file) => {
  it.each(casesById(file))("%s", async (_id, vector) => {
    const verifier = createVerifier(await verifierOptions(file));
    const [request, ...earlier] = requestsOf(file, vector).toReversed();
    if (request === undefined) throw new Error("a case has a request");
    for (const accepted of earlier) await verifier.verify(toProofRequest(accepted));
    const outcome = verifier.verify(toProofRequest(request));
    if ("refuse" in vector.expect) {
      await expect(outcome).rejects.toMatchObject({
        name: "VerificationError",
        code: vector.expect.refuse,
      });
    } else {
      const { id, credential } = vector.expect.accept;
      const caller = await outcome;
      expect(String(caller.id)).toBe(id);
      expect(caller).toMatchObject({
        credential: { thumbprint: credential },
        proof: { format: file.profile },
      });
    }
  });
});
