import { type IncomingMessage, request as open, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import type { RequestData } from "@firsthand/testing";

/** What came back for a request. */
export interface Answer {
  readonly status: number;
  readonly headers: Fields;
  readonly body: Uint8Array;
}

type Fields = RequestData["headers"];

/** Takes in a whole request, header fields as they came. */
export async function receive(incoming: IncomingMessage): Promise<RequestData> {
  const { method = "", url: target = "", rawHeaders } = incoming;
  return { method, target, headers: inPairs(rawHeaders), body: await buffer(incoming) };
}

/** Sends a request as it is to whoever listens on a port of loopback. */
export async function send(request: RequestData, port: number): Promise<Answer> {
  const { method, target: path, body = new Uint8Array() } = request;
  const framing = [
    ["Content-Length", `${body.length}`],
    ["Connection", "close"],
  ] as const;
  const headers = [...withoutFraming(request.headers), ...framing].flat();
  const signal = AbortSignal.timeout(5000);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    open({ host: "127.0.0.1", port, method, path, headers, signal })
      .on("response", resolve)
      .on("error", reject)
      .end(body);
  });
  const { statusCode: status = 0, rawHeaders } = answer;
  return { status, headers: inPairs(rawHeaders), body: await buffer(answer) };
}

/** Passes an answer on. */
export function reply(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  outgoing.writeHead(status, withoutFraming(headers).flat()).end(body);
}

/** The value of a field that occurs once; empty when it does not occur. */
export function fieldOf({ headers }: RequestData, name: string): string {
  return headers.find((field) => isNamed(field, name))?.[1] ?? "";
}

/** The same request with one field set to one value. */
export function withField(request: RequestData, name: string, value: string): RequestData {
  return { ...request, headers: [...withoutField(request, name).headers, [name, value]] };
}

/** The same message without a field. */
export function withoutField<Message extends { readonly headers: Fields }>(
  message: Message,
  name: string,
): Message {
  return { ...message, headers: message.headers.filter((field) => !isNamed(field, name)) };
}

function isNamed([field]: Fields[number], name: string): boolean {
  return field.toLowerCase() === name.toLowerCase();
}

const framingFields = ["connection", "content-length", "keep-alive", "transfer-encoding"];

/** Without what belongs to one connection (RFC 9110 §7.6.1): the next one has its own. */
function withoutFraming(headers: Fields): Fields {
  return headers.filter(([name]) => !framingFields.includes(name.toLowerCase()));
}

function inPairs(raw: readonly string[]): Fields {
  return raw.flatMap((name, index) =>
    index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as const] : [],
  );
}
