/** Segments of a path or of an ID: `*` is any that is not empty, `**` at the end all that are left. */
export type SegmentPattern = readonly string[];

export const oneSegment = "*";
export const restOfSegments = "**";

/** Whether the segments match. `**` stands for at least one. */
export function matchesSegments(pattern: SegmentPattern, segments: readonly string[]): boolean {
  const hasRest = pattern.at(-1) === restOfSegments;
  if (hasRest ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  const fixed = hasRest ? pattern.slice(0, -1) : pattern;
  return fixed.every((part, index) =>
    part === oneSegment ? segments[index] !== "" : part === segments[index],
  );
}

/** Values by pattern. Finds those that match without looking at the others. */
export class SegmentTrie<T> {
  readonly #root: TrieNode<T> = createNode();

  /** The value of a pattern; made by `create` when there is none. */
  at(pattern: SegmentPattern, create: () => T): T {
    let node = this.#root;
    for (const part of pattern) node = childOf(node, part);
    node.value ??= create();
    return node.value;
  }

  /** The values of all patterns that match; at each segment, exact ones before `*` before `**`. */
  matching(segments: readonly string[]): readonly T[] {
    const found: T[] = [];
    collect(this.#root, segments, 0, found);
    return found;
  }
}

interface TrieNode<T> {
  value: T | undefined;
  readonly exact: Map<string, TrieNode<T>>;
  one: TrieNode<T> | undefined;
  rest: TrieNode<T> | undefined;
}

function createNode<T>(): TrieNode<T> {
  return { value: undefined, exact: new Map(), one: undefined, rest: undefined };
}

function childOf<T>(node: TrieNode<T>, part: string): TrieNode<T> {
  if (part === oneSegment) {
    node.one ??= createNode();
    return node.one;
  }
  if (part === restOfSegments) {
    node.rest ??= createNode();
    return node.rest;
  }
  const known = node.exact.get(part);
  if (known !== undefined) return known;
  const child = createNode<T>();
  node.exact.set(part, child);
  return child;
}

function collect<T>(
  node: TrieNode<T>,
  segments: readonly string[],
  position: number,
  found: T[],
): void {
  const segment = segments[position];
  if (segment === undefined) {
    if (node.value !== undefined) found.push(node.value);
    return;
  }
  const exact = node.exact.get(segment);
  if (exact !== undefined) collect(exact, segments, position + 1, found);
  if (node.one !== undefined && segment !== "") collect(node.one, segments, position + 1, found);
  if (node.rest?.value !== undefined) found.push(node.rest.value);
}
