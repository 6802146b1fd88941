import type { Server } from "node:tls";
import type { X509Credential } from "@firsthand/core";
import { contextOptions } from "./context-options.js";
import { currentSvid } from "./current-svid.js";
import type { ServerRules } from "./server-options.js";

/** What a server presents, as its identity says now. */
export interface LiveContext {
  /** Gives the server what the next handshake has to use. Costs next to nothing without a change. */
  refresh(server: Server): void;
  /** What the server presents since the last refresh; undefined when there is nothing usable. */
  readonly presented: X509Credential | undefined;
  /** Why the last refresh left it with nothing to present. */
  readonly problem: unknown;
  /** Whether the identity would still present the same. */
  isCurrent(credential: X509Credential | undefined): boolean;
}

interface Snapshot {
  readonly credential: X509Credential | undefined;
  readonly problem: unknown;
}

/**
 * Asks the identity whenever it matters instead of listening to it: so there is no moment in which a
 * server has something else than the identity says. Without a usable credential the server gets a
 * context without a certificate, with which every handshake fails.
 */
export function createLiveContext({
  identity,
  clock,
  minVersion,
}: Pick<ServerRules, "identity" | "clock" | "minVersion">): LiveContext {
  let applied: Snapshot | undefined;

  function snapshot(): Snapshot {
    try {
      return { credential: currentSvid(identity, clock.now() / 1000), problem: undefined };
    } catch (problem) {
      return { credential: undefined, problem };
    }
  }

  return {
    refresh(server) {
      const next = snapshot();
      if (applied === undefined || applied.credential !== next.credential) {
        server.setSecureContext(contextOptions(next.credential, minVersion));
      }
      applied = next;
    },
    get presented() {
      return applied?.credential;
    },
    get problem() {
      return applied?.problem;
    },
    isCurrent: (credential) => snapshot().credential === credential,
  };
}
