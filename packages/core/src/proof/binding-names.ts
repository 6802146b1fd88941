import type { TokenKind } from "../errors.js";

/** The claims in which a proof binds query and content. */
export interface BindingNames {
  readonly htq: string;
  readonly htb: string;
}

/**
 * SVID-Proof uses short names; in a WPT the same bindings have collision-resistant names, as
 * draft-ietf-wimse-wpt-02 asks of claims it does not define. `htm` is registered (RFC 9449 §12.7.2).
 */
export const bindingNames: Record<Extract<TokenKind, "svid-proof" | "wpt">, BindingNames> = {
  "svid-proof": { htq: "htq", htb: "htb" },
  wpt: { htq: "urn:firsthand:htq", htb: "urn:firsthand:htb" },
};
