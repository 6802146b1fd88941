import type { ProxyClaims } from "./proxy-claims.js";

/**
 * How what proxies claim goes with what was proved. `silent`: no proxy names a workload. `agrees`:
 * each names the one that was proved. `contradicts`: one names another. `unproved`: they name one, and
 * nothing was proved.
 */
export type Agreement = "silent" | "agrees" | "contradicts" | "unproved";

/** Compares the proved caller with the nearest peer of each kind of claim. */
export function agreementOf(caller: string | undefined, claims: ProxyClaims): Agreement {
  const named = [...(claims.forwarded.at(-1)?.uri ?? []), ...(claims.clientCert?.uri ?? [])];
  if (named.length === 0) return "silent";
  if (caller === undefined) return "unproved";
  return named.every((uri) => uri === caller) ? "agrees" : "contradicts";
}
