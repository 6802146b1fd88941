import { invalidOption, SpiffeId } from "@firsthand/core";

/** The workloads and whole trust domains that a server lets in. */
export interface PeerList {
  allows(id: SpiffeId): boolean;
}

/**
 * Reads SPIFFE IDs: one with a path is a workload, one without is its whole trust domain.
 *
 * @throws {ConfigurationError} naming the one that is wrong
 */
export function parsePeerList(factory: string, texts: readonly string[]): PeerList {
  const ids = texts.map((text, index) => {
    try {
      return SpiffeId.parse(text);
    } catch (cause) {
      const problem = `must be the SPIFFE ID of a workload or of a trust domain: ${(cause as Error).message}`;
      throw invalidOption(factory, `peers[${index}]`, problem, cause);
    }
  });
  const workloads = new Set(ids.map(String));
  const domains = new Set(
    ids.filter(({ path }) => path === "").map(({ trustDomain }) => trustDomain),
  );
  return {
    allows: (id) => workloads.has(id.toString()) || domains.has(id.trustDomain),
  };
}
