import * as z from "zod/mini";
import type { Caller } from "../caller.js";
import { ConfigurationError } from "../errors.js";
import { isUnenforced } from "../migration/enforcement.js";
import { oneOf, parseOptions } from "../options.js";
import type { ContentMode } from "../proof/bind-content.js";
import { Refusal } from "../refusal.js";
import { sessionHeaders } from "../session/protocol.js";
import { createVerifier } from "../verifier.js";
import type { VerifierOptions } from "../verifier-options.js";
import type { VerifyOptions } from "../verify-options.js";
import { clearCaller, setCaller } from "./caller-of.js";
import { proofRequestFrom, type RequestLine } from "./proof-request-from.js";
import type { ReceivedMessage } from "./received-message.js";
import type { SentResponse } from "./send-refusal.js";
import { signWhenEnded } from "./sign-when-ended.js";
import type { SignedServerResponse } from "./signed-server-response.js";

export interface WorkloadAuthOptions extends VerifierOptions {
  /** How handlers want their content. Default `buffered`. */
  readonly content?: ContentMode | undefined;
}

/**
 * Verifies one message of Node, lets its content through and remembers its caller for `callerOf`.
 * Whatever goes wrong rejects with an `Error`: frameworks take `null` or a string for permission.
 *
 * Where `unsafeMigration` observes, it also resolves for what would be refused: with undefined, and
 * `callerOf` throws.
 *
 * @throws {Refusal} when the caller is refused
 * @throws {ConfigurationError} `body_consumed`, `response_started`
 */
export type MessageVerifier = (
  message: ReceivedMessage,
  response: SentResponse,
  line: RequestLine,
  options?: VerifyOptions,
) => Promise<Caller | undefined>;

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
  const completed = new WeakMap<VerifyOptions, VerifyOptions>();

  /** With our default; the same object each time, so that it is checked once. */
  function complete(options: VerifyOptions): VerifyOptions {
    const known = completed.get(options);
    if (known !== undefined) return known;
    const complete = { ...options, content: options.content ?? defaultContent };
    completed.set(options, complete);
    return complete;
  }

  return async function verifyMessage(message, response, line, options = none) {
    clearCaller(message);
    const completeOptions = complete(options);
    let caller: Caller | undefined;
    try {
      const answer = (name: string, value: string) => {
        if (!response.headersSent) response.setHeader(name, value);
      };
      caller = await verifier.verify(proofRequestFrom(message, line, answer), completeOptions);
    } catch (error) {
      if (!isUnenforced(error)) {
        throw markedRefusal(response, asError(verifier.toRefusal(error, completeOptions)));
      }
    }
    if (response.headersSent) throw responseStarted();
    if (caller === undefined) return undefined;
    const signer = verifier.responseSigner(caller);
    if (signer !== undefined)
      signWhenEnded(message.method, response as SignedServerResponse, signer);
    setCaller(message, caller);
    return caller;
  };
}

const none: VerifyOptions = {};

/** Said here, because how an application answers a refusal is its own affair. */
function markedRefusal(response: SentResponse, error: Error): Error {
  const name = sessionHeaders.answer.toLowerCase();
  const value = error instanceof Refusal ? error.headers[name] : undefined;
  if (value !== undefined && !response.headersSent) response.setHeader(name, value);
  return error;
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
