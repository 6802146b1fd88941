import { VerificationError } from "../errors.js";
import type { Target } from "../proof/target.js";
import { isSameField } from "../same-field.js";

type Fields = readonly (readonly [name: string, value: string])[];

/** The head of a request, as far as a signature can cover it. */
export interface RequestHead {
  readonly method: string;
  readonly target: Target;
  readonly headers: Fields;
}

/** The head of a response, with that of the request it answers. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Fields;
  readonly request: RequestHead;
}

/**
 * The value of a field as a signature covers it (RFC 9421 §2.1): its lines without outer white
 * space, joined. Undefined when there is none.
 *
 * @throws {VerificationError} `header_invalid`
 */
export function fieldValue(headers: Fields, name: string): string | undefined {
  let joined: string | undefined;
  for (const [field, value] of headers) {
    if (!isSameField(field, name)) continue;
    joined = joined === undefined ? trimmed(value) : `${joined}, ${trimmed(value)}`;
  }
  return joined;
}

function trimmed(line: unknown): string {
  if (typeof line === "string" && /^[\t\x20-\x7e]*$/.test(line)) {
    return line.replace(/^[ \t]+|[ \t]+$/g, "");
  }
  throw new VerificationError("header_invalid", { token: "http-signature" });
}

/** The derived components of a request (RFC 9421 §2.2); nothing that a `Host` header decides. */
export function derivedOfRequest(name: string, { method, target }: RequestHead) {
  const { path, query } = target;
  switch (name) {
    case "@method":
      return method;
    case "@path":
      return path;
    case "@query":
      return `?${query ?? ""}`;
    case "@request-target":
      return query === undefined ? path : `${path}?${query}`;
    default:
      return undefined;
  }
}
