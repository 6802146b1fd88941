import { ProofError } from "@firsthand/core";

/**
 * Refuses to send a proof over TLS that authenticates nobody: whoever answers could use it.
 *
 * Seen are `NODE_TLS_REJECT_UNAUTHORIZED=0`, and `rejectUnauthorized: false` in the options of a
 * dispatcher that keeps them: undici's `Agent` (also the one inside Node, and also composed with
 * interceptors), and the TLS settings that `ProxyAgent` and `EnvHttpProxyAgent` use for the server.
 *
 * Not seen is what a dispatcher turns into a closure or hides: the options of a `Client`, `Pool` or
 * `RetryAgent`, a `connect` function, a `checkServerIdentity` that accepts everything, and any other
 * transport behind the `fetch` option.
 *
 * @throws {ProofError} `transport_insecure`
 */
export function refuseInsecureTransport(url: URL, dispatchers: readonly unknown[]): void {
  if (url.protocol !== "https:") return;
  if (process.env.NODE_TLS_REJECT_UNAUTHORIZED === "0") {
    throw new ProofError("transport_insecure", { detail: "NODE_TLS_REJECT_UNAUTHORIZED is 0" });
  }
  if (dispatchers.some(skipsVerification)) {
    throw new ProofError("transport_insecure", { detail: "rejectUnauthorized is false" });
  }
}

/** The dispatchers that a fetch uses when it is given none; undici keeps one for each version. */
export function globalDispatchers(): readonly unknown[] {
  return globalSlots.map((slot) => Reflect.get(globalThis, slot));
}

const globalSlots = [
  Symbol.for("undici.globalDispatcher.1"),
  Symbol.for("undici.globalDispatcher.2"),
];

/** What undici calls the symbols under which a dispatcher keeps settings and inner dispatchers. */
const settingsSymbols = new Set([
  "options",
  "request tls settings",
  "no proxy agent",
  "https proxy agent",
]);

function skipsVerification(settings: unknown): boolean {
  if (typeof settings !== "object" || settings === null) return false;
  if (Reflect.get(settings, "rejectUnauthorized") === false) return true;
  const inner = Object.getOwnPropertySymbols(settings).filter((symbol) =>
    settingsSymbols.has(symbol.description ?? ""),
  );
  return ["connect", "tls", ...inner].some((key) => skipsVerification(Reflect.get(settings, key)));
}
