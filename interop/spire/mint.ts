import { createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type JsonWebKey,
  loadX509Svid,
  type WitSvidMaterial,
  type X509Credential,
  type X509SvidMaterial,
} from "@firsthand/core";
import type { SpireServer } from "./spire-server.js";

/** An X.509-SVID of an hour that the server itself signs, without an agent. */
export async function mintX509Svid(
  server: SpireServer,
  id: string,
  directory: string,
): Promise<X509SvidMaterial> {
  await server.run("x509 mint", "-spiffeID", id, "-ttl", "1h", "-write", directory);
  const chain = derOf(await readFile(join(directory, "svid.pem"), "utf8"));
  const [privateKey] = derOf(await readFile(join(directory, "key.pem"), "utf8"));
  if (privateKey === undefined) throw new Error("SPIRE minted an SVID without a key");
  return { chain, privateKey };
}

export async function mintX509Credential(
  server: SpireServer,
  id: string,
  directory: string,
): Promise<X509Credential> {
  return loadX509Svid(await mintX509Svid(server, id, directory));
}

/** A WIT-SVID that the server itself signs, with its key. */
export async function mintWitSvid(server: SpireServer, id: string): Promise<WitSvidMaterial> {
  const minted = await server.ask<{ private_key: string; svid: { token: string } }>(
    "wit mint",
    ...["-spiffeID", id],
  );
  return { token: minted.svid.token, privateKey: JSON.parse(minted.private_key) as JsonWebKey };
}

/** The WIT authorities as JWK Set. The command line shows them as keys in DER only. */
export async function witBundle(server: SpireServer): Promise<string> {
  const { wit_authorities = [] } = await server.ask<{
    wit_authorities?: readonly { readonly key_id: string; readonly public_key: string }[];
  }>("bundle show");
  const keys = wit_authorities.map(({ key_id: kid, public_key }) => {
    const der = Buffer.from(public_key, "base64");
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    return { ...key.export({ format: "jwk" }), kid, use: "wit-svid" };
  });
  return JSON.stringify({ keys });
}

/** The contents of PEM blocks. */
export function derOf(pem: string): readonly Uint8Array[] {
  return [...pem.matchAll(/-----BEGIN [^-]+-----([^-]+)-----END [^-]+-----/g)].map(
    ([, base64 = ""]) => new Uint8Array(Buffer.from(base64, "base64")),
  );
}
