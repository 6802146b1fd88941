import { generateKeyPairSync } from "node:crypto";
import type { WorkloadApiFault, WorkloadApiResponses } from "@firsthand/testing";

type X509Response = WorkloadApiResponses["FetchX509SVID"];
type X509Entry = X509Response["svids"][number];
type WitEntry = WorkloadApiResponses["FetchWITSVID"]["svids"][number];

export function alterX509(change: (response: X509Response) => X509Response): WorkloadApiFault {
  return { kind: "alter", method: "FetchX509SVID", change };
}

/** Each X.509-SVID with other fields. */
export function alterX509Svid(change: (svid: X509Entry) => Partial<X509Entry>): WorkloadApiFault {
  return alterX509((response) => ({
    ...response,
    svids: response.svids.map((svid) => ({ ...svid, ...change(svid) })),
  }));
}

/** Each WIT-SVID with other fields. */
export function alterWitSvid(change: (svid: WitEntry) => Partial<WitEntry>): WorkloadApiFault {
  return {
    kind: "alter",
    method: "FetchWITSVID",
    change: ({ svids }) => ({ svids: svids.map((svid) => ({ ...svid, ...change(svid) })) }),
  };
}

/** The X.509 profile with one more federated bundle. */
export function federated(key: string, bundle: Uint8Array): WorkloadApiFault {
  return alterX509((response) => ({
    ...response,
    federatedBundles: new Map(response.federatedBundles).set(key, bundle),
  }));
}

/** The bundles of the JWT profile, with one more. */
export function jwtBundle(key: string, document: string): WorkloadApiFault {
  return {
    kind: "alter",
    method: "FetchJWTBundles",
    change: ({ bundles }) => ({ bundles: new Map(bundles).set(key, document) }),
  };
}

/** A PKCS#8 key as PEM. */
export function asPem(pkcs8: Uint8Array): Uint8Array {
  const text = Buffer.from(pkcs8).toString("base64");
  return Buffer.from(`-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----\n`);
}

/** A PKCS#8 key behind a passphrase. */
export function encryptedKey(): Uint8Array {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const cipher = { cipher: "aes-256-cbc", passphrase: "x" } as const;
  return privateKey.export({ type: "pkcs8", format: "der", ...cipher });
}

/** Something with other bytes after it. */
export function withGarbage(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.from("garbage")]);
}

/** The codes of an error and its causes. */
export function codesOf(error: unknown): readonly unknown[] {
  if (!(error instanceof Error)) return [];
  return [Reflect.get(error, "code"), ...codesOf(error.cause)];
}
