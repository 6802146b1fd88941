import { isPathPattern } from "@firsthand/core";
import type { Carried, Direction } from "./carry.js";

/** A path of an operation: exact, with `*` at one end, or a template with `{*}` and `{**}`. */
export function convertPath(value: string, direction: Direction): Carried | undefined {
  if (/[{}]/.test(value)) return template(value);
  if (value.startsWith("*")) return undefined;
  if (value.endsWith("*")) return prefix(value.slice(0, -1), direction);
  return value.includes("*") ? undefined : valid([value], true);
}

function prefix(text: string, direction: Direction): Carried | undefined {
  if (text.includes("*") || !text.startsWith("/")) return undefined;
  if (text.endsWith("/")) return valid([`${text}**`], true);
  if (direction === "narrower") return valid([text, `${text}/**`], false);
  return valid([`${text.slice(0, text.lastIndexOf("/") + 1)}**`], false);
}

function template(value: string): Carried | undefined {
  if (/[{}*]/.test(value.replaceAll(/\{\*\*?\}/g, ""))) return undefined;
  const pattern = value.replaceAll(/[{}]/g, "");
  return valid([pattern], !pattern.endsWith("**"));
}

function valid(patterns: readonly string[], isExact: boolean): Carried | undefined {
  return patterns.every((pattern) => pattern.startsWith("/") && isPathPattern(pattern))
    ? { patterns, isExact }
    : undefined;
}
