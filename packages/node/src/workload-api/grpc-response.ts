import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from "node:http2";
import { CredentialError } from "@firsthand/core";
import { createFrameReader } from "./grpc-frames.js";
import { checkStatus } from "./grpc-status.js";
import { malformed } from "./malformed.js";

/** RFC 9113 §7. */
const cancel = 0x8;

/**
 * The messages of a response as they come (gRPC over HTTP/2, "Responses"). It ends when the call ended
 * with the status OK. A stream that is left earlier is cancelled; one that came to its end never is,
 * because servers count that as an attack.
 *
 * @throws {CredentialError} for every other end
 * @throws an error of the stream
 */
export async function* readResponse(
  stream: ClientHttp2Stream,
  limitBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const ends: IncomingHttpHeaders[] = [];
  stream.on("error", () => undefined); // it may come when nobody iterates, and is not lost
  stream.once("response", (headers) => {
    const problem = problemWith(headers);
    if (problem === undefined) ends.push(headers);
    else stream.destroy(malformed(problem));
  });
  stream.once("trailers", (trailers) => ends.push(trailers));
  const frames = createFrameReader(limitBytes);
  let isDrained = false;
  try {
    for await (const piece of stream.iterator({ destroyOnReturn: false })) {
      yield* frames.push(piece);
    }
    isDrained = true;
  } finally {
    if (!isDrained) stream.close(cancel);
  }
  checkEnd(ends);
  if (!frames.isBetweenMessages()) throw malformed("a message is cut off");
}

function problemWith(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): string | undefined {
  const status = headers[":status"];
  if (status !== 200 && headers["grpc-status"] === undefined) return `HTTP status ${status}`;
  const type = String(headers["content-type"]);
  return /^application\/grpc(?:\+proto)?(?:;|$)/i.test(type) ? undefined : "it is not gRPC";
}

/** The status is in the trailers, or in the headers when there is nothing else. */
function checkEnd(ends: readonly IncomingHttpHeaders[]): void {
  const end = ends.findLast((fields) => fields["grpc-status"] !== undefined);
  if (end === undefined) {
    const detail = "the stream ended without a status";
    throw new CredentialError("endpoint_unavailable", { detail });
  }
  checkStatus(end);
}
