import * as z from "zod/mini";
import { utf8 } from "../encoding.js";
import { CredentialError } from "../errors.js";
import { hasPrivateMaterial } from "../jose/public-jwk.js";
import { isObject, type JsonObject, parseStrictJson } from "../jose/strict-json.js";
import { invalidUnless } from "./bundle-authorities.js";

/** The longest bundle, in bytes. */
export const maxBundleBytes = 1024 * 1024;
/** The most authorities in a bundle. */
export const maxAuthorities = 500;

const documentSchema = z.object({
  keys: z.array(z.custom<JsonObject>(isObject)),
  spiffe_sequence: z.optional(z.int().check(z.nonnegative())),
  spiffe_refresh_hint: z.optional(z.int().check(z.nonnegative())),
});

/** A JWK Set with what SPIFFE adds to it. */
export type BundleDocument = z.infer<typeof documentSchema>;

/**
 * Reads a JWK Set strictly, within its limits and without private keys.
 *
 * @throws {CredentialError} `bundle_invalid`, `bundle_too_large`, `bundle_key_private`
 */
export function parseBundleDocument(document: string | Uint8Array): BundleDocument {
  const bytes = typeof document === "string" ? utf8(document) : document;
  if (bytes.length > maxBundleBytes) throw new CredentialError("bundle_too_large");
  const json = invalidUnless(() => parseStrictJson(bytes));
  const { data, error } = documentSchema.safeParse(json);
  if (data === undefined) {
    const [issue] = error.issues as [z.core.$ZodIssue];
    const detail = `${String(issue.path[0])} is missing or has the wrong form`;
    throw new CredentialError("bundle_invalid", { cause: error, detail });
  }
  if (data.keys.length > maxAuthorities) throw new CredentialError("bundle_too_large");
  if (data.keys.some(hasPrivateMaterial)) throw new CredentialError("bundle_key_private");
  return data;
}
