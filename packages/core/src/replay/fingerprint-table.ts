import { fingerprintWords } from "./fingerprint.js";

const shardCount = 256;
const minSlots = 8;
/** How full a shard gets before it is laid out anew, and how full it is then. */
const maxLoad = 0.9;
const newLoad = 0.82;
const shardsSweptAtOnce = 4;

/** A fingerprint and the second after which it is dead; zero where the slot was never used. */
const slotWords = fingerprintWords + 1;
const endWord = fingerprintWords;

/** Open addressing with linear probing. There is always a slot that was never used. */
interface Shard {
  slots: Uint32Array;
  used: number;
}

/**
 * Remembers fingerprints until given seconds, which count from 1. What is dead stays where it is
 * until something takes its place. A table is made of shards, each laid out anew by itself, so that
 * growing and shrinking never take long; a fingerprint takes 17 to 20 bytes.
 */
export interface FingerprintTable {
  has(print: Uint32Array, now: number): boolean;
  /** Remembers a fingerprint up to and including the second `end`, which is not before `now`. */
  add(print: Uint32Array, end: number, now: number): void;
  /** Gives back memory of the dead, a little at a time: to be called about once in a second. */
  sweep(now: number): void;
}

export function createFingerprintTable(): FingerprintTable {
  const shards = Array.from({ length: shardCount }, () => emptyShard(minSlots));
  let swept = 0;

  const shardOf = (print: Uint32Array) => shards[(print[0] as number) >>> 24] as Shard;

  return Object.freeze({
    has(print, now) {
      const { slots } = shardOf(print);
      let at = homeOf(print[1] as number, slots);
      while (slots[at + endWord] !== 0) {
        if ((slots[at + endWord] as number) >= now && isAt(slots, at, print)) return true;
        at = next(at, slots);
      }
      return false;
    },
    add(print, end, now) {
      const shard = shardOf(print);
      if (shard.used + 1 > maxLoad * slotCount(shard.slots)) layOut(shard, now);
      put(shard, print, 0, end, now);
    },
    sweep(now) {
      for (let count = 0; count < shardsSweptAtOnce; count++) {
        const shard = shards[swept] as Shard;
        if (shard.used > 0) layOut(shard, now);
        swept = (swept + 1) % shardCount;
      }
    },
  } satisfies FingerprintTable);
}

function emptyShard(slots: number): Shard {
  return { slots: new Uint32Array(slots * slotWords), used: 0 };
}

/** Moves what lives to slots that fit it and one more. */
function layOut(shard: Shard, now: number): void {
  const old = shard.slots;
  let live = 0;
  for (let at = endWord; at < old.length; at += slotWords) {
    if ((old[at] as number) >= now) live++;
  }
  Object.assign(shard, emptyShard(Math.max(minSlots, Math.ceil((live + 1) / newLoad))));
  for (let at = 0; at < old.length; at += slotWords) {
    const end = old[at + endWord] as number;
    if (end >= now) put(shard, old, at, end, now);
  }
}

/** Takes the first slot on the way of the fingerprint at `start` that holds nothing that lives. */
function put(shard: Shard, from: Uint32Array, start: number, end: number, now: number): void {
  const { slots } = shard;
  let at = homeOf(from[start + 1] as number, slots);
  while ((slots[at + endWord] as number) >= now) at = next(at, slots);
  if (slots[at + endWord] === 0) shard.used++;
  for (let word = 0; word < fingerprintWords; word++) {
    slots[at + word] = from[start + word] as number;
  }
  slots[at + endWord] = end;
}

/** Where the way of a fingerprint through the slots begins. Its first word has chosen the shard. */
function homeOf(secondWord: number, slots: Uint32Array): number {
  return Math.floor((secondWord / 2 ** 32) * slotCount(slots)) * slotWords;
}

function next(at: number, slots: Uint32Array): number {
  return at + slotWords === slots.length ? 0 : at + slotWords;
}

function isAt(slots: Uint32Array, at: number, print: Uint32Array): boolean {
  return slots[at] === print[0] && slots[at + 1] === print[1] && slots[at + 2] === print[2];
}

function slotCount(slots: Uint32Array): number {
  return slots.length / slotWords;
}
