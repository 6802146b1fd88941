import { type RequestData, toProofRequest } from "@firsthand/testing";
import type { Caller } from "../caller.js";
import { VerificationError } from "../errors.js";
import type { Observation } from "../observer.js";
import type { VerificationCode } from "../refusal-codes.js";
import { now, type Scene, verifierOf } from "../scene.test-support.js";
import type { VerifierOptions } from "../verifier-options.js";
import type { VerifyOptions } from "../verify-options.js";
import { isUnenforced } from "./enforcement.js";
import type { MigratingCallersOptions, MigrationOptions } from "./migration-options.js";

export const audience = "spiffe://td.example/ns/pay/sa/ledger";
/** When everything weaker ends. */
export const end = new Date((now + 3600) * 1000);

/** These callers in one mode, until `end`. */
export function migrating(
  mode: MigratingCallersOptions["mode"],
  ...ids: readonly string[]
): MigrationOptions {
  return { audience, callers: [{ ids, mode, until: end }] };
}

/** What became of a request: its caller, or a code and whether it passes in spite of that. */
export interface Outcome {
  readonly caller: Caller | undefined;
  readonly code: VerificationCode | undefined;
  readonly passes: boolean;
  readonly observed: readonly Observation[];
}

/** Verifies one request, as the web application sends it. */
export async function outcomeOf(
  scene: Scene,
  request: RequestData,
  options: Partial<VerifierOptions>,
  verifyOptions?: VerifyOptions,
): Promise<Outcome> {
  const observed: Observation[] = [];
  const observer = (observation: Observation) => void observed.push(observation);
  const verifier = verifierOf(scene, { observer, ...options });
  try {
    const caller = await verifier.verify(toProofRequest(request), verifyOptions);
    return { caller, code: undefined, passes: true, observed };
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    return { caller: undefined, code: error.code, passes: isUnenforced(error), observed };
  }
}
