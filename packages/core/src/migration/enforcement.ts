import type { Caller } from "../caller.js";
import { VerificationError } from "../errors.js";
import { type RefusedObservation, record, type Untimed } from "../observer.js";
import type { ContentMode } from "../proof/bind-content.js";
import type { ProofRequest } from "../proof/proof-request.js";
import type { VerificationCode } from "../refusal-codes.js";
import type { VerifierRules } from "../verifier-options.js";
import { modeOf } from "./migration-rules.js";

/** Refused in every mode: what is not recorded, and content that could not be kept. */
const always: ReadonlySet<VerificationCode> = new Set([
  "observer_failed",
  "verification_timeout",
  "body_too_large",
  "body_aborted",
]);

/** Refusals that were recorded as `unenforced`. Beside the errors: nobody else can add to them. */
const unenforced = new WeakSet<object>();

/**
 * Records a refusal, as `unenforced` where the caller, or who has none, is observed.
 *
 * @param isLate the application runs already; then it is enforced for everybody
 * @throws {VerificationError} `observer_failed`, `verification_timeout`
 */
export async function recordRefusal(
  refusal: Omit<Untimed<RefusedObservation>, "decision">,
  rules: VerifierRules,
  startedAt: number,
  isLate: boolean,
): Promise<void> {
  const { error, caller } = refusal;
  const passes = !isLate && !always.has(error.code) && isObserved(caller, rules);
  const decision = passes ? "unenforced" : "refused";
  await record({ decision, ...refusal }, rules, startedAt);
  if (passes) unenforced.add(error);
}

/** Whether a request passes in spite of this error, without a caller. */
export function isUnenforced(error: unknown): boolean {
  return error instanceof VerificationError && unenforced.has(error);
}

/**
 * The content of a request, which an observed caller gets through also when it is not the proved one.
 * The check still fails, after that. Streamed content is held to its proof for everybody: its handler
 * runs with a caller before the end is known.
 */
export function contentFor(
  caller: Caller,
  { content }: ProofRequest,
  mode: ContentMode,
  rules: VerifierRules,
): ProofRequest["content"] {
  if (content === undefined || mode === "streaming" || !isObserved(caller, rules)) return content;
  return {
    async buffered(limit, accept) {
      let failure: unknown;
      await content.buffered(limit, async (digest) => {
        try {
          await accept(digest);
        } catch (error) {
          failure = error;
        }
      });
      if (failure !== undefined) throw failure;
    },
    streaming: (accept) => content.streaming(accept),
  };
}

function isObserved(caller: Caller | undefined, { migration, clock }: VerifierRules): boolean {
  const now = clock.now();
  if (caller === undefined) return now < migration.unidentifiedUntil;
  return modeOf(migration, caller.id, now) === "observe";
}
