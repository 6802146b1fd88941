import { type Clock, CredentialError } from "@firsthand/core";
import { withDeadline } from "../../with-deadline.js";
import type { WorkloadApiClient } from "../../workload-api/workload-api-client.js";
import { invalidResponse } from "./invalid-response.js";
import type { JwtSvidQuestion } from "./own-jwt-svid.js";

/**
 * Fetches a JWT-SVID (Workload API §6.2.1), which is still to be validated. It is not retried: whoever
 * waits for it knows best.
 *
 * @throws {CredentialError} what the client throws; `endpoint_stalled`, `response_invalid`
 */
export function fetchJwtSvid(
  client: WorkloadApiClient,
  { id, audience }: JwtSvidQuestion,
  rules: { readonly clock: Clock; readonly timeoutMilliseconds: number },
): Promise<string> {
  const { clock, timeoutMilliseconds: milliseconds } = rules;
  const late = () => new CredentialError("endpoint_stalled", { detail: "no JWT-SVID came" });
  return withDeadline({ clock, milliseconds, late }, async (signal) => {
    const { svids } = await client.fetchJwtSvids({ audience, id: id.toString() }, signal);
    const own = svids.find(({ spiffeId }) => spiffeId === id.toString());
    if (own !== undefined) return own.token;
    throw invalidResponse("there is no JWT-SVID of the workload that was asked for");
  });
}
