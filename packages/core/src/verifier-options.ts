import * as z from "zod/mini";
import { runtime } from "#runtime";
import {
  type AcceptOptions,
  type AcceptRules,
  acceptSchema,
  narrowAccept,
} from "./accept-rules.js";
import { type Clock, systemClock } from "./clock.js";
import { defaultProofAlgorithms, type JwsAlgorithm, wimseAlgorithms } from "./jose/algorithms.js";
import {
  type MigrationOptions,
  migrationSchema,
  parseMigration,
} from "./migration/migration-options.js";
import { type MigrationRules, noMigration } from "./migration/migration-rules.js";
import type { Observer } from "./observer.js";
import {
  callback,
  capability,
  clockOption,
  headerFieldNames,
  invalidOption,
  oneOf,
  parseOptions,
  wholeNumber,
} from "./options.js";
import type { PerRoute } from "./policy/ask-policy.js";
import type { Policy } from "./policy/policy.js";
import type { EvidenceKind } from "./proof/format.js";
import { parseOrigin } from "./proof/target.js";
import { memoryReplayGuard } from "./replay/memory-replay-guard.js";
import type { ReplayGuard } from "./replay/replay-guard.js";
import type { CheckSignature } from "./runtime/port.js";
import type { Sessions } from "./session/session.js";
import type { SignedResponseRules } from "./signature/response-signer.js";
import {
  parseSignedResponses,
  type SignedResponsesOptions,
  signedResponsesSchema,
} from "./signature/signed-responses-options.js";
import type { WitProfile } from "./svid/wit-svid.js";
import {
  type TxnTokenOptions,
  type TxnTokenRules,
  txnTokenRules,
  txnTokenSchema,
} from "./transaction/txn-token-options.js";
import type { TrustSource } from "./trust/trust-source.js";

export interface VerifierOptions extends AcceptOptions {
  /** Where trust comes from. A caller's trust domain without a bundle is refused. */
  readonly identity: TrustSource;
  /**
   * The origins under which callers address this service, such as `https://orders.internal`. Proofs
   * made for any other are refused. Never taken from the request: `Host` and `X-Forwarded-*` say
   * what the sender likes.
   */
  readonly origin: string | readonly string[];
  /**
   * Who may call. Asked after everything else was proved, before any content is read. With
   * `per-route`, `verify` is given the policy of each route, and a route without one is refused.
   */
  readonly policy: Policy | PerRoute;
  /**
   * `same-workload` refuses a proof that did not come over a mutually authenticated connection of the
   * very workload that made it. `unchecked` (default) does not look at the connection: TLS may end in
   * front of this process.
   */
  readonly channel?: "unchecked" | "same-workload" | undefined;
  /**
   * `full` (default) refuses a proof that leaves method, query or content unbound. `target` admits a
   * bare WPT of another implementation, which binds only the target URI; the caller's record says so.
   */
  readonly binding?: "full" | "target" | undefined;
  /** Which profile a WIT has to meet. Default `spiffe`. */
  readonly witProfile?: WitProfile | undefined;
  /**
   * Accepted algorithms of proofs. Default ES256, ES384, PS256 and RS256, with `witProfile: "wimse"`
   * also EdDSA and Ed25519. P-521 is left out because it costs about twelve times as much.
   */
  readonly algorithms?: readonly JwsAlgorithm[] | undefined;
  /** Further header fields that carry tokens; each has to be bound by `oth`. Default none. */
  readonly tokenHeaders?: readonly string[] | undefined;
  /**
   * Which Txn-Tokens are believed. Then `caller.onBehalfOf` tells what a valid one says, and a request
   * with any other is refused. By default a Txn-Token has to be bound by the proof, and is not read.
   */
  readonly txnTokens?: TxnTokenOptions | undefined;
  /** Remembers proofs that were used. Default: in the memory of this process. */
  readonly replay?: ReplayGuard | undefined;
  /**
   * Opens sessions with callers that offer it, and accepts proofs by session; `memorySessions()` or
   * `sealedSessions()`. Default: none, every proof has to be signed. Verifiers that are given the same
   * sessions share them.
   */
  readonly sessions?: Sessions | undefined;
  /** The longest content that is read and checked before the application runs. Default 1 MiB. */
  readonly contentLimitBytes?: number | undefined;
  /** The longest lifetime of a proof. Default 120. */
  readonly maxProofLifetimeSeconds?: number | undefined;
  /** The furthest `exp` of a WIT-SVID. Default one day. */
  readonly maxCredentialLifetimeSeconds?: number | undefined;
  /** Granted to every time in both directions. Default 30. */
  readonly clockSkewSeconds?: number | undefined;
  /** How long policy, replay guard and observer may each take. Default 2000. */
  readonly timeoutMilliseconds?: number | undefined;
  /**
   * Lets callers that do not prove yet come in a weaker way, each until a date, for the time in which a
   * service moves over. Default: every caller has to prove.
   */
  readonly unsafeMigration?: MigrationOptions | undefined;
  /**
   * Signs the responses to signed requests with this service's own credential. Without it a request
   * that demands a signed response is refused with 501.
   */
  readonly signedResponses?: SignedResponsesOptions | undefined;
  /**
   * Where signatures of proofs are checked. `event-loop` (default) takes the least CPU and answers a
   * single request soonest. `thread-pool` leaves the event loop to other work meanwhile: for a process
   * that is saturated while cores idle, and for callers whose keys take long (RSA, P-384). Elsewhere than
   * on Node the platform decides.
   */
  readonly signatureChecks?: "event-loop" | "thread-pool" | undefined;
  /** Receives every decision before it takes effect. */
  readonly observer?: Observer | undefined;
  readonly clock?: Clock | undefined;
}

