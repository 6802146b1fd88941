import { createHash } from "node:crypto";
import { createRuleSet, type RuleSet } from "@firsthand/core";
import { parsePolicy } from "../document/parse-policy.js";
import { backgroundClock } from "./background-clock.js";
import { watchPath } from "./path-watch.js";
import {
  type PolicyFileOptions,
  type PolicyFileState,
  parsePolicyFileOptions,
} from "./policy-file-options.js";
import { readSettled } from "./read-settled.js";

/** A policy that is kept in a file: `createVerifier({ policy: file.decide, … })`. */
export interface PolicyFile extends RuleSet {
  readonly state: () => PolicyFileState;
  /** Ends looking at the file. What it said last goes on deciding. */
  readonly close: () => Promise<void>;
}

interface Held {
  readonly text: string;
  readonly rules: RuleSet;
}

/**
 * Opens a policy in a file and follows its changes: after each in its directory, and every
 * `pollMilliseconds`. A changed file takes effect as a whole, for the calls that come after; one that is
 * not valid has no effect, and the state says so until it is.
 *
 * @throws {ConfigurationError} naming the option or the rule, when the first state is not valid
 */
export async function openPolicyFile(options: PolicyFileOptions): Promise<PolicyFile> {
  const { path, pollMilliseconds, clock, onChange, ruleSet } = parsePolicyFileOptions(options);
  const background = backgroundClock(clock);
  let interruption = new AbortController();
  let isClosed = false;

  const load = (text: string): Held => ({
    text,
    rules: createRuleSet({ ...ruleSet, rules: parsePolicy(text).rules }),
  });
  const unwatch = watchPath(path, () => interruption.abort());
  let held: Held;
  try {
    held = load(await readSettled(path, clock));
  } catch (error) {
    unwatch();
    throw error;
  }
  let state = currentState(held, clock.now());

  function change(next: PolicyFileState): void {
    state = next;
    try {
      onChange?.(next);
    } catch (error) {
      process.emitWarning(`onChange of a policy file threw: ${(error as Error).message}`);
    }
  }

  async function look(): Promise<void> {
    try {
      const text = await readSettled(path, background);
      if (text === held.text && state.status === "current") return;
      if (text !== held.text) held = load(text);
      change(currentState(held, clock.now()));
    } catch (error) {
      const problem = error as Error;
      if (state.problem?.message === problem.message) return;
      change(Object.freeze({ ...state, status: "stale", problem }));
    }
  }

  async function follow(): Promise<void> {
    while (!isClosed) {
      await background.delay(pollMilliseconds, interruption.signal).catch(() => undefined);
      if (isClosed) return;
      interruption = new AbortController();
      await look();
    }
  }
  const following = follow();

  return Object.freeze<PolicyFile>({
    decide: (caller, request) => held.rules.decide(caller, request),
    explain: (caller, request) => held.rules.explain(caller, request),
    state: () => state,
    async close() {
      isClosed = true;
      unwatch();
      interruption.abort();
      await following;
    },
  });
}

function currentState({ text }: Held, since: number): PolicyFileState {
  const digest = createHash("sha256").update(text).digest("base64url");
  return Object.freeze({ status: "current", digest, since, problem: undefined });
}
