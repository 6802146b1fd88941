import type { Credential } from "@firsthand/core";

/**
 * The credential that is held, where the same was delivered again: what hangs on the object, such as
 * an encoded header or a TLS context, then stays good.
 */
export function unchanged(delivered: Credential, held: Credential | undefined): Credential {
  return held !== undefined && contentOf(delivered) === contentOf(held) ? held : delivered;
}

function contentOf(credential: Credential): string {
  if (credential.kind === "wit-svid") return credential.token;
  return credential.chain.map((der) => Buffer.from(der).toString("base64")).join();
}
