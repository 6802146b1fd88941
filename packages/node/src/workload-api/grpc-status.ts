import type { IncomingHttpHeaders } from "node:http2";
import { CredentialError, type CredentialErrorCode } from "@firsthand/core";
import { malformed } from "./malformed.js";

/** The statuses by their number (gRPC "Status codes"). */
const names = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** What the statuses mean that the Workload API gives a meaning (Workload Endpoint §6). */
const codes: { readonly [name in (typeof names)[number]]?: CredentialErrorCode } = {
  INVALID_ARGUMENT: "endpoint_refused",
  UNIMPLEMENTED: "endpoint_unsupported",
  FAILED_PRECONDITION: "endpoint_unsupported", // SPIRE: the profile is not enabled
  PERMISSION_DENIED: "workload_unregistered",
};

/**
 * Returns when the call went well.
 *
 * @param fields the trailers, or the headers of a response that has nothing else
 * @throws {CredentialError} for any other status. Its `cause` has the words of the Workload API,
 * printable and cut after 200 characters.
 */
export function checkStatus(fields: IncomingHttpHeaders): void {
  const text = String(fields["grpc-status"]);
  const name = /^(?:0|[1-9]\d?)$/.test(text) ? names[Number(text)] : undefined;
  if (name === "OK") return;
  if (name === undefined) throw malformed("the gRPC status is unknown");
  const words = printable(fields["grpc-message"]);
  throw new CredentialError(codes[name] ?? "endpoint_unavailable", {
    detail: name,
    cause: words === "" ? undefined : new Error(words),
  });
}

/** A `grpc-message`, which may be percent-encoded badly. */
function printable(message: string | string[] | undefined): string {
  return String(message ?? "")
    .slice(0, 2000)
    .replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))
    .replace(/[^\x20-\x7e]+/g, "?")
    .slice(0, 200);
}
