import {
  type Clock,
  capability,
  clockOption,
  invalidOption,
  parseOptions,
  type ReplayClaim,
  type ReplayGuard,
  type ReplayOutcome,
  systemClock,
} from "@firsthand/core";
import * as z from "zod/mini";
import { refuseEviction, refuseUnsoundClient } from "./check-server.js";
import { isOlder, memoryStart } from "./memory-start.js";
import {
  commandsOf,
  type IoredisClient,
  type NodeRedisClient,
  type RedisClient,
} from "./redis-client.js";

export interface RedisReplayGuardOptions {
  /**
   * A connected client of `redis`, `ioredis` or `iovalkey`, of a single server or of a cluster. Redis
   * 7.0 or newer, or Valkey.
   */
  readonly client: RedisClient;
  /** How names of keys begin. Default `firsthand`. */
  readonly prefix?: string | undefined;
  /** Does not ask the server for its `maxmemory-policy`, where `INFO` is not allowed. Default false. */
  readonly unsafeUncheckedEviction?: boolean | undefined;
  readonly clock?: Clock | undefined;
}

const schema = z.strictObject({
  client: z.union([capability<IoredisClient>("call"), capability<NodeRedisClient>("set", "info")], {
    error: "must be a client of redis, ioredis or iovalkey",
  }),
  prefix: z.optional(
    z.string().check(
      z.regex(/^[\w:.-]{1,64}$/, {
        error: "must be 1 to 64 letters, digits or any of _ : . -",
      }),
    ),
  ),
  unsafeUncheckedEviction: z.optional(z.boolean()),
  clock: z.optional(clockOption),
});

const answerMilliseconds = 10_000;

/**
 * A replay guard that replicas share. A claim is one atomic `SET … NX PX`, so of any number of
 * replicas one accepts a proof. A proof that lives is never forgotten: a full server (`full`), one
 * that fails, and one that lost its memory (`before_start`, for what was proved until then) refuse.
 *
 * Checks the server and the client before it resolves, within ten seconds. With a server that it has
 * not used before it waits for the next full second, from which on proofs are accepted.
 *
 * @throws {ConfigurationError} naming the option that is wrong: `client` also when the server evicts
 * or does not answer. Other errors are the client's.
 */
export async function openRedisReplayGuard(options: RedisReplayGuardOptions): Promise<ReplayGuard> {
  const parsed = parseOptions("openRedisReplayGuard", schema, options);
  const { prefix = "firsthand", unsafeUncheckedEviction = false, clock = systemClock } = parsed;
  const commands = commandsOf(parsed.client);
  const start = memoryStart(commands, prefix);
  const nowSeconds = () => Math.floor(clock.now() / 1000);

  async function prepare(signal: AbortSignal): Promise<void> {
    if (!unsafeUncheckedEviction) await refuseEviction(commands);
    await refuseUnsoundClient(commands, start.nameIn("probe", crypto.randomUUID()));
    if (await start.begin(nowSeconds())) await clock.delay(1000 - (clock.now() % 1000), signal);
  }

  async function store({ key, ttlSeconds }: ReplayClaim, now: number) {
    const shard = key.charAt(0);
    const milliseconds = Math.ceil(ttlSeconds * 1000) + marginMilliseconds;
    const stored = commands.setOnce(start.nameIn(shard, key), milliseconds);
    // In this order: a record that began before the proof was stored holds all proofs before it.
    if (commands.isPooled) await stored;
    return Promise.all([stored, start.of(shard, now)]);
  }

  async function claim(claimed: ReplayClaim): Promise<ReplayOutcome> {
    const now = nowSeconds();
    const [answer, since] = await store(claimed, now);
    if (answer === null) return "replayed";
    if (answer !== "OK") throw new Error("the server gave an answer that SET does not have");
    if (since === undefined) {
      await start.begin(now);
      return "before_start";
    }
    return isOlder(claimed.issuedAt, since, now) ? "before_start" : "first";
  }

  await withinDeadline(clock, prepare);
  return Object.freeze({
    claim: (claimed: ReplayClaim) => claim(claimed).catch(fullWhenOutOfMemory),
  });
}

function fullWhenOutOfMemory(error: unknown): ReplayOutcome {
  if (error instanceof Error && error.message.startsWith("OOM ")) return "full";
  throw error;
}

/** A verifier counts in whole seconds, so the end of one proof can come out a second apart. */
const marginMilliseconds = 1000;

async function withinDeadline(
  clock: Clock,
  prepare: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const ended = new AbortController();
  const expired = clock.delay(answerMilliseconds, ended.signal).then(() => {
    throw invalidOption(
      "openRedisReplayGuard",
      "client",
      "the server did not answer in 10 seconds",
    );
  });
  expired.catch(() => undefined); // it also rejects when it lost the race and was called off
  try {
    await Promise.race([prepare(ended.signal), expired]);
  } finally {
    ended.abort();
  }
}
