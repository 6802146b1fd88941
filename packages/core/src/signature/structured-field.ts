import * as structuredHeaders from "structured-headers";
import { VerificationError } from "../errors.js";

// Types of our own, because those of the library need the DOM's in whatever compiles against us.

/** A value (RFC 9651 §3.3): Tokens, Dates and Display Strings are objects, Byte Sequences ArrayBuffers. */
export type BareItem = string | number | boolean | object;
export type Parameters = ReadonlyMap<string, BareItem>;
export type Item = readonly [value: BareItem, parameters: Parameters];
export type InnerList = readonly [items: readonly Item[], parameters: Parameters];
export type Dictionary = ReadonlyMap<string, Item | InnerList>;
export type List = readonly (Item | InnerList)[];

/**
 * Reads a Dictionary (RFC 9651 §4.2.2) in the one form that its serialization has. The library takes
 * the last of several equal keys or parameters, loose base64 and trailing zeros; none of these comes
 * out as it went in, so two readers can never see two values.
 *
 * @throws {VerificationError} `signature_malformed`
 */
export function parseDictionary(text: string): Dictionary {
  const { parseDictionary, serializeDictionary } = structuredHeaders;
  return canonical(text, parseDictionary, serializeDictionary);
}

/**
 * Reads a List (RFC 9651 §4.2.1) in the one form that its serialization has.
 *
 * @throws {VerificationError} `signature_malformed`
 */
export function parseList(text: string): List {
  const { parseList, serializeList } = structuredHeaders;
  return canonical(text, parseList, serializeList);
}

/** Whether a member is an Inner List, and no Item. */
export function isInnerList(member: Item | InnerList): member is InnerList {
  return Array.isArray(member[0]);
}

/** An Inner List with its parameters, as text. */
export function formatInnerList(list: InnerList): string {
  return structuredHeaders.serializeInnerList(list as structuredHeaders.InnerList);
}

/** Parameters as text, each with its `;`. */
export function formatParameters(parameters: Parameters): string {
  return structuredHeaders.serializeParameters(parameters as structuredHeaders.Parameters);
}

/** A List of Byte Sequences as text. */
export function formatByteSequences(values: readonly Uint8Array[]): string {
  const items = values.map(
    (value): structuredHeaders.Item => [value as Uint8Array<ArrayBuffer>, new Map()],
  );
  return structuredHeaders.serializeList(items);
}

function canonical<T>(text: string, parse: (text: string) => T, serialize: (value: T) => string) {
  const refuse = (cause?: unknown) =>
    new VerificationError("signature_malformed", { token: "http-signature", cause });
  let value: T;
  try {
    value = parse(text);
  } catch (cause) {
    throw refuse(cause);
  }
  if (serialize(value) !== text) throw refuse();
  return value;
}
