import { channel } from "node:diagnostics_channel";
import { idTexts } from "./assess-identity.js";
import type { IdentityState } from "./identity-state.js";

/** Published on the channel `firsthand:identity` at the start and after each change. */
export interface IdentityMessage {
  readonly status: IdentityState["status"];
  /** Why it is not ready: the code, and the sentence for operators. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly ids: readonly string[];
  /** Milliseconds since the epoch, like the other times. */
  readonly since: number;
  readonly updatedAt: number;
  readonly expiresAt: number | undefined;
}

const identities = channel("firsthand:identity");

export function publishState(state: IdentityState): void {
  if (identities.hasSubscribers) identities.publish(identityMessage(state));
}

/** A state as plain data. */
export function identityMessage({ reason, ids, ...rest }: IdentityState): IdentityMessage {
  return { ...rest, code: reason?.code, message: reason?.message, ids: idTexts(ids) };
}
