import type { SentResponse } from "./send-refusal.js";

/** What sends a response, or a part of it. */
export interface SentMethods {
  writeHead(status: number, ...rest: readonly unknown[]): unknown;
  write(...args: readonly unknown[]): boolean;
  end(...args: readonly unknown[]): unknown;
  flushHeaders(): void;
}

/** What is used of a server's response to hold it back: of `http.ServerResponse`, and of `http2`'s. */
export interface SignedServerResponse extends SentResponse, SentMethods {
  statusMessage: string;
  readonly writableEnded: boolean;
  getHeaders(): Readonly<Record<string, HeaderValue | undefined>>;
  removeHeader(name: string): void;
  setHeader(name: string, value: HeaderValue): unknown;
  end(...args: readonly unknown[]): unknown;
  destroy(error: Error): unknown;
}

type HeaderValue = string | number | readonly string[];

/** Each field line of a response, as it is about to be sent. */
export function fieldLines(
  response: SignedServerResponse,
): readonly (readonly [name: string, value: string])[] {
  return Object.entries(response.getHeaders()).flatMap(([name, value = []]) =>
    [value].flat().map((line) => [name, String(line)] as const),
  );
}

/** Takes in what `writeHead` was given (status, reason, headers), without sending it. */
export function applyHead(
  response: SignedServerResponse,
  status: number,
  rest: readonly unknown[],
): void {
  response.statusCode = status;
  const [reason] = rest;
  if (typeof reason === "string") response.statusMessage = reason;
  const headers = rest.find((part) => typeof part === "object" && part !== null);
  for (const [name, value] of entriesOf(headers ?? {})) response.setHeader(name, value);
}

/** The headers of `writeHead`: an object, a list of pairs, or names and values in turn. */
function entriesOf(headers: object): Iterable<readonly [string, HeaderValue]> {
  if (!Array.isArray(headers)) {
    return Object.entries(headers).filter(([, value]) => value !== undefined);
  }
  const flat: readonly unknown[] = headers.flat();
  const lines = new Map<string, string[]>();
  for (let i = 0; i < flat.length; i += 2) {
    const name = String(flat[i]);
    lines.set(name, [...(lines.get(name) ?? []), String(flat[i + 1])]);
  }
  return lines;
}
