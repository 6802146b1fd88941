import { Readable } from "node:stream";
import { FormData as UndiciFormData } from "undici";

const text = "grüße, 0 € for you";
const bytes = Buffer.from(text);

/** One body in a form that a caller may give it, and what has to arrive. */
export interface BodyCase {
  readonly name: string;
  readonly body: () => unknown;
  readonly bytes: Buffer;
  /** What fetch adds when the caller names no content type. */
  readonly contentType: string | undefined;
}

const plain = "text/plain;charset=UTF-8";
const form = "application/x-www-form-urlencoded;charset=UTF-8";

/** Every form whose bytes are known beforehand. */
export const bodyCases: readonly BodyCase[] = [
  { name: "string", body: () => text, bytes, contentType: plain },
  { name: "Uint8Array", body: () => new Uint8Array(bytes), bytes, contentType: undefined },
  { name: "Buffer", body: () => Buffer.from(bytes), bytes, contentType: undefined },
  { name: "view of a larger buffer", body: () => inner(), bytes, contentType: undefined },
  { name: "DataView", body: () => dataView(), bytes, contentType: undefined },
  { name: "ArrayBuffer", body: () => new Uint8Array(bytes).buffer, bytes, contentType: undefined },
  { name: "Blob", body: () => new Blob([bytes]), bytes, contentType: undefined },
  {
    name: "Blob with a type",
    body: () => new Blob([bytes], { type: "image/png" }),
    bytes,
    contentType: "image/png",
  },
  {
    name: "URLSearchParams",
    body: () => new URLSearchParams({ a: "1 2", b: "ü" }),
    bytes: Buffer.from("a=1+2&b=%C3%BC"),
    contentType: form,
  },
  { name: "ReadableStream", body: () => webStream(), bytes, contentType: undefined },
  { name: "Node stream", body: () => Readable.from(pieces()), bytes, contentType: undefined },
  { name: "async iterable", body: () => asyncPieces(), bytes, contentType: undefined },
  { name: "stream of strings", body: () => Readable.from(["grü", "ße"]), ...strings() },
];

/** Forms whose boundary is chosen when they are sent; `undici` has a class of its own. */
export const formCases = [
  { name: "FormData", create: () => filled(new FormData()) },
  { name: "FormData of undici", create: () => filled(new UndiciFormData()) },
];

function strings() {
  return { bytes: Buffer.from("grüße"), contentType: undefined };
}

function inner(): Uint8Array {
  const buffer = new Uint8Array(bytes.length + 20);
  buffer.set(bytes, 7);
  return buffer.subarray(7, 7 + bytes.length);
}

function dataView(): DataView {
  const { buffer, byteOffset, byteLength } = inner();
  return new DataView(buffer, byteOffset, byteLength);
}

function* pieces(): Generator<Uint8Array> {
  yield bytes.subarray(0, 4);
  yield bytes.subarray(4);
}

async function* asyncPieces(): AsyncGenerator<Uint8Array> {
  yield* pieces();
}

function webStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces()) controller.enqueue(piece);
      controller.close();
    },
  });
}

function filled<Form extends Pick<FormData, "append">>(data: Form): Form {
  data.append("note", 'line\nnext "quoted" ü');
  data.append("file", new Blob([bytes], { type: "image/png" }), "pic.png");
  return data;
}
