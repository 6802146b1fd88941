import { VerificationError } from "../errors.js";

/** What a request asks for, split as proofs bind it; nothing is decoded or resolved. */
export interface Target {
  readonly path: string;
  /** The bytes after `?`; undefined when there is no `?`. */
  readonly query: string | undefined;
}

/**
 * Splits a request target in origin form (RFC 9112 §3.2.1). Absolute form, `*` and authority form
 * are refused: they carry a host, which nobody proved.
 *
 * @throws {VerificationError} `target_invalid`
 */
export function parseTarget(target: string): Target {
  if (!/^\/[\x21-\x22\x24-\x7e]*$/.test(target)) throw new VerificationError("target_invalid");
  const mark = target.indexOf("?");
  if (mark === -1) return { path: target, query: undefined };
  return { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** A target as it stands in the request line. */
export function textOfTarget({ path, query }: Target): string {
  return query === undefined ? path : `${path}?${query}`;
}

/** An audience split into what configuration decides and what the request line decides. */
export interface Audience {
  /** Scheme and authority, normalised: lower case, no default port. */
  readonly origin: string;
  readonly path: string;
}

/**
 * Splits the target URI that a proof names (RFC 9110 §7.1), without query and fragment. Scheme and
 * authority are normalised as WHATWG URL does; the path stays as it is, without decoding.
 */
export function parseAudience(uri: string): Audience | undefined {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#@\\\s]+)(\/[^?#]*)?(?:[?#].*)?$/.exec(uri);
  if (match === null) return undefined;
  const origin = parseOrigin(match[1] as string);
  return origin === undefined ? undefined : { origin, path: match[2] ?? "/" };
}

/** An http or https origin in normal form, or undefined for anything else than a bare origin. */
export function parseOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isHttp = url.protocol === "https:" || url.protocol === "http:";
  const isBare = url.href === `${url.origin}/`;
  return isHttp && isBare ? url.origin : undefined;
}
