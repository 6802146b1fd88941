import { ConfigurationError, SpiffeId, type TrustDomain } from "@firsthand/core";

/** A workload: a path of the trust domain such as `/checkout`, or a SPIFFE ID of any domain. */
export type Workload = string | SpiffeId;

/**
 * @throws {ConfigurationError} when it is neither a path nor a SPIFFE ID
 * @throws {SpiffeIdError} when it is not a good one
 */
export function workloadIdOf(trustDomain: TrustDomain, workload: Workload): SpiffeId {
  const text = workload.toString();
  if (text.startsWith("/")) return SpiffeId.parse(`spiffe://${trustDomain}${text}`);
  if (text.startsWith("spiffe://")) return SpiffeId.parse(text);
  throw new ConfigurationError("option_invalid", "a workload is a path (/checkout) or a SPIFFE ID");
}
