import type { Observer } from "@firsthand/core";
import { auditEventOf } from "@firsthand/core/audit";

/** What is used of a logger: of pino, of `request.log` in Fastify, and of many others. */
export interface DecisionLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * An observer that logs each decision with a logger like pino: what was accepted as `info`, what was
 * refused or should have been, and a proxy's claim that the proof contradicts, as `warn`. For people who
 * read logs; the record is the audit. A logger that throws changes no decision.
 */
export function logDecisions(logger: DecisionLogger): Observer {
  return (observation) => {
    const { decision, agreement, request, proved, refusal, policy } = auditEventOf(observation);
    const fields = {
      decision,
      method: request.method,
      path: request.path,
      caller: proved?.caller,
      proof: proved?.proof.format,
      binding: proved?.proof.binding,
      code: refusal?.code,
      rule: policy?.rule,
      agreement,
    };
    const isUsual = decision === "accepted" && agreement !== "contradicts";
    const level = isUsual ? "info" : "warn";
    try {
      logger[level](fields, `${decision}: ${request.method} ${request.path}`);
    } catch {
      // the audit is what has to be told
    }
  };
}
