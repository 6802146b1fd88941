import { createHash } from "node:crypto";

/** What each signature over a message (RFC 9421) covers, whichever library makes it. */
export const requiredComponents = ["@method", "@authority", "@path", "@query"];

/** The header fields and the components of a request to sign: with content its type and its digest. */
export function signedFields({ headers, content }) {
  if (content === undefined) return { fields: headers, added: [], components: requiredComponents };
  const digest = createHash("sha256").update(content).digest("base64");
  const added = [["Content-Digest", `sha-256=:${digest}:`]];
  const components = [...requiredComponents, "content-type", "content-digest"];
  return { fields: [...headers, ...added], added, components };
}
