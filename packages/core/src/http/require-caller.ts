import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../caller.js";
import { runInCallContext } from "../context/call-context.js";
import { Refusal } from "../refusal.js";
import { createMessageVerifier, type WorkloadAuthOptions } from "./message-verifier.js";
import type { ReceivedMessage } from "./received-message.js";
import { type SentResponse, sendRefusal } from "./send-refusal.js";

/**
 * Puts verification before a request listener of `node:http`, `node:https` or `node:http2`:
 *
 * ```ts
 * createServer(requireCaller({ identity, origin, policy }, (request, response, caller) => { … }));
 * ```
 *
 * The listener runs for verified callers only, in their call context; a refusal is answered here. Any
 * other error, and what the listener throws, rejects the promise, as with every asynchronous listener:
 * where nobody catches it, Node takes it for an `unhandledRejection`.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function requireCaller<
  Request extends ReceivedMessage = IncomingMessage,
  Response extends SentResponse = ServerResponse,
>(
  options: WorkloadAuthOptions,
  listener: (request: Request, response: Response, caller: Caller) => unknown,
): (request: Request, response: Response) => Promise<void> {
  const verifyMessage = createMessageVerifier(options);

  return async function requireCaller(request, response) {
    const { method = "", url = "" } = request;
    let caller: Caller;
    try {
      caller = await verifyMessage(request, response, { method, target: url });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      sendRefusal(response, error);
      return;
    }
    await runInCallContext(caller, () => listener(request, response, caller));
  };
}
