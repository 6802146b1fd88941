import { ConfigurationError } from "@firsthand/core";
import type { RequestData } from "./request-data.js";

/**
 * Makes another request of a good one, with the same proof.
 *
 * @throws {ConfigurationError} when the request has nothing that this mutation could change
 */
export type RequestMutation = (request: RequestData) => RequestData;

/** What somebody on the way could change in a request, beside its headers. */
export const requestMutations = {
  methodChanged: (request) => ({ ...request, method: request.method === "PUT" ? "POST" : "PUT" }),
  methodLowerCase: mutation((request) => ({ ...request, method: request.method.toLowerCase() })),

  pathChanged: path(() => "/another"),
  pathExtended: path((text) => `${text}/more`),
  pathWithSlash: path((text) => `${text}/`),
  pathWithDoubleSlash: path((text) => `/${text}`),
  pathWithDotSegment: path((text) => `/.${text}`),
  pathUpperCase: path((text) => text.toUpperCase()),
  /** The same path to whoever decodes it. */
  pathPercentEncoded: path((text) => text.replace(/[a-z]/i, percentEncode)),

  queryAdded: mutation(({ target, ...rest }) => ({
    ...rest,
    target: `${target}${target.includes("?") ? "&" : "?"}added=1`,
  })),
  queryEmptied: query(() => "?"),
  queryRemoved: query(() => ""),
  queryReordered: query((text) => `?${text.slice(1).split("&").toReversed().join("&")}`),
  /** The same parameters to whoever decodes them. */
  queryPercentEncoded: query((text) => text.replace(/[a-z]/i, percentEncode)),

  bodyBitFlipped: body((bytes) => bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1)),
  bodyTruncated: body((bytes) => bytes.subarray(0, -1)),
  bodyExtended: body((bytes) => Uint8Array.of(...bytes, 0x20)),
  bodyReplaced: body(() => Buffer.from("{}")),
  bodyRemoved: mutation(({ body: _, ...request }) => request),
} as const satisfies Record<string, RequestMutation>;

/** The name of a mutation of a request. */
export type RequestMutationName = keyof typeof requestMutations;

/** Adds a header at the end; a second one where there is one already. */
export function addHeader(name: string, value: string): RequestMutation {
  return (request) => ({ ...request, headers: [...request.headers, [name, value]] });
}

/** Repeats each header of this name, value and all. */
export function repeatHeader(name: string): RequestMutation {
  return header(name, (entry) => [entry, entry]);
}

/** Gives each header of this name another value. */
export function replaceHeader(name: string, change: (value: string) => string): RequestMutation {
  return header(name, ([spelling, value]) => [[spelling, change(value)]]);
}

/** Takes out each header of this name. */
export function removeHeader(name: string): RequestMutation {
  return header(name, () => []);
}

type Header = RequestData["headers"][number];

function header(name: string, change: (entry: Header) => readonly Header[]): RequestMutation {
  const isNamed = ([other]: Header) => other.toLowerCase() === name.toLowerCase();
  return mutation((request) => ({
    ...request,
    headers: request.headers.flatMap((entry) => (isNamed(entry) ? change(entry) : [entry])),
  }));
}

function path(change: (path: string) => string): RequestMutation {
  return mutation((request) => {
    const end = `${request.target}?`.indexOf("?");
    const { target } = request;
    return { ...request, target: change(target.slice(0, end)) + target.slice(end) };
  });
}

function query(change: (query: string) => string): RequestMutation {
  return mutation((request) => {
    const start = request.target.indexOf("?");
    if (start < 0) return request;
    const { target } = request;
    return { ...request, target: target.slice(0, start) + change(target.slice(start)) };
  });
}

function body(change: (body: Uint8Array) => Uint8Array): RequestMutation {
  return mutation((request) =>
    request.body ? { ...request, body: change(request.body) } : request,
  );
}

function mutation(change: RequestMutation): RequestMutation {
  return (request) => {
    const changed = change(request);
    if (JSON.stringify(asText(changed)) === JSON.stringify(asText(request))) {
      throw new ConfigurationError(
        "option_invalid",
        "the mutation changes nothing in this request",
      );
    }
    return changed;
  };
}

function asText({ body: bytes, ...request }: RequestData) {
  return { ...request, body: bytes && Buffer.from(bytes).toString("base64") };
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16)}`;
}
