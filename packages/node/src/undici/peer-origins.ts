import { invalidOption, parseOrigin, parseWorkloadId, type SpiffeId } from "@firsthand/core";

/**
 * Reads which workload answers at which origin.
 *
 * @throws {ConfigurationError} naming the entry that is wrong
 */
export function parsePeerOrigins(
  factory: string,
  peers: Readonly<Record<string, string | { readonly id: string }>>,
): ReadonlyMap<string, SpiffeId> {
  const byOrigin = new Map<string, SpiffeId>();
  for (const [key, peer] of Object.entries(peers)) {
    const option = `peers[${JSON.stringify(key)}]`;
    const origin = httpsOrigin(key);
    if (origin === undefined) {
      const problem = "the key must be an origin, such as https://orders.internal, without a path";
      throw invalidOption(factory, option, problem);
    }
    if (byOrigin.has(origin)) {
      throw invalidOption(factory, option, "names an origin a second time");
    }
    try {
      byOrigin.set(origin, parseWorkloadId(typeof peer === "string" ? peer : peer.id));
    } catch (cause) {
      const problem = `the value must be the SPIFFE ID of a workload: ${(cause as Error).message}`;
      throw invalidOption(factory, option, problem, cause);
    }
  }
  return byOrigin;
}

function httpsOrigin(text: string): string | undefined {
  const origin = parseOrigin(text);
  return origin?.startsWith("https:") ? origin : undefined;
}
