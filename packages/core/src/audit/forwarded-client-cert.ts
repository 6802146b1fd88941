/** One element of `X-Forwarded-Client-Cert`: values by lower-case key, repetitions kept. */
export type ForwardedElement = ReadonlyMap<string, readonly string[]>;

const pair = /[\t ]*([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^",;]*)[\t ]*([;,]|$)/y;
const maxElements = 32;

/**
 * Reads `X-Forwarded-Client-Cert` as Envoy writes it: elements separated by commas, the oldest hop
 * first, and `Key=Value` pairs separated by semicolons; values may be quoted.
 *
 * @returns undefined for anything else
 */
export function parseForwardedClientCert(value: string): readonly ForwardedElement[] | undefined {
  const elements: Map<string, string[]>[] = [new Map()];
  pair.lastIndex = 0;
  while (pair.lastIndex < value.length) {
    const match = pair.exec(value);
    if (match === null) return undefined;
    const [, key, text, end] = match as unknown as [string, string, string, string];
    addTo(
      elements[elements.length - 1] as Map<string, string[]>,
      key.toLowerCase(),
      unquoted(text),
    );
    if (end === "," && elements.push(new Map()) > maxElements) return undefined;
  }
  return elements.every(({ size }) => size > 0) ? elements : undefined;
}

/** Adds a value to those that are known by a name. */
export function addTo(map: Map<string, string[]>, name: string, value: string): void {
  const values = map.get(name);
  if (values === undefined) map.set(name, [value]);
  else values.push(value);
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text.trim();
}
