import * as z from "zod/mini";
import type { Awaitable } from "../awaitable.js";
import type { Observer } from "../observer.js";
import { callback, oneOf, parseOptions, wholeNumber } from "../options.js";
import { type AuditEvent, auditEventOf } from "./audit-event.js";

/**
 * Keeps events. They are kept when it returns or resolves. With a queue it is called again only when it
 * has answered, and gets events again that it failed to keep.
 */
export type AuditSink = (events: readonly AuditEvent[]) => Awaitable<void>;

export interface AuditOptions {
  /** Where events go. */
  readonly sink: AuditSink;
  /** The name of this service, for the record. */
  readonly service?: string | undefined;
  /**
   * How many events may wait for the sink. With 0 (default) a decision takes effect when the sink has
   * its event; otherwise when it is in the queue, so that a crash may lose that many.
   */
  readonly queueLimit?: number | undefined;
  /**
   * What becomes of a request whose event cannot be recorded, because the sink fails or the queue is
   * full. `refuse` (default) refuses it, with `observer_failed`. `unsafe-accept` lets the decision
   * stand and counts what is lost; the next event that is recorded says how many.
   */
  readonly whenUnrecorded?: "refuse" | "unsafe-accept" | undefined;
}

/** Records every decision of the verifiers whose `observer` it is. */
export interface Audit {
  readonly observer: Observer;
  /**
   * Resolves when the sink has everything that is waiting: before the process ends.
   *
   * @throws what the sink throws
   */
  flush(): Promise<void>;
}

const schema = z.strictObject({
  sink: callback<AuditSink>(),
  service: z.optional(z.string({ error: "must be a name" }).check(z.minLength(1))),
  queueLimit: z.optional(wholeNumber(0, 1_000_000)),
  whenUnrecorded: z.optional(oneOf("refuse", "unsafe-accept")),
});

const maxBatch = 100;

/**
 * Makes an audit: one event for each decision, into a function of yours.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function createAudit(options: AuditOptions): Audit {
  const parsed = parseOptions("createAudit", schema, options);
  const { sink, service, queueLimit = 0, whenUnrecorded = "refuse" } = parsed;
  const waiting: AuditEvent[] = [];
  let writing: Promise<void> | undefined;
  /** The sink failed, and has not taken anything since. */
  let isFailing = false;
  let lost = 0;

  async function writeAll(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const batch = waiting.slice(0, maxBatch);
        await sink(batch);
        waiting.splice(0, batch.length);
      }
      isFailing = false;
    } catch (error) {
      isFailing = true;
      throw error;
    } finally {
      writing = undefined;
    }
  }

  function flush(): Promise<void> {
    writing ??= Promise.resolve().then(writeAll);
    return writing;
  }

  async function enqueue(event: AuditEvent): Promise<void> {
    if (isFailing) await flush(); // nothing new before it takes what it has not taken
    if (waiting.length >= queueLimit) throw new Error("the queue of the audit is full");
    waiting.push(event);
    flush().catch(() => undefined); // it shows at the next event
  }

  const keep = queueLimit === 0 ? (event: AuditEvent) => sink([event]) : enqueue;

  const observer: Observer = async (observation) => {
    const event = auditEventOf(observation, { service: service ?? null, lost });
    lost -= event.lost;
    try {
      await keep(event);
    } catch (error) {
      lost += event.lost;
      if (whenUnrecorded === "refuse") throw error;
      lost++;
    }
  };

  return Object.freeze({ observer, flush });
}
