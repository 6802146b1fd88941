import { Readable } from "node:stream";
import { isAnyArrayBuffer } from "node:util/types";
import { ProofError } from "@firsthand/core";

/** A body as the bytes that are sent, of which nobody else holds a reference. */
export interface EncodedBody {
  readonly content: Uint8Array;
  /** What the kind of body implies, such as the multipart boundary chosen. */
  readonly contentType: string | undefined;
}

/** How a body is taken in. */
export interface BodyIntake {
  /** The longest content, in bytes. */
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Turns a body into bytes (Fetch §5.2 "extract a body"), so that what is proved is what is sent.
 * Nothing is read past the limit.
 *
 * @throws {ProofError} `body_too_large`, `body_unsupported`; whatever a stream fails with; the reason
 * of the signal
 */
export async function encodeBody(body: unknown, intake: BodyIntake): Promise<EncodedBody> {
  intake.signal?.throwIfAborted();
  if (typeof body === "string") return fromBytes(Buffer.from(body), intake, textType);
  if (body instanceof URLSearchParams) {
    return fromBytes(Buffer.from(body.toString()), intake, formType);
  }
  if (isAnyArrayBuffer(body)) return fromBytes(Buffer.from(new Uint8Array(body)), intake);
  if (ArrayBuffer.isView(body)) {
    const view = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    return fromBytes(Buffer.from(view), intake);
  }
  if (isFormData(body)) return fromFormData(body, intake);
  if (body instanceof Blob) return fromChunks(body.stream(), intake, body.type || undefined);
  if (isIterable(body)) return fromChunks(body, intake);
  throw new ProofError("body_unsupported");
}

const textType = "text/plain;charset=UTF-8";
const formType = "application/x-www-form-urlencoded;charset=UTF-8";

type Chunks = AsyncIterable<unknown> | Iterable<unknown>;

function fromBytes(content: Uint8Array, { limit }: BodyIntake, contentType?: string): EncodedBody {
  if (content.length > limit) throw new ProofError("body_too_large");
  return { content, contentType };
}

function isFormData(body: unknown): body is FormData {
  return Object.prototype.toString.call(body) === "[object FormData]";
}

/** The platform writes the multipart format, also for the form of a fetch that is not the platform's. */
function fromFormData(form: FormData, intake: BodyIntake): Promise<EncodedBody> {
  const own = new FormData();
  for (const [name, value] of form) {
    if (typeof value === "string") own.append(name, value);
    else own.append(name, value, value.name);
  }
  const { body, headers } = new Response(own);
  return fromChunks(body as Chunks, intake, headers.get("content-type") ?? undefined);
}

function isIterable(body: unknown): body is Chunks {
  return (
    typeof body === "object" &&
    body !== null &&
    (Symbol.asyncIterator in body || Symbol.iterator in body)
  );
}

async function fromChunks(
  body: Chunks,
  intake: BodyIntake,
  contentType?: string,
): Promise<EncodedBody> {
  // What is left of a stream that somebody read from would pass for the whole.
  if (Readable.isDisturbed(body as Readable)) {
    throw new ProofError("body_unsupported", { detail: "it was read before" });
  }
  return {
    content: await unlessAborted(() => readChunks(body, intake), intake.signal),
    contentType,
  };
}

async function readChunks(body: Chunks, { limit, signal }: BodyIntake): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    signal?.throwIfAborted();
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) {
      throw new ProofError("body_unsupported", { detail: "a chunk is neither bytes nor a string" });
    }
    const bytes = Buffer.from(chunk as string);
    length += bytes.length;
    if (length > limit) throw new ProofError("body_too_large");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** Gives up waiting when the signal aborts; a source that stays silent cannot be interrupted. */
function unlessAborted<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}
