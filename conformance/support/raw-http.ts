import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import type { RequestData } from "@firsthand/testing";

export interface RawResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends a request to this machine byte by byte as it is, so that nothing is repaired on the way. */
export async function sendRaw(port: number, request: RequestData): Promise<RawResponse> {
  const { method, target, headers, body } = request;
  const length = body === undefined ? [] : [["Content-Length", body.length]];
  const fields = [...headers, ...length, ["Connection", "close"]];
  const head = [`${method} ${target} HTTP/1.1`, ...fields.map((field) => field.join(": "))];
  const socket = connect(port, "127.0.0.1");
  socket.write(`${head.join("\r\n")}\r\n\r\n`, "latin1");
  if (body !== undefined) socket.write(body);
  return parseResponse((await buffer(socket)).toString("latin1"));
}

function parseResponse(text: string): RawResponse {
  const end = text.indexOf("\r\n\r\n");
  const [line = "", ...fields] = text.slice(0, end).split("\r\n");
  const headers = fields.map((field): [string, string] => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  return {
    status: Number(line.split(" ")[1]),
    headers: new Map(headers),
    body: text.slice(end + 4),
  };
}
