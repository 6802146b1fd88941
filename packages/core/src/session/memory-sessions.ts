import * as z from "zod/mini";
import { runtime } from "#runtime";
import { type Clock, systemClock } from "../clock.js";
import { VerificationError } from "../errors.js";
import { clockOption, parseOptions, wholeNumber } from "../options.js";
import type { VerificationCode } from "../refusal-codes.js";
import { sessionToken } from "./protocol.js";
import type { SequenceOutcome } from "./sequence-windows.js";
import type { Sessions } from "./session.js";
import { SessionTable } from "./session-table.js";

export interface SessionOptions {
  /** How many sessions are kept. Default 10,000, in about 6 MB. */
  readonly capacity?: number | undefined;
  /** How many of them one caller may have. Default a tenth of the capacity. */
  readonly capacityPerCaller?: number | undefined;
  /** The longest life of a session. Default 600. */
  readonly lifetimeSeconds?: number | undefined;
  readonly clock?: Clock | undefined;
}

export const sessionOptions = {
  capacity: z.optional(wholeNumber(1, 1_000_000)),
  capacityPerCaller: z.optional(wholeNumber(1, 1_000_000)),
  lifetimeSeconds: z.optional(wholeNumber(1, 3600)),
  clock: z.optional(clockOption),
};

const schema = z.strictObject(sessionOptions);

/** The options with defaults filled in. */
export function completeSessionOptions(parsed: SessionOptions) {
  const { capacity = 10_000, lifetimeSeconds = 600, clock = systemClock } = parsed;
  const capacityPerCaller = parsed.capacityPerCaller ?? Math.ceil(capacity / 10);
  return { capacity, capacityPerCaller, lifetimeSeconds, clock };
}

const codes: Record<Exclude<SequenceOutcome | "gone", "first">, VerificationCode> = {
  replayed: "proof_replayed",
  stale: "session_sequence_stale",
  gone: "session_unknown",
};

/**
 * Keeps sessions in the memory of this process. Another replica does not know them: a caller that
 * reaches one signs again, and one that is spread over many keeps to signatures.
 *
 * @throws {ConfigurationError}
 */
export function memorySessions(options: SessionOptions = {}): Sessions {
  const parsed = parseOptions("memorySessions", schema, options);
  const { lifetimeSeconds, clock, ...limits } = completeSessionOptions(parsed);
  const table = new SessionTable(limits, clock);

  return Object.freeze<Sessions>({
    lifetimeSeconds,
    areShared: false,
    async keep({ id, key, opener, bundle, origin }) {
      const endsAt = Math.floor(clock.monotonic()) + lifetimeSeconds * 1000;
      const macKey = await runtime.importMacKey(key);
      const isKept = table.add(id, { id, key: macKey, opener, bundle, origin, endsAt });
      return isKept ? id : undefined;
    },
    find: (locator) => table.find(locator),
    claim({ proof: { sessionId, sequence } }) {
      const outcome = table.mark(sessionId, sequence);
      if (outcome !== "first") throw new VerificationError(codes[outcome], { token: sessionToken });
    },
  });
}
