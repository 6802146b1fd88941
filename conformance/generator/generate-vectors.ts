import { createHash } from "node:crypto";
import type { ProofFormat } from "@firsthand/core";
import { callerId, origin, T } from "../support/scene.js";
import { partnerId, tokenHeaders } from "./case-spec.js";
import { fixedKey } from "./fixed-key.js";
import { agreementVector, ticketKey } from "./session-agreement.js";
import { sessionCases } from "./session-cases.js";
import { signatureCases } from "./signature-cases.js";
import { svidProofCases } from "./svid-proof-cases.js";
import { trustBundles } from "./trust-domains.js";
import { type Manifest, type VectorCase, type VectorFile, vectorFormat } from "./vector-file.js";
import { callerWitKey } from "./wit.js";
import { wpt01Cases, wpt02Cases } from "./wpt-cases.js";

const signatureFormats = ["http-signature-07", "http-signature-06", "svid-signature-1"] as const;

const specifications: Manifest["specifications"] = {
  "svid-proof-1": "SVID-Proof, version 1: SPEC-MAP.md",
  "wpt-02": "draft-ietf-wimse-wpt-02 with WIT-SVID (SPIFFE, 2026-07-01)",
  "wpt-01": "draft-ietf-wimse-wpt-01 with WIT-SVID (SPIFFE, 2026-07-01)",
  "http-signature-07": "draft-ietf-wimse-http-signature-07 with WIT-SVID (SPIFFE, 2026-07-01)",
  "http-signature-06": "draft-ietf-wimse-http-signature-06 with WIT-SVID (SPIFFE, 2026-07-01)",
  "svid-signature-1": "SVID-Signature, version 1: SPEC-MAP.md",
  "svid-session-1": "Session proofs, version 1: SPEC-MAP.md",
};

/** The files of the vectors by name: always the same bytes. */
export function generateVectors(): ReadonlyMap<string, string> {
  const files = new Map([
    ["svid-proof-1.json", vectorFile("svid-proof-1", svidProofCases())],
    ["wpt-02.json", vectorFile("wpt-02", wpt02Cases())],
    ["wpt-01.json", vectorFile("wpt-01", wpt01Cases())],
    ...signatureFormats.map(
      (format) => [`${format}.json`, vectorFile(format, signatureCases(format))] as const,
    ),
    ["svid-session-1.json", sessionVectorFile()],
  ]);
  const texts = new Map([...files].map(([name, file]) => [name, textOf(file)]));
  texts.set("manifest.json", textOf(manifestOf(files, texts)));
  return texts;
}

function vectorFile(profile: ProofFormat, cases: readonly VectorCase[]): VectorFile {
  const ids = new Set<string>();
  for (const { id } of cases) {
    if (ids.has(id)) throw new Error(`two cases of ${profile} are ${id}`);
    ids.add(id);
  }
  return {
    format: vectorFormat,
    profile,
    verifier: {
      accept: [profile],
      origin,
      allowedCallers: [callerId, partnerId],
      binding: "full",
      tokenHeaders,
      now: T,
      clockSkewSeconds: 30,
      maxProofLifetimeSeconds: 120,
    },
    trustBundles,
    testKeys: {
      "X.509-SVID of the caller": fixedKey("X.509-SVID of the caller").privateJwk,
      "WIT-SVID of the caller": callerWitKey.privateJwk,
    },
    cases,
  };
}

/** Sealed sessions, because what a verifier keeps in its memory no file can give it. */
function sessionVectorFile(): VectorFile {
  const file = vectorFile("svid-proof-1", sessionCases());
  return {
    ...file,
    profile: "svid-session-1",
    verifier: { ...file.verifier, ticketKeys: [ticketKey.toString("base64url")] },
    agreement: agreementVector,
  };
}

function manifestOf(
  files: ReadonlyMap<string, VectorFile>,
  texts: ReadonlyMap<string, string>,
): Manifest {
  return {
    format: vectorFormat,
    description: "Proofs of workload identity on HTTP requests: which to accept, which to refuse.",
    specifications,
    files: [...files].map(([file, { cases }]) => ({
      file,
      accepted: cases.filter(({ expect }) => "accept" in expect).length,
      refused: cases.filter(({ expect }) => "refuse" in expect).length,
      sha256: createHash("sha256")
        .update(texts.get(file) ?? "")
        .digest("hex"),
    })),
  };
}

function textOf(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
