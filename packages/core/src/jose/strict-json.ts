import { fromUtf8 } from "../encoding.js";

/** A JSON object without a prototype: a member is there only if the text has it. */
export type JsonObject = { readonly [member: string]: unknown };

/** Which rule of strict JSON a text breaks. */
export type JsonFault = "utf8" | "syntax" | "duplicate";

/** The text is not strict JSON. Internal: every caller turns it into an error of its own. */
export class JsonError extends Error {
  readonly fault: JsonFault;

  constructor(fault: JsonFault, options?: { cause: unknown }) {
    super(`not strict JSON: ${fault}`, options);
    this.fault = fault;
  }
}

const maxDepth = 16;

/**
 * Reads a JSON object from bytes. Stricter than RFC 8259 §4 asks for: no member twice at any depth
 * (also when spelt with escapes), no BOM, valid UTF-8, at most 16 levels.
 *
 * Not on `JSON.parse` alone, which takes the last of two members, and which reads an escaped name as
 * another one in V8 of Node 24 and 26, if JSON that was parsed before has led it there.
 *
 * @throws {JsonError}
 */
export function parseStrictJson(bytes: Uint8Array): JsonObject {
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch (cause) {
    throw new JsonError("utf8", { cause });
  }
  const value = parseFlat(text) ?? new JsonReader(text).read();
  if (!isObject(value)) throw new JsonError("syntax");
  return value;
}

/** Whether a JSON value is an object, not null and not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * What `JSON.parse` reads of an object without inner ones, when writing it gives the same text again:
 * then nothing was read twice, left out or taken for something else. Undefined for any other text.
 */
function parseFlat(text: string): JsonObject | undefined {
  const isFlat = text.startsWith("{") && !text.includes("{", 1) && !text.includes("[");
  if (!isFlat) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? Object.setPrototypeOf(value, null) : undefined;
  } catch {
    return undefined; // for the reader to say what is wrong
  }
}

/** A reader of RFC 8259 by recursive descent. */
class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): unknown {
    const value = this.#value(maxDepth);
    if (!Number.isNaN(this.#peek())) throw new JsonError("syntax");
    return value;
  }

  #value(levels: number): unknown {
    switch (this.#peek()) {
      case leftBrace:
        return this.#object(levels);
      case leftBracket:
        return this.#list(levels);
      case quote:
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #object(levels: number): JsonObject {
    const object: Record<string, unknown> = Object.create(null);
    for (let hasNext = this.#enters(rightBrace, levels); hasNext; ) {
      if (this.#peek() !== quote) throw new JsonError("syntax");
      const name = this.#string();
      if (this.#peek() !== colon) throw new JsonError("syntax");
      this.#at++;
      if (name in object) throw new JsonError("duplicate");
      object[name] = this.#value(levels - 1);
      hasNext = this.#goesOn(rightBrace);
    }
    return object;
  }

  #list(levels: number): readonly unknown[] {
    const list: unknown[] = [];
    for (let hasNext = this.#enters(rightBracket, levels); hasNext; ) {
      list.push(this.#value(levels - 1));
      hasNext = this.#goesOn(rightBracket);
    }
    return list;
  }

  /** Steps over the bracket that opens; whether an item follows. */
  #enters(close: number, levels: number): boolean {
    if (levels === 0) throw new JsonError("syntax");
    this.#at++;
    if (this.#peek() !== close) return true;
    this.#at++;
    return false;
  }

  /** Steps over the comma or bracket behind an item; whether another item follows. */
  #goesOn(close: number): boolean {
    const next = this.#peek();
    if (next !== comma && next !== close) throw new JsonError("syntax");
    this.#at++;
    return next === comma;
  }

  /** A string alone is safe to leave to `JSON.parse`: it has no names. */
  #string(): string {
    const text = this.#text;
    const start = this.#at;
    let end = start + 1;
    let isPlain = true;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === quote) break;
      if (code === backslash) end++;
      if (code === backslash || code < 0x20) isPlain = false;
    }
    this.#at = end + 1;
    if (end >= text.length) throw new JsonError("syntax");
    if (isPlain) return text.slice(start + 1, end);
    return parseScalar(text.slice(start, this.#at)) as string;
  }

  #scalar(): unknown {
    const start = this.#at;
    while (isOfScalar(this.#text.charCodeAt(this.#at))) this.#at++;
    return parseScalar(this.#text.slice(start, this.#at));
  }

  /** The code of the next character that is not white space, or NaN at the end. */
  #peek(): number {
    let code = this.#text.charCodeAt(this.#at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      code = this.#text.charCodeAt(++this.#at);
    }
    return code;
  }
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const leftBracket = 0x5b;
const backslash = 0x5c;
const rightBracket = 0x5d;
const leftBrace = 0x7b;
const rightBrace = 0x7d;

/** Letters, digits, `_`, `+`, `-` and `.`: where a number, `true`, `false` or `null` cannot end. */
function isOfScalar(code: number): boolean {
  if (code < 0x30) return code === 0x2b || code === 0x2d || code === 0x2e;
  return code < 0x3a || (code > 0x40 && code < 0x5b) || code === 0x5f || isLowerCase(code);
}

function isLowerCase(code: number): boolean {
  return code > 0x60 && code < 0x7b;
}

function parseScalar(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new JsonError("syntax", { cause });
  }
}
