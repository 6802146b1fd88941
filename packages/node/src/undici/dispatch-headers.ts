/** The headers of a dispatch in two views of the same fields. */
export interface DispatchHeaders {
  /** Name after value, the values as they were given: for undici to check and send. */
  readonly flat: string[];
  /** One field for each value: for the prover to read. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/**
 * Reads headers in every shape that undici 7 takes: a flat list, pairs in any iterable, a record;
 * values that are strings, lists of strings, null for empty, or undefined for absent.
 */
export function readDispatchHeaders(headers: unknown): DispatchHeaders {
  const flat: string[] = [];
  const fields: (readonly [name: string, value: string])[] = [];
  for (const [name, value] of entriesOf(headers)) {
    if (value === undefined) continue;
    flat.push(name, value as string);
    for (const one of Array.isArray(value) ? value : [value]) {
      fields.push([name, String(one ?? "")]);
    }
  }
  return { flat, fields };
}

type Entry = readonly [name: string, value: unknown];

const none: readonly Entry[] = [];

function entriesOf(headers: unknown): Iterable<Entry> {
  if (typeof headers !== "object" || headers === null) return none;
  if (Array.isArray(headers) && !Array.isArray(headers[0])) return pairs(headers);
  if (Symbol.iterator in headers) return headers as Iterable<Entry>;
  return Object.entries(headers);
}

function pairs(flat: readonly unknown[]): Entry[] {
  return flat.flatMap((name, at) => (at % 2 === 0 ? [[String(name), flat[at + 1]] as const] : []));
}
