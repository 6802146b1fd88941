import { type Caller, invalidOption, Refusal, runInCallContext } from "@firsthand/core";
import {
  callerOf,
  createMessageVerifier,
  sendRefusal,
  type WorkloadAuthOptions,
} from "@firsthand/core/http";
import type { ErrorRequestHandler, Request, RequestHandler } from "express";

declare global {
  namespace Express {
    interface Request {
      /**
       * Who makes the request, set by `workloadAuth`.
       *
       * @throws {ConfigurationError} `caller_unverified` when the request was refused or not verified
       */
      readonly caller: Caller;
    }
  }
}

/**
 * Middleware that lets verified callers through, and runs what follows in their call context. Register
 * it before any body parser: the content is bound by the proof as well.
 *
 * A refusal goes to the error handling of the application, as a `Refusal` with status and headers.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function workloadAuth(options: WorkloadAuthOptions): RequestHandler {
  if (options?.policy === "per-route") {
    const problem = "name a policy for each route with byRoute; Express does not show its routes";
    throw invalidOption("workloadAuth", "policy", problem);
  }
  const verifyMessage = createMessageVerifier(options);

  return async function workloadAuth(request, response, next) {
    const { method, originalUrl: target } = request;
    let caller: Caller | undefined;
    try {
      Object.defineProperty(request, "caller", callerProperty);
      caller = await verifyMessage(request, response, { method, target });
    } catch (error) {
      next(error);
      return;
    }
    runInCallContext(caller, next);
  };
}

/**
 * Error middleware that answers refusals with a problem document (RFC 9457) and passes on the rest:
 * `app.use(refusalHandler)`.
 */
export const refusalHandler: ErrorRequestHandler = (error, _request, response, next) => {
  if (error instanceof Refusal && !response.headersSent) sendRefusal(response, error);
  else next(error);
};

// Takes the place of whatever other code has put there, and cannot be replaced.
const callerProperty: PropertyDescriptor & ThisType<Request> = {
  get() {
    return callerOf(this);
  },
  enumerable: false,
  configurable: false,
};
