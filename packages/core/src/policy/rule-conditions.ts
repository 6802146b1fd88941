import type { Caller, CallerProof } from "../caller.js";
import { callerPatterns, callerSegments, idPatterns } from "./caller-patterns.js";
import type { PolicyRequest } from "./policy.js";
import { lenientPatternsOf, lenientSegmentsOf, segmentsOf } from "./request-path.js";
import type { PolicyRule, RuleExceptions } from "./rule.js";
import { matchesSegments, type SegmentPattern } from "./segments.js";
import { timeCheck } from "./time-window.js";

/** One condition of a rule, by its name in the rule. */
export interface RuleCondition {
  readonly name: string;
  readonly holds: (caller: Caller, request: PolicyRequest) => boolean;
}

/** How closely a method or a path has to be met. What allows is exact; what denies is lenient. */
export interface Matching {
  readonly segmentsOf: (path: string) => readonly string[];
  readonly patternsOf: (path: string) => readonly SegmentPattern[];
  readonly methodsOf: (methods: readonly string[]) => readonly string[];
}

export const exact: Matching = {
  segmentsOf,
  patternsOf: (path) => [segmentsOf(path)],
  methodsOf: (methods) => methods,
};

/** Routers answer HEAD by what they have for GET. */
export const lenient: Matching = {
  segmentsOf: lenientSegmentsOf,
  patternsOf: lenientPatternsOf,
  methodsOf: (methods) => (methods.includes("GET") ? [...methods, "HEAD"] : methods),
};

/** The matching of what a rule names, and of what it leaves out. */
export function matchingOf({ effect }: PolicyRule): { named: Matching; excepted: Matching } {
  return effect === "allow"
    ? { named: exact, excepted: lenient }
    : { named: lenient, excepted: exact };
}

/** Who calls, and what is asked for: the conditions that the index answers. */
export function indexedConditions(rule: PolicyRule): readonly RuleCondition[] {
  const { named } = matchingOf(rule);
  return [
    ...whereGiven(callerPatterns(rule), (patterns) => [
      { name: rule.callers === undefined ? "trustDomains" : "callers", holds: callerIn(patterns) },
    ]),
    ...whereGiven(rule.methods, (methods) => [
      { name: "methods", holds: methodIn(methods, named) },
    ]),
    ...whereGiven(rule.paths, (paths) => [{ name: "paths", holds: pathIn(paths, named) }]),
  ];
}

/** All other conditions, those of the application excepted. */
export function otherConditions(rule: PolicyRule): readonly RuleCondition[] {
  const { excepted } = matchingOf(rule);
  const { credentials, proofs, bindings, headers = {}, times, except = {} } = rule;
  const { subjects, scopes } = rule.onBehalfOf ?? {};
  return [
    ...whereGiven(credentials, (kinds) => [
      { name: "credentials", holds: ({ credential }) => kinds.includes(credential.kind) },
    ]),
    ...whereGiven<readonly CallerProof["format"][]>(proofs, (formats) => [
      { name: "proofs", holds: ({ proof }) => formats.includes(proof.format) },
    ]),
    ...whereGiven(bindings, (accepted) => [
      { name: "bindings", holds: ({ proof }) => accepted.includes(proof.binding) },
    ]),
    ...Object.entries(headers).map(([name, values]) => headerCondition(name, values)),
    ...whereGiven(subjects, (accepted) => [
      {
        name: "onBehalfOf.subjects",
        holds: ({ onBehalfOf: on }) => on !== undefined && accepted.includes(on.subject),
      },
    ]),
    ...whereGiven(scopes, (accepted) => [
      {
        name: "onBehalfOf.scopes",
        holds: ({ onBehalfOf: on }) => accepted.some((scope) => on?.scope.includes(scope) === true),
      },
    ]),
    ...whereGiven(times, (windows) => {
      const checks = windows.map(timeCheck);
      return [{ name: "times", holds: (_, { time }) => checks.some((isIn) => isIn(time)) }];
    }),
    ...exceptions(except, excepted),
  ];
}

function exceptions(
  { callers, methods, paths }: RuleExceptions,
  matching: Matching,
): readonly RuleCondition[] {
  return [
    ...whereGiven(callers, (ids) => [
      { name: "except.callers", holds: not(callerIn(idPatterns(ids))) },
    ]),
    ...whereGiven(methods, (given) => [
      { name: "except.methods", holds: not(methodIn(given, matching)) },
    ]),
    ...whereGiven(paths, (given) => [
      { name: "except.paths", holds: not(pathIn(given, matching)) },
    ]),
  ];
}

type Holds = RuleCondition["holds"];

function whereGiven<T>(
  value: T | undefined,
  conditions: (value: T) => readonly RuleCondition[],
): readonly RuleCondition[] {
  return value === undefined ? [] : conditions(value);
}

function not(holds: Holds): Holds {
  return (caller, request) => !holds(caller, request);
}

function callerIn(patterns: readonly SegmentPattern[]): Holds {
  return ({ id }) => {
    const segments = callerSegments(id);
    return patterns.some((pattern) => matchesSegments(pattern, segments));
  };
}

function methodIn(methods: readonly string[], matching: Matching): Holds {
  const accepted = matching.methodsOf(methods);
  return (_, { method }) => accepted.includes(method);
}

function pathIn(paths: readonly string[], matching: Matching): Holds {
  const patterns = paths.flatMap(matching.patternsOf);
  return (_, { path }) => {
    const segments = matching.segmentsOf(path);
    return patterns.some((pattern) => matchesSegments(pattern, segments));
  };
}

function headerCondition(name: string, values: readonly string[]): RuleCondition {
  return {
    name: `headers.${name}`,
    holds({ verifiedHeaders = {} }: SigningCaller) {
      const value = Object.hasOwn(verifiedHeaders, name) ? verifiedHeaders[name] : undefined;
      return value !== undefined && values.includes(value);
    },
  };
}

/** A caller that may have signed header fields, by lower-case name. */
type SigningCaller = Caller & {
  readonly verifiedHeaders?: Readonly<Record<string, string | undefined>> | undefined;
};
