import { parseTokenBundle } from "@firsthand/core";
import { invalidResponse } from "./invalid-response.js";
import { type ProfileBundles, readBundles } from "./profile-state.js";

/**
 * Reads the bundles of the JWT or the WIT profile (Workload API §6.2.2), for which the domains come
 * with a JWK Set each.
 *
 * @throws {CredentialError} `response_invalid`
 */
export async function readTokenBundles(
  bundles: ReadonlyMap<string, string | Uint8Array>,
  held: ProfileBundles,
  use: "jwt-svid" | "wit-svid",
): Promise<ProfileBundles> {
  if (bundles.size === 0) throw invalidResponse("it has no bundle");
  return readBundles(bundles, held, (name, document) => parseTokenBundle(name, document, use));
}
