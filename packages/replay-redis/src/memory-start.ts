import type { RedisCommands } from "./redis-client.js";

/** The characters of base64url: a key begins with one of them, and each has a slot of a cluster. */
const shards = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"];

/** A proof without `iat` may be this old: the longest lifetime and skew that a verifier can have. */
const longestWindowSeconds = 600;

/**
 * Since when the server remembers. Beside the proofs of each slot stands the second in which their
 * record began; it is lost with them, wherever they go, so a server that comes back empty is noticed.
 */
export interface MemoryStart {
  /** The name of a key in the slot of this one. */
  nameIn(shard: string, name: string): string;
  /**
   * Since when the proofs of a shard are remembered, in seconds since the epoch. Undefined when that
   * record begins now.
   */
  of(shard: string, nowSeconds: number): Promise<number | undefined>;
  /** Begins the record of every shard that has none. @returns whether there was one to begin */
  begin(nowSeconds: number): Promise<boolean>;
}

export function memoryStart(commands: RedisCommands, prefix: string): MemoryStart {
  const nameIn = (shard: string, name: string) => `${prefix}:{${shard}}:${name}`;

  async function of(shard: string, nowSeconds: number): Promise<number | undefined> {
    const answer = await commands.getOrSet(nameIn(shard, "since"), nowSeconds.toString());
    if (answer === null) return undefined;
    const isTime = typeof answer === "string" && /^\d{1,15}$/.test(answer);
    if (!isTime) throw new Error("the server does not say since when it remembers proofs");
    return Number(answer);
  }

  async function begin(nowSeconds: number): Promise<boolean> {
    const starts = await Promise.all(shards.map((shard) => of(shard, nowSeconds)));
    return starts.includes(undefined);
  }

  return { nameIn, of, begin };
}

/** Whether a proof may have been accepted, and forgotten, before the record began. */
export function isOlder(
  issuedAt: number | undefined,
  sinceSeconds: number,
  nowSeconds: number,
): boolean {
  if (issuedAt === undefined) return nowSeconds <= sinceSeconds + longestWindowSeconds;
  return issuedAt <= sinceSeconds;
}
