import type { ProofRequest } from "../proof/proof-request.js";
import { ContentGate } from "./content-gate.js";
import { peerCertificatesOf } from "./peer-certificates.js";
import type { ReceivedMessage } from "./received-message.js";

/** Method and target as the framework will act on them. */
export interface RequestLine {
  readonly method: string;
  /** Path and query as received, before any router took a prefix away. */
  readonly target: string;
}

/**
 * A message of Node as a verifier reads it. Header fields come from the raw list, where repetitions
 * can be seen, and where nobody merged, decoded or added anything.
 *
 * A message whose framing announces no content (`Content-Length: 0` included) has none.
 */
export function proofRequestFrom(
  message: ReceivedMessage,
  { method, target }: RequestLine,
  answer?: ProofRequest["answer"],
): ProofRequest {
  const headers = headersOf(message.rawHeaders);
  const content = announcesContent(message, headers) ? new ContentGate(message) : undefined;
  return {
    method,
    target,
    headers,
    content,
    answer,
    get peerCertificates() {
      return peerCertificatesOf(message);
    },
  };
}

function headersOf(raw: readonly string[]): ProofRequest["headers"] {
  const headers: (readonly [string, string])[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const isPseudo = name.startsWith(":"); // RFC 9113 §8.3
    if (!isPseudo) headers.push([name, raw[i + 1] as string]);
  }
  return headers;
}

/** RFC 9112 §6.3, RFC 9113 §8.1. */
function announcesContent(message: ReceivedMessage, headers: ProofRequest["headers"]): boolean {
  if (message.stream !== undefined) return !message.stream.endAfterHeaders;
  return headers.some(([name, value]) => {
    const field = name.toLowerCase();
    return field === "transfer-encoding" || (field === "content-length" && Number(value) !== 0);
  });
}
