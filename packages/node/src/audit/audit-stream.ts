import type { Writable } from "node:stream";
import { type AuditSink, formatAuditLines } from "@firsthand/core/audit";

/**
 * A sink that writes JSON lines to a stream, such as `process.stdout` or one of `fs.createWriteStream`.
 * Events are kept when the stream has written them, so that a slow stream holds requests back and does
 * not fill the memory. The stream, and its `error` event, stay yours.
 */
export function auditStream(stream: Writable): AuditSink {
  return (events) =>
    new Promise((resolve, reject) => {
      if (!stream.writable) throw new Error("the stream of the audit has ended");
      stream.write(formatAuditLines(events), (error) => (error ? reject(error) : resolve()));
    });
}
