import * as z from "zod/mini";
import { oneOf } from "../options.js";
import { provedBy } from "../proof/format.js";
import { parseTrustDomain } from "../spiffe/spiffe-id.js";
import { parseSpiffeIdPattern } from "../spiffe/spiffe-id-pattern.js";
import { isUnambiguousPath } from "./request-path.js";
import type { CallerConditions, Period, PolicyRule } from "./rule.js";
import { oneSegment, restOfSegments } from "./segments.js";
import { isTimeZone } from "./time-window.js";

/** A text that matches `pattern`, which a JSON Schema can say, and `holds`, which it cannot. */
function text(error: string, pattern: RegExp, holds: (text: string) => boolean = () => true) {
  return z.string({ error }).check(z.regex(pattern, { error }), z.refine(holds, { error }));
}

const listProblem = "must be a list of at least one";
const listOf = <T>(item: z.ZodMiniType<T>) =>
  z.optional(z.array(item, { error: listProblem }).check(z.minLength(1, { error: listProblem })));

const callerPattern = text(
  "must be a SPIFFE ID, with * for whole segments and ** only at the end",
  /^(spiffe|wimse):\/\/[a-z0-9._-]+(\/([A-Za-z0-9._-]+|\*))*\/([A-Za-z0-9._-]+|\*\*?)$/,
  (value) => isParsed(() => parseSpiffeIdPattern(value.replace(/\*\*$/, oneSegment))),
);
const trustDomain = text("must be a trust domain name", /^[a-z0-9._-]+$/, (value) =>
  isParsed(() => parseTrustDomain(value)),
);
const segment = text("must be one segment of a SPIFFE ID", /^[A-Za-z0-9._-]+$/, (value) =>
  isParsed(() => parseSpiffeIdPattern(`spiffe://td/${value}`)),
);
const method = text("must be a method (RFC 9110 §9.1)", /^[\w!#$%&'*+.^`|~-]+$/);
const path = text(
  "must be a path that is written in the one way, with * for whole segments and ** only at the end",
  /^\/[\x21-\x22\x24-\x3e\x40-\x7e]*$/,
  isPathPattern,
);
const instant = text(
  "must be a time of RFC 3339, such as 2027-01-31T18:00:00Z",
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/,
  (value) => !Number.isNaN(Date.parse(value)),
);
const timeOfDay = text("must be a time of day, HH:MM", /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/);
const nameProblem = "must be a name of letters, digits, blanks and . _ : / -, at most 128 of them";
const name = text(nameProblem, /^[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,127}$/);

const windowProblem =
  "must have from or until, in this order, or days with start before end on the same day";
const period = z
  .strictObject({ from: z.optional(instant), until: z.optional(instant) })
  .check(z.refine(isPeriod, { error: windowProblem }));
const weeklyHours = z
  .strictObject({
    days: z
      .array(oneOf("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
      .check(z.minLength(1, { error: windowProblem })),
    start: z.optional(timeOfDay),
    end: z.optional(timeOfDay),
    timeZone: z.optional(text("must be a time zone that is known", /^[\w+/-]+$/, isTimeZone)),
  })
  .check(z.refine(({ start = "00:00", end = "24:00" }) => start < end, { error: windowProblem }));

/** The shape of a rule, as options and files have it. */
export const policyRuleSchema: z.ZodMiniType<PolicyRule> = z
  .strictObject({
    name,
    effect: oneOf("allow", "deny"),
    dryRun: z.optional(z.boolean({ error: "must be true or false" })),
    description: z.optional(z.string({ error: "must be a text" })),
    callers: z.optional(
      z.union([z.literal("any"), z.array(callerPattern).check(z.minLength(1))], {
        error: "must be a list of SPIFFE IDs, or any",
      }),
    ),
    trustDomains: listOf(trustDomain),
    namespaces: listOf(segment),
    serviceAccounts: listOf(segment),
    credentials: listOf(oneOf("x509-svid", "wit-svid")),
    proofs: listOf(oneOf(...provedBy)),
    bindings: listOf(oneOf("full", "target", "channel")),
    methods: listOf(method),
    paths: listOf(path),
    headers: z.optional(
      z.record(
        text("must be the name of a header field in lower case", /^[a-z0-9!#$%&'*+.^_`|~-]+$/),
        z.array(z.string()).check(z.minLength(1, { error: listProblem })),
      ),
    ),
    onBehalfOf: z.optional(
      z.strictObject({ subjects: listOf(z.string()), scopes: listOf(z.string()) }).check(
        z.refine(({ subjects, scopes }) => (subjects ?? scopes) !== undefined, {
          error: "must have subjects or scopes",
        }),
      ),
    ),
    times: listOf(z.union([weeklyHours, period], { error: windowProblem })),
    conditions: listOf(name),
    except: z.optional(
      z.strictObject({
        callers: listOf(callerPattern),
        methods: listOf(method),
        paths: listOf(path),
      }),
    ),
  })
  .check(
    z.refine(namesCallers, {
      path: ["callers"],
      error: "an allow needs callers or trustDomains; any is everybody",
    }),
    z.refine(({ callers, ...others }) => callers === undefined || !hasParts(others), {
      path: ["callers"],
      error: "cannot stand beside trustDomains, namespaces or serviceAccounts",
    }),
  );

function namesCallers({ effect, callers, trustDomains }: PolicyRule): boolean {
  return effect === "deny" || callers !== undefined || trustDomains !== undefined;
}

function hasParts({ trustDomains, namespaces, serviceAccounts }: CallerConditions): boolean {
  return [trustDomains, namespaces, serviceAccounts].some((part) => part !== undefined);
}

/** Whether a text is a path in which whole segments may be `*`, and the last one `**`. */
export function isPathPattern(value: string): boolean {
  const rest = `/${restOfSegments}`;
  const withoutRest = value.endsWith(rest) ? value.slice(0, -rest.length) || "/" : value;
  const isWhole = (part: string) => part === "*" || !part.includes("*");
  return isUnambiguousPath(withoutRest) && withoutRest.split("/").every(isWhole);
}

function isPeriod({ from, until }: Period): boolean {
  if (from === undefined || until === undefined) return from !== until;
  return Date.parse(from) < Date.parse(until);
}

function isParsed(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
