import { identityMessage } from "./identity-channel.js";
import type { IdentityState } from "./identity-state.js";

/** What is used of a response of Node, Express or Fastify's `reply.raw`. */
export interface HealthResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(content: string): unknown;
}

/**
 * Makes a handler for a readiness endpoint: 200 while the identity is `ready` or `stale`, 503 when it
 * is `expired`, with the state as JSON and times in ISO 8601. It tells SPIFFE IDs and no secret.
 *
 * ```ts
 * app.get("/ready", healthHandler(identity));
 * ```
 */
export function healthHandler(identity: {
  readonly state: IdentityState;
}): (request: unknown, response: HealthResponse) => void {
  return function answerHealth(_request, response) {
    const { since, updatedAt, expiresAt, ...rest } = identityMessage(identity.state);
    const times = {
      since: isoTime(since),
      updatedAt: isoTime(updatedAt),
      expiresAt: expiresAt === undefined ? undefined : isoTime(expiresAt),
    };
    response.writeHead(rest.status === "expired" ? 503 : 200, {
      "content-type": "application/json",
      "cache-control": "no-store",
    });
    response.end(JSON.stringify({ ...rest, ...times }));
  };
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
