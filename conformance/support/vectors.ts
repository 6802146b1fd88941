import {
  memoryReplayGuard,
  parseTrustBundle,
  sealedSessions,
  staticSource,
  type VerifierOptions,
} from "@firsthand/core";
import { createTestClock, type RequestData } from "@firsthand/testing";
import type {
  Manifest,
  VectorCase,
  VectorFile,
  VectorRequest,
  VectorVerifier,
} from "../generator/vector-file.js";
import { readJson } from "./read-json.js";

/** The files of the vectors, as the manifest lists them. */
export const vectorFiles: readonly VectorFile[] = readVectors<Manifest>("manifest.json").files.map(
  ({ file }) => readVectors<VectorFile>(file),
);

/** Our own vectors, or what lists them. */
export function readVectors<T>(name: string): T {
  return readJson<T>(`../vectors/${name}`, import.meta.url);
}

/** The options of a verifier as a file of vectors demands it. */
export async function verifierOptions({
  verifier,
  trustBundles,
}: VectorFile): Promise<VerifierOptions> {
  const documents = Object.entries(trustBundles);
  const bundles = documents.map(([name, keys]) => parseTrustBundle(name, JSON.stringify(keys)));
  const clock = createTestClock(verifier.now * 1000);
  const keys = verifier.ticketKeys?.map((key) => Buffer.from(key, "base64url"));
  return {
    identity: staticSource({ bundles: await Promise.all(bundles) }),
    clock,
    ...(keys && {
      sessions: sealedSessions({ keys: () => keys, clock }),
      replay: memoryReplayGuard({ clock }),
    }),
    ...rulesOf(verifier),
  };
}

/** The requests of a case in the order in which one verifier gets them; the last is the case. */
export function requestsOf({ cases }: VectorFile, vector: VectorCase): readonly RequestData[] {
  const before = cases.filter(({ id }) => id === vector.after);
  return [...before, vector].map(({ request }) => requestData(request));
}

function rulesOf({ allowedCallers, now: _, ticketKeys: __, ...rules }: VectorVerifier) {
  return { ...rules, policy: ({ id }: { id: object }) => allowedCallers.includes(String(id)) };
}

function requestData({ body, ...head }: VectorRequest): RequestData {
  return body === undefined ? head : { ...head, body: Buffer.from(body, "base64url") };
}
