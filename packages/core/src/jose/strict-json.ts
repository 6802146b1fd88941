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
 * @throws {JsonError}
 */
export function parseStrictJson(bytes: Uint8Array): JsonObject {
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch (cause) {
    throw new JsonError("utf8", { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new JsonError("syntax", { cause });
  }
  if (!isObject(value)) throw new JsonError("syntax");
  const counted = { members: 0 };
  const object = withoutPrototypes(value, counted, 0);
  // JSON.parse keeps one of two members of the same name, so a text with more names has a duplicate.
  if (countNames(text) !== counted.members) throw new JsonError("duplicate");
  return object as JsonObject;
}

/** Whether a JSON value is an object, not null and not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withoutPrototypes(value: unknown, counted: { members: number }, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth === maxDepth) throw new JsonError("syntax");
  if (Array.isArray(value)) return value.map((item) => withoutPrototypes(item, counted, depth + 1));
  const object = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of Object.entries(value)) {
    counted.members++;
    object[name] = withoutPrototypes(member, counted, depth + 1);
  }
  return object;
}

/** The number of member names in a valid JSON text: the colons outside of strings. */
function countNames(text: string): number {
  let names = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 0x5c) i++;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x3a) names++;
  }
  return names;
}
