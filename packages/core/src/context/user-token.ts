import type { Caller } from "../caller.js";
import type { Credentials } from "../proof/security-headers.js";

/**
 * The OAuth token of the end user, as it came with a request whose proof binds it. It was not
 * validated: its issuer is not known here. Printing it shows nothing of it.
 */
export class UserToken {
  /** How it was presented. */
  readonly scheme: "Bearer" | "DPoP";
  readonly #value: string;

  constructor(scheme: "Bearer" | "DPoP", value: string) {
    this.scheme = scheme;
    this.#value = value;
    Object.freeze(this);
  }

  /** The token itself. Whoever reads it can use it. */
  get value(): string {
    return this.#value;
  }
}

/** Beside the callers and not on them, because callers are logged. */
const tokens = new WeakMap<Caller, UserToken>();

const schemes = new Map<string, UserToken["scheme"]>([
  ["bearer", "Bearer"],
  ["dpop", "DPoP"],
]);

/** Remembers the token that came with the caller's request, bound by its proof. */
export function keepUserToken(caller: Caller, authorization: Credentials | undefined): void {
  const scheme = schemes.get(authorization?.scheme ?? "");
  if (scheme === undefined || authorization === undefined) return;
  tokens.set(caller, new UserToken(scheme, authorization.value));
}

export function userTokenOf(caller: Caller): UserToken | undefined {
  return tokens.get(caller);
}
