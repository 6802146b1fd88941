import { type Clock, maxBundleBytes } from "@firsthand/core";
import { withDeadline } from "../with-deadline.js";

/** A service that is asked for a document. */
interface ServiceRequest {
  readonly url: URL;
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMilliseconds: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Makes the error for an answer that cannot be used, in our own words. */
  readonly fault: (problem: string, cause?: unknown) => Error;
}

/** What a service said. */
export interface ServiceAnswer {
  readonly status: number;
  /** At most 1 MiB. */
  readonly content: Uint8Array;
}

/** Asks a service once. It is not sent elsewhere, waited for too long, or listened to without end. */
export function requestService(
  { url, fetch, timeoutMilliseconds: milliseconds, clock, signal, fault }: ServiceRequest,
  init: RequestInit,
): Promise<ServiceAnswer> {
  const late = () => fault(`no answer in ${milliseconds} ms`);
  return withDeadline({ clock, milliseconds, late, signal }, async (ended) => {
    try {
      const response = await fetch(url.href, { ...init, redirect: "error", signal: ended });
      return { status: response.status, content: await contentOf(response, fault) };
    } catch (error) {
      throw error instanceof TypeError ? fault(networkProblem(error), error) : error;
    }
  });
}

/** Fetch fails with a `TypeError` when the network does, and has the reason in its cause. */
function networkProblem({ cause }: TypeError): string {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return code ?? "the connection failed";
}

async function contentOf({ body }: Response, fault: ServiceRequest["fault"]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body ?? []) {
    length += part.length;
    if (length > maxBundleBytes) throw fault("more than 1 MiB");
    parts.push(part);
  }
  return Buffer.concat(parts);
}
