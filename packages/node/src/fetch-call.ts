import { ProofError } from "@firsthand/core";

/** The arguments of one call of fetch, read once; the caller's objects stay as they are. */
export interface FetchCall {
  readonly url: URL;
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: unknown;
  readonly signal: AbortSignal | undefined;
  readonly redirect: unknown;
  /** Everything that was given, `init` over a `Request`. */
  readonly members: Readonly<Record<string, unknown>>;
}

type FetchArguments = Parameters<typeof globalThis.fetch>;

/**
 * Reads the arguments of fetch (Fetch §5.4, the Request constructor) without that class, since
 * undici's fetch and the global one do not accept each other's.
 *
 * @throws {ProofError} `url_invalid`
 */
export function readFetchCall(input: FetchArguments[0], init: FetchArguments[1]): FetchCall {
  const given = isRequest(input) ? definedMembers(input) : {};
  const members = { ...given, ...definedMembers(init ?? {}) };
  return {
    url: sentUrl(isRequest(input) ? input.url : String(input)),
    method: normalizeMethod(String(members.method ?? "GET")),
    headers: [...new Headers(members.headers as Headers | undefined)],
    body: members.body ?? given.body,
    signal: (members.signal as AbortSignal | null | undefined) ?? undefined,
    redirect: members.redirect,
    members,
  };
}

/** Members of RequestInit that a `Request` has as getters, which spreading it would miss. */
const requestMembers = [
  "body",
  "cache",
  "credentials",
  "headers",
  "integrity",
  "keepalive",
  "method",
  "mode",
  "redirect",
  "referrer",
  "referrerPolicy",
  "signal",
];

function isRequest(input: FetchArguments[0]): input is Request {
  return typeof input === "object" && "url" in input;
}

function definedMembers(source: object): Record<string, unknown> {
  return Object.fromEntries(
    [...requestMembers, ...Object.keys(source)]
      .map((name) => [name, Reflect.get(source, name)])
      .filter(([, value]) => value !== undefined),
  );
}

/** Without an empty query, because versions of undici differ in whether they send its `?`. */
function sentUrl(text: string): URL {
  try {
    const url = new URL(text);
    if (url.search === "") url.search = "";
    return url;
  } catch (cause) {
    throw new ProofError("url_invalid", { cause });
  }
}

const normalizedMethods = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);

/** Fetch §2.2.1 "normalize a method". */
function normalizeMethod(method: string): string {
  const upper = method.toUpperCase();
  return normalizedMethods.has(upper) ? upper : method;
}
