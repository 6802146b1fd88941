import { windowWidth } from "./protocol.js";

/** `first`: not seen before, and now marked. `stale`: too far back to tell. */
export type SequenceOutcome = "first" | "replayed" | "stale";

const bitsPerWord = 32;
/** The number that is expected next, then a bit for each of the last numbers. */
const wordsPerWindow = 1 + windowWidth / bitsPerWord;
const windowsPerBlock = 256;

/** Sliding windows over sequence numbers (RFC 9147 §4.5.1), 132 bytes each, in blocks of memory. */
export class SequenceWindows {
  readonly #blocks: Uint32Array[] = [];
  readonly #free: number[] = [];

  /** Takes an empty window into use. */
  take(): number {
    if (this.#free.length === 0) this.#grow();
    const window = this.#free.pop() as number;
    this.#memory(window).fill(0);
    return window;
  }

  release(window: number): void {
    this.#free.push(window);
  }

  mark(window: number, sequence: number): SequenceOutcome {
    const memory = this.#memory(window);
    const next = memory[0] as number;
    if (next - sequence > windowWidth) return "stale";
    if (sequence >= next) {
      if (sequence - next >= windowWidth) memory.fill(0);
      else for (let passed = next; passed < sequence; passed++) clear(memory, passed);
      memory[0] = sequence + 1;
    } else if (isSet(memory, sequence)) return "replayed";
    set(memory, sequence);
    return "first";
  }

  #grow(): void {
    const first = this.#blocks.length * windowsPerBlock;
    this.#blocks.push(new Uint32Array(windowsPerBlock * wordsPerWindow));
    for (let i = windowsPerBlock - 1; i >= 0; i--) this.#free.push(first + i);
  }

  #memory(window: number): Uint32Array {
    const block = this.#blocks[Math.floor(window / windowsPerBlock)] as Uint32Array;
    const start = (window % windowsPerBlock) * wordsPerWindow;
    return block.subarray(start, start + wordsPerWindow);
  }
}

function wordOf(sequence: number): number {
  return 1 + Math.floor((sequence % windowWidth) / bitsPerWord);
}

function maskOf(sequence: number): number {
  return 1 << (sequence % bitsPerWord);
}

function isSet(memory: Uint32Array, sequence: number): boolean {
  return ((memory[wordOf(sequence)] as number) & maskOf(sequence)) !== 0;
}

function set(memory: Uint32Array, sequence: number): void {
  const word = wordOf(sequence);
  memory[word] = (memory[word] as number) | maskOf(sequence);
}

function clear(memory: Uint32Array, sequence: number): void {
  const word = wordOf(sequence);
  memory[word] = (memory[word] as number) & ~maskOf(sequence);
}
