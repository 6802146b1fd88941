import type { SpiffeId } from "../spiffe/spiffe-id.js";

/** Callers on their way to `require`. */
export interface MigratingCallers {
  readonly mode: "observe" | "prefer" | "require";
  /** Milliseconds since the epoch. */
  readonly until: number;
  names(id: SpiffeId): boolean;
}

/** The option `unsafeMigration`, read. */
export interface MigrationRules {
  readonly callers: readonly MigratingCallers[];
  readonly audience: string | undefined;
  /** Milliseconds since the epoch; 0 when they never pass. */
  readonly unidentifiedUntil: number;
}

/** Nobody migrates. */
export const noMigration: MigrationRules = Object.freeze({
  callers: [],
  audience: undefined,
  unidentifiedUntil: 0,
});

/** What counts for a caller now: `ended` when it had something weaker and its time is over. */
export type MigrationMode = "observe" | "prefer" | "require" | "ended";

/** The mode of a caller whose identity was established, and of no other. */
export function modeOf({ callers }: MigrationRules, id: SpiffeId, now: number): MigrationMode {
  const entry = callers.find(({ names }) => names(id));
  if (entry === undefined || entry.mode === "require") return "require";
  return now < entry.until ? entry.mode : "ended";
}
