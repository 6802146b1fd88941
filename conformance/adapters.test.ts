import type { Server } from "node:net";
import {
  memoryReplayGuard,
  type Observation,
  type ReplayGuard,
  refusalCodes,
  statusOf,
  type VerificationError,
} from "@firsthand/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { VectorCase, VectorFile } from "./generator/vector-file.js";
import { adapters, portOf } from "./support/adapters.js";
import { sendRaw } from "./support/raw-http.js";
import { requestsOf, vectorFiles, verifierOptions } from "./support/vectors.js";

const subjects = Object.entries(adapters).flatMap(([name, adapter]) =>
  vectorFiles.map((file) => [name, file.profile, adapter, file] as const),
);

describe.each(subjects)("%s on the vectors of %s", (_name, _profile, adapter, file) => {
  let server: Server;
  let replay: ReplayGuard;
  let decisions: string[];
  let refusal: VerificationError | undefined;

  beforeAll(async () => {
    server = await adapter({
      ...(await verifierOptions(file)),
      replay: { claim: (claim) => replay.claim(claim) },
      observer: (observation) => {
        decisions.push(decisionOf(observation));
        refusal = observation.decision === "refused" ? observation.error : undefined;
      },
    });
  });

  beforeEach(() => {
    replay = memoryReplayGuard();
    decisions = [];
  });

  afterAll(() => server.close());

  it.each(casesById(file))("%s", async (_id, vector) => {
    const [request, ...earlier] = requestsOf(file, vector).toReversed();
    if (request === undefined) throw new Error("a case has a request");
    for (const accepted of earlier) await sendRaw(portOf(server), accepted);
    expect(decisions).toEqual(earlier.map(() => "accepted"));
    const { status, headers, body } = await sendRaw(portOf(server), request);
    if ("accept" in vector.expect) {
      const content = Buffer.from(request.body ?? "").toString("base64url");
      expect(JSON.parse(body)).toEqual({ caller: vector.expect.accept.id, content });
      expect(status).toBe(200);
      return;
    }
    const { publicCode } = refusalCodes[vector.expect.refuse];
    expect(decisions.at(-1)).toBe(vector.expect.refuse);
    expect(JSON.parse(body)).toMatchObject({ status, code: publicCode });
    expect(status).toBe(refusal && statusOf(refusal));
    const isSignature = file.profile.includes("signature");
    expect(headers.has("www-authenticate")).toBe(status === 401 && !isSignature);
    expect(headers.has("accept-signature")).toBe(status === 401 && isSignature);
  });
});

function decisionOf(observation: Observation): string {
  return observation.decision === "accepted" ? "accepted" : observation.error.code;
}

function casesById({ cases }: VectorFile): (readonly [string, VectorCase])[] {
  return cases.map((vector) => [vector.id, vector]);
}
