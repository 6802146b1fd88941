import type { Caller } from "../caller.js";
import { ConfigurationError } from "../errors.js";
import type { ReceivedMessage } from "./received-message.js";

/** Beside the messages and not on them: what can set a property of a request cannot reach it. */
const callers = new WeakMap<ReceivedMessage, Caller>();

/**
 * Who made a request.
 *
 * @param message the message of Node: in Express the request, in Fastify `request.raw`
 * @throws {ConfigurationError} `caller_unverified` when the request was refused or never verified
 */
export function callerOf(message: ReceivedMessage): Caller {
  const caller = callers.get(message);
  if (caller === undefined) {
    throw new ConfigurationError(
      "caller_unverified",
      "the caller of this request was not verified; register workloadAuth before the handler",
    );
  }
  return caller;
}

/**
 * Whether a request has a caller that {@link callerOf} tells. Where callers migrate, a handler may also
 * run without; everywhere else it does not.
 */
export function isVerified(message: ReceivedMessage): boolean {
  return callers.has(message);
}

export function setCaller(message: ReceivedMessage, caller: Caller): void {
  callers.set(message, caller);
}

export function clearCaller(message: ReceivedMessage): void {
  callers.delete(message);
}
