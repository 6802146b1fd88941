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
 * Not on top of `JSON.parse`, which takes the last of two members, and which reads an escaped name as
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
  const value = new JsonReader(text).read();
  if (!isObject(value)) throw new JsonError("syntax");
  return value;
}

/** Whether a JSON value is an object, not null and not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
    if (this.#peek() !== "") throw new JsonError("syntax");
    return value;
  }

  #value(levels: number): unknown {
    switch (this.#peek()) {
      case "{":
        return this.#object(levels);
      case "[":
        return this.#list(levels);
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #object(levels: number): JsonObject {
    const object: Record<string, unknown> = Object.create(null);
    this.#items("{", "}", levels, () => {
      if (this.#peek() !== '"') throw new JsonError("syntax");
      const name = this.#string();
      this.#expect(":");
      if (name in object) throw new JsonError("duplicate");
      object[name] = this.#value(levels - 1);
    });
    return object;
  }

  #list(levels: number): readonly unknown[] {
    const list: unknown[] = [];
    this.#items("[", "]", levels, () => void list.push(this.#value(levels - 1)));
    return list;
  }

  #items(open: string, close: string, levels: number, readItem: () => void): void {
    if (levels === 0) throw new JsonError("syntax");
    this.#expect(open);
    if (this.#peek() !== close) {
      readItem();
      while (this.#peek() === ",") {
        this.#at++;
        readItem();
      }
    }
    this.#expect(close);
  }

  /** A string alone is safe to leave to `JSON.parse`: it has no names. */
  #string(): string {
    const start = this.#at;
    let end = start + 1;
    let isPlain = true;
    for (; end < this.#text.length; end++) {
      const code = this.#text.charCodeAt(end);
      if (code === quote) break;
      if (code === backslash) end++;
      if (code === backslash || code < 0x20) isPlain = false;
    }
    this.#at = end + 1;
    if (end >= this.#text.length) throw new JsonError("syntax");
    if (isPlain) return this.#text.slice(start + 1, end);
    return parseScalar(this.#text.slice(start, this.#at)) as string;
  }

  #scalar(): unknown {
    const start = this.#at;
    while (/[\w.+-]/.test(this.#text.charAt(this.#at))) this.#at++;
    return parseScalar(this.#text.slice(start, this.#at));
  }

  #expect(char: string): void {
    if (this.#peek() !== char) throw new JsonError("syntax");
    this.#at++;
  }

  /** The next character that is not white space, or nothing at the end. */
  #peek(): string {
    while (whiteSpace.has(this.#text.charAt(this.#at))) this.#at++;
    return this.#text.charAt(this.#at);
  }
}

const quote = 0x22;
const backslash = 0x5c;
const whiteSpace: ReadonlySet<string> = new Set([" ", "\t", "\n", "\r"]);

function parseScalar(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new JsonError("syntax", { cause });
  }
}
