import * as z from "zod/mini";
import type { Caller } from "../caller.js";
import { ConfigurationError } from "../errors.js";
import { oneOf, parseOptions } from "../options.js";
import type { ContentMode } from "../proof/bind-content.js";
import { toRefusal } from "../refusal.js";
import { createVerifier, type VerifyOptions } from "../verifier.js";
import type { VerifierOptions } from "../verifier-options.js";
import { clearCaller, setCaller } from "./caller-of.js";
import { proofRequestFrom, type RequestLine } from "./proof-request-from.js";
import type { ReceivedMessage } from "./received-message.js";
import type { SentResponse } from "./send-refusal.js";

export interface WorkloadAuthOptions extends VerifierOptions {
  /** How handlers want their content. Default `buffered`. */
  readonly content?: ContentMode | undefined;
}

/**
 * Verifies one message of Node, lets its content through and remembers its caller for `callerOf`.
 * Whatever goes wrong rejects with an `Error`: frameworks take `null` or a string for permission.
 *
 * @throws {Refusal} when the caller is refused
 * @throws {ConfigurationError} `body_consumed`, `response_started`
 */
export type MessageVerifier = (
  message: ReceivedMessage,
  response: SentResponse,
  line: RequestLine,
  options?: VerifyOptions,
) => Promise<Caller>;

const schema = z.object({ content: z.optional(oneOf<ContentMode>("buffered", "streaming")) });

/**
 * What adapters of Node frameworks are made of.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function createMessageVerifier(options: WorkloadAuthOptions): MessageVerifier {
  const { content: defaultContent = "buffered" } = parseOptions("workloadAuth", schema, options);
  const { content: _, ...verifierOptions } = options;
  const verifier = createVerifier(verifierOptions);

  return async function verifyMessage(message, response, line, { content = defaultContent } = {}) {
    clearCaller(message);
    try {
      const caller = await verifier.verify(proofRequestFrom(message, line), { content });
      if (response.headersSent) throw responseStarted();
      setCaller(message, caller);
      return caller;
    } catch (error) {
      throw asError(toRefusal(error, verifier.challenge));
    }
  };
}

function responseStarted(): ConfigurationError {
  return new ConfigurationError(
    "response_started",
    "something answered the request before it was verified; register workloadAuth before it",
  );
}

function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error("verification failed with something that is not an error", { cause: thrown });
}
