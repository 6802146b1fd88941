import type { Caller } from "../caller.js";
import { ConfigurationError } from "../errors.js";
import type { ReceivedMessage } from "./received-message.js";

/** Where a message keeps who made it: a `WeakMap` of messages costs the garbage collector more than them. */
const slot = Symbol("firsthand caller");

interface SlottedMessage extends ReceivedMessage {
  [slot]?: unknown;
}

/** Counts on the message that it was made for, and nobody else can make one: a copy names nobody. */
class CallerOfMessage {
  readonly #message: ReceivedMessage;
  readonly #caller: Caller;

  constructor(message: ReceivedMessage, caller: Caller) {
    this.#message = message;
    this.#caller = caller;
  }

  static find(message: ReceivedMessage): Caller | undefined {
    const held = (message as SlottedMessage)[slot];
    if (typeof held !== "object" || held === null || !(#message in held)) return undefined;
    return held.#message === message ? held.#caller : undefined;
  }
}

/**
 * Who made a request.
 *
 * @param message the message of Node: in Express the request, in Fastify `request.raw`
 * @throws {ConfigurationError} `caller_unverified` when the request was refused or never verified
 */
export function callerOf(message: ReceivedMessage): Caller {
  const caller = CallerOfMessage.find(message);
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
  return CallerOfMessage.find(message) !== undefined;
}

export function setCaller(message: ReceivedMessage, caller: Caller): void {
  (message as SlottedMessage)[slot] = new CallerOfMessage(message, caller);
}

export function clearCaller(message: ReceivedMessage): void {
  (message as SlottedMessage)[slot] = undefined;
}
