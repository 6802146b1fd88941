import type { Caller } from "../caller.js";
import { callerPatterns, callerSegments } from "./caller-patterns.js";
import type { CompiledRule } from "./compile-rule.js";
import type { PolicyRequest } from "./policy.js";
import { type Matching, matchingOf } from "./rule-conditions.js";
import { restOfSegments, type SegmentPattern, SegmentTrie } from "./segments.js";

const anything: readonly SegmentPattern[] = [[restOfSegments]];
/** With the rules for every method under `undefined`. */
type ByMethod = Map<string | undefined, CompiledRule[]>;

/** Rules of one kind of matching: by caller, then path, then method. */
export class RuleIndex {
  readonly #matching: Matching;
  readonly #byCaller = new SegmentTrie<SegmentTrie<ByMethod>>();

  constructor(matching: Matching) {
    this.#matching = matching;
  }

  add(compiled: CompiledRule): void {
    const { rule } = compiled;
    const { paths, methods } = rule;
    const { patternsOf, methodsOf } = matchingOf(rule).named;
    const pathPatterns = paths?.flatMap(patternsOf) ?? this.#anyPath();
    const methodNames = methods === undefined ? [undefined] : methodsOf(methods);
    for (const callers of callerPatterns(rule) ?? anything) {
      const byPath = this.#byCaller.at(callers, () => new SegmentTrie());
      for (const path of pathPatterns) {
        const byMethod = byPath.at(path, () => new Map());
        for (const method of methodNames) append(byMethod, method, compiled);
      }
    }
  }

  /** Adds to `found` the rules whose caller, path and method match. */
  find({ id }: Caller, { path, method }: PolicyRequest, found: Set<CompiledRule>): void {
    const segments = this.#matching.segmentsOf(path);
    for (const byPath of this.#byCaller.matching(callerSegments(id))) {
      for (const byMethod of byPath.matching(segments)) {
        for (const rule of byMethod.get(method) ?? []) found.add(rule);
        for (const rule of byMethod.get(undefined) ?? []) found.add(rule);
      }
    }
  }

  #anyPath(): readonly SegmentPattern[] {
    return this.#matching.patternsOf(`/${restOfSegments}`);
  }
}

function append(byMethod: ByMethod, method: string | undefined, rule: CompiledRule): void {
  const rules = byMethod.get(method);
  if (rules === undefined) byMethod.set(method, [rule]);
  else rules.push(rule);
}