/** The options with defaults filled in. */
export interface VerifierRules extends AcceptRules {
  readonly identity: TrustSource;
  readonly origins: readonly string[];
  readonly policy: Policy | PerRoute;
  readonly channel: "unchecked" | "same-workload";
  readonly binding: "full" | "target";
  readonly witProfile: WitProfile;
  readonly algorithms: readonly JwsAlgorithm[];
  /** Lower case. */
  readonly tokenHeaders: readonly string[];
  readonly txnTokens: TxnTokenRules | undefined;
  readonly replay: ReplayGuard;
  readonly sessions: Sessions | undefined;
  readonly contentLimitBytes: number;
  readonly maxProofLifetimeSeconds: number;
  readonly maxCredentialLifetimeSeconds: number;
  readonly clockSkewSeconds: number;
  readonly timeoutMilliseconds: number;
  readonly checkSignature: CheckSignature;
  readonly migration: MigrationRules;
  readonly signedResponses: SignedResponseRules | undefined;
  readonly observer: Observer;
  readonly clock: Clock;
}

const originProblem = "must be an origin, such as https://orders.internal, without a path";
const origin = z
  .string({ error: originProblem })
  .check(z.refine((text) => parseOrigin(text) !== undefined, { error: originProblem }));
const factory = "createVerifier";
const defaultAccept: readonly EvidenceKind[] = [
  "svid-proof-1",
  "wpt-02",
  "http-signature-07",
  "svid-signature-1",
];

const schema = z.strictObject({
  identity: capability<TrustSource>("trustBundle"),
  origin: z.union([origin, z.array(origin).check(z.minLength(1, { error: originProblem }))], {
    error: originProblem,
  }),
  policy: z.custom<Policy | PerRoute>(isPolicy, {
    error: "must be a function; without a policy nobody may call",
  }),
  ...acceptSchema,
  channel: z.optional(oneOf("unchecked", "same-workload")),
  binding: z.optional(oneOf("full", "target")),
  witProfile: z.optional(oneOf("spiffe", "wimse")),
  algorithms: z.optional(z.array(oneOf(...wimseAlgorithms)).check(z.minLength(1))),
  tokenHeaders: z.optional(headerFieldNames()),
  txnTokens: z.optional(txnTokenSchema),
  replay: z.optional(capability<ReplayGuard>("claim")),
  sessions: z.optional(capability<Sessions>("keep", "find", "claim")),
  contentLimitBytes: z.optional(wholeNumber(0, 2 ** 30)),
  maxProofLifetimeSeconds: z.optional(wholeNumber(1, 300)),
  maxCredentialLifetimeSeconds: z.optional(wholeNumber(60, 366 * 86_400)),
  clockSkewSeconds: z.optional(wholeNumber(0, 120)),
  timeoutMilliseconds: z.optional(wholeNumber(1, 60_000)),
  signatureChecks: z.optional(oneOf("event-loop", "thread-pool")),
  unsafeMigration: z.optional(migrationSchema),
  signedResponses: z.optional(signedResponsesSchema),
  observer: z.optional(callback<Observer>()),
  clock: z.optional(clockOption),
});

function ownReplayGuard(sessions: Sessions | undefined, clock: Clock): ReplayGuard {
  if (!sessions?.areShared) return memoryReplayGuard({ clock });
  const problem = "is needed: replicas that share sessions have to share a replay guard";
  throw invalidOption(factory, "replay", problem);
}

function signatureCheckOf(where: VerifierOptions["signatureChecks"]): CheckSignature {
  return where === "thread-pool" ? runtime.verifyInThreadPool : runtime.verify;
}

function isPolicy(value: unknown): boolean {
  return typeof value === "function" || value === "per-route";
}

/**
 * Checks the options once and fills in the defaults.
 *
 * @throws {ConfigurationError} naming the option
 */
export function parseVerifierOptions(options: VerifierOptions): VerifierRules {
  const parsed = parseOptions(factory, schema, options);
  const { witProfile = "spiffe", clock = systemClock } = parsed;
  const { txnTokens } = parsed;
  const origins = Array.isArray(parsed.origin) ? parsed.origin : [parsed.origin];
  return Object.freeze({
    identity: parsed.identity,
    origins: origins.map((text) => parseOrigin(text) as string),
    policy: parsed.policy,
    ...narrowAccept(factory, parsed, parsed.accept ?? defaultAccept),
    channel: parsed.channel ?? "unchecked",
    binding: parsed.binding ?? "full",
    witProfile,
    algorithms: parsed.algorithms ?? defaultProofAlgorithms(witProfile),
    tokenHeaders: parsed.tokenHeaders ?? [],
    txnTokens: txnTokens === undefined ? undefined : txnTokenRules(txnTokens),
    replay: parsed.replay ?? ownReplayGuard(parsed.sessions, clock),
    sessions: parsed.sessions,
    contentLimitBytes: parsed.contentLimitBytes ?? 1024 * 1024,
    maxProofLifetimeSeconds: parsed.maxProofLifetimeSeconds ?? 120,
    maxCredentialLifetimeSeconds: parsed.maxCredentialLifetimeSeconds ?? 86_400,
    clockSkewSeconds: parsed.clockSkewSeconds ?? 30,
    timeoutMilliseconds: parsed.timeoutMilliseconds ?? 2000,
    checkSignature: signatureCheckOf(parsed.signatureChecks),
    migration:
      parsed.unsafeMigration === undefined
        ? noMigration
        : parseMigration(parsed.unsafeMigration, clock.now()),
    signedResponses: parseSignedResponses(parsed.signedResponses),
    observer: parsed.observer ?? (() => undefined),
    clock,
  });
}
