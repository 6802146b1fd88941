import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "../caller.js";
import { runInCallContext } from "../context/call-context.js";
import type { MigrationOptions } from "../migration/migration-options.js";
import { invalidOption } from "../options.js";
import { Refusal } from "../refusal.js";
import { callerOf } from "./caller-of.js";
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
  refuseObserving(options.unsafeMigration);

  return async function requireCaller(request, response) {
    const { method = "", url = "" } = request;
    try {
      await verifyMessage(request, response, { method, target: url });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      sendRefusal(response, error);
      return;
    }
    const caller = callerOf(request);
    await runInCallContext(caller, () => listener(request, response, caller));
  };
}

/** The listener is promised a caller. */
function refuseObserving(migration: MigrationOptions | undefined): void {
  const { callers = [], unidentifiedUntil } = migration ?? {};
  const observes =
    unidentifiedUntil !== undefined || callers.some(({ mode }) => mode === "observe");
  if (!observes) return;
  const problem = "lets requests pass without a caller, which this listener is promised";
  throw invalidOption("requireCaller", "unsafeMigration", problem);
}
