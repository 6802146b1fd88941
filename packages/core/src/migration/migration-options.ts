import * as z from "zod/mini";
import { invalidOption, oneOf } from "../options.js";
import { idPatternOption } from "../spiffe/id-pattern-option.js";
import type { MigratingCallers, MigrationRules } from "./migration-rules.js";

/** What is weaker than the rules, for whom, and until when. */
export interface MigrationOptions {
  /** The first entry that names a caller counts for it. A caller that none names has to prove. */
  readonly callers?: readonly MigratingCallersOptions[] | undefined;
  /**
   * The name of this service in the `aud` of JWT-SVIDs. Without it no JWT-SVID is looked at; an entry
   * with `prefer` needs it.
   */
  readonly audience?: string | undefined;
  /**
   * Until when a request is not refused whose caller is not proved: who has no proof, or one that is not
   * valid. It passes without a caller, whoever sends it. Default: such requests are refused.
   */
  readonly unidentifiedUntil?: Date | undefined;
}

export interface MigratingCallersOptions {
  /** SPIFFE IDs; `*` stands for one whole path segment. */
  readonly ids: readonly string[];
  /**
   * `prefer`: the caller may come with a bearer JWT-SVID instead of a proof. `observe`: that too, and
   * what it sends is not refused; a request that would have been passes without a caller. `require`:
   * neither, for callers that are done, ahead of an entry that also names them.
   */
  readonly mode: "observe" | "prefer" | "require";
  /** When `require` begins for these callers. At most a year from the start of the verifier. */
  readonly until: Date;
}

const endProblem = "must be a date, at most a year from now";
const longestMilliseconds = 366 * 86_400_000;

/** The schema of the option; dates are checked against the clock when it is read. */
export const migrationSchema = z.strictObject({
  callers: z.optional(
    z.array(
      z.strictObject({
        ids: z
          .array(z.string({ error: "must be a SPIFFE ID" }))
          .check(z.minLength(1, { error: "name at least one SPIFFE ID" })),
        mode: oneOf("observe", "prefer", "require"),
        until: z.date({ error: endProblem }),
      }),
    ),
  ),
  audience: z.optional(
    z.string({ error: "must be the name of this service" }).check(z.minLength(1)),
  ),
  unidentifiedUntil: z.optional(z.date({ error: endProblem })),
});

/**
 * Reads the option.
 *
 * @throws {ConfigurationError} naming the part that is wrong
 */
export function parseMigration(
  { callers = [], audience, unidentifiedUntil }: MigrationOptions,
  now: number,
): MigrationRules {
  const endOf = (date: Date, option: string): number => {
    const end = date.getTime();
    if (end <= now + longestMilliseconds) return end;
    throw invalidOption("createVerifier", `unsafeMigration.${option}`, endProblem);
  };
  return Object.freeze({
    callers: callers.map((entry, index) => {
      const option = `callers[${index}]`;
      if (entry.mode === "prefer" && audience === undefined) {
        const problem = "is needed, to tell which JWT-SVIDs are for this service";
        throw invalidOption("createVerifier", "unsafeMigration.audience", problem);
      }
      return migratingCallers(entry, endOf(entry.until, `${option}.until`), option);
    }),
    audience,
    unidentifiedUntil:
      unidentifiedUntil === undefined ? 0 : endOf(unidentifiedUntil, "unidentifiedUntil"),
  });
}

function migratingCallers(
  { ids, mode }: MigratingCallersOptions,
  until: number,
  option: string,
): MigratingCallers {
  const patterns = ids.map((text, index) =>
    idPatternOption("createVerifier", `unsafeMigration.${option}.ids[${index}]`, text),
  );
  return { mode, until, names: (id) => patterns.some((matches) => matches(id)) };
}
