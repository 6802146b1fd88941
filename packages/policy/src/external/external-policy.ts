import {
  type Awaitable,
  type Caller,
  type Clock,
  callback,
  clockOption,
  oneOf,
  type Policy,
  type PolicyAnswer,
  type PolicyRequest,
  parseOptions,
  systemClock,
  wholeNumber,
} from "@firsthand/core";
import * as z from "zod/mini";
import { DecisionCache, type DecisionCacheOptions } from "./decision-cache.js";

/** What holds for every decision that is made elsewhere. */
export interface ExternalDecisionOptions {
  /**
   * What counts when there is no answer: it failed, took too long, or said what is no decision.
   * `unsafe-allow` lets everybody in who can keep the decision point from answering.
   */
  readonly onFailure: "deny" | "unsafe-allow";
  /** Names the decisions, as a rule does. */
  readonly name?: string | undefined;
  /** Default 500. Keep it below the `timeoutMilliseconds` of the verifier. */
  readonly timeoutMilliseconds?: number | undefined;
  /** Told why there was no answer. What it throws has no effect. */
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly clock?: Clock | undefined;
}

export interface ExternalPolicyOptions extends ExternalDecisionOptions {
  readonly name: string;
  /** Decides; `signal` ends when the time is up. Anything but a boolean or a decision is a failure. */
  readonly decide: (
    caller: Caller,
    request: PolicyRequest,
    signal: AbortSignal,
  ) => Awaitable<PolicyAnswer>;
  /**
   * Keeps decisions, none by default. `key` has to name everything that a decision depends on; the
   * caller's credential is added. No decision is kept for longer than that lives, and no failure is.
   */
  readonly cache?: (DecisionCacheOptions & { readonly key: CacheKey }) | undefined;
}

type CacheKey = (caller: Caller, request: PolicyRequest) => string;

/** The options of `ExternalDecisionOptions` in a schema. */
export const externalDecisionShape = {
  onFailure: oneOf("deny", "unsafe-allow"),
  name: z.optional(z.string({ error: "must be a text" }).check(z.minLength(1))),
  timeoutMilliseconds: z.optional(wholeNumber(1, 60_000)),
  onError: z.optional(callback<(error: unknown) => void>()),
  clock: z.optional(clockOption),
};

/** The options of `DecisionCacheOptions` in a schema. */
export const decisionCacheShape = {
  ttlMilliseconds: wholeNumber(1, 86_400_000),
  maxEntries: z.optional(wholeNumber(1, 1_000_000)),
};

const schema = z.strictObject({
  ...externalDecisionShape,
  name: z.string({ error: "must be a text" }).check(z.minLength(1)),
  decide: callback<ExternalPolicyOptions["decide"]>(),
  cache: z.optional(z.strictObject({ ...decisionCacheShape, key: callback<CacheKey>() })),
});

/**
 * A policy that something else decides: any function, with a deadline, and with a cache where that is asked
 * for. A decision is named after it; one that is none, `<name> (failed)` or `<name> (timeout)`.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function externalPolicy(options: ExternalPolicyOptions): Policy {
  const parsed = parseOptions("externalPolicy", schema, options);
  const { name, decide, cache, clock = systemClock, timeoutMilliseconds = 500 } = parsed;
  const kept = new DecisionCache<PolicyAnswer>(cache?.maxEntries ?? 1000);

  async function ask(caller: Caller, request: PolicyRequest): Promise<PolicyAnswer> {
    const timeout = new AbortController();
    const settled = new AbortController();
    const expired = clock.delay(timeoutMilliseconds, settled.signal).then(() => {
      timeout.abort();
      throw new DecisionTimeout();
    });
    expired.catch(() => undefined); // it also rejects when it lost the race and was called off
    try {
      const answer = decide(caller, request, timeout.signal);
      return named(await Promise.race([answer, expired]), name);
    } finally {
      settled.abort();
    }
  }

  function failed(error: unknown): PolicyAnswer {
    try {
      parsed.onError?.(error);
    } catch {
      // a decision does not depend on who is told of it
    }
    const effect = parsed.onFailure === "deny" ? "deny" : "allow";
    return { effect, rule: `${name} (${error instanceof DecisionTimeout ? "timeout" : "failed"})` };
  }

  return async function decideElsewhere(caller, request) {
    try {
      if (cache === undefined) return await ask(caller, request);
      const key = `${caller.credential.thumbprint} ${cache.key(caller, request)}`;
      const now = clock.now();
      const known = kept.get(key, now);
      if (known !== undefined) return known;
      const answer = await ask(caller, request);
      const until = Math.min(now + cache.ttlMilliseconds, caller.credential.expiresAt * 1000);
      kept.set(key, answer, until);
      return answer;
    } catch (error) {
      return failed(error);
    }
  };
}

/** The decision point took too long. */
export class DecisionTimeout extends Error {
  override readonly name = "DecisionTimeout";

  constructor() {
    super("the decision point did not answer in time");
  }
}

/** The answer with a rule to name. */
function named(answer: PolicyAnswer, name: string): PolicyAnswer {
  if (typeof answer === "boolean") return { effect: answer ? "allow" : "deny", rule: name };
  if (answer?.effect !== "allow" && answer?.effect !== "deny") {
    throw new TypeError("the answer is no decision");
  }
  return { ...answer, rule: answer.rule ?? name };
}
