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
  return new MessageRequest(message, method, target, headers, content, answer);
}

/**
 * A class: with a getter of its own, as of an object literal, each request would get a hidden class, and
 * be kept by it.
 */
class MessageRequest implements ProofRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: ProofRequest["headers"];
  readonly content: ContentGate | undefined;
  readonly answer: ProofRequest["answer"];
  readonly #message: ReceivedMessage;

  constructor(
    message: ReceivedMessage,
    method: string,
    target: string,
    headers: ProofRequest["headers"],
    content: ContentGate | undefined,
    answer: ProofRequest["answer"],
  ) {
    this.#message = message;
    this.method = method;
    this.target = target;
    this.headers = headers;
    this.content = content;
    this.answer = answer;
  }

  get peerCertificates(): readonly Uint8Array[] | undefined {
    return peerCertificatesOf(this.#message);
  }
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
