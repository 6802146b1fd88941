import {
  type Dictionary,
  type List,
  parseDictionary as parseAnyDictionary,
  parseList as parseAnyList,
  serializeDictionary,
  serializeList,
} from "structured-headers";
import { VerificationError } from "../errors.js";

/**
 * Reads a Dictionary (RFC 9651 §4.2.2) in the one form that its serialization has. The library takes
 * the last of several equal keys or parameters, loose base64 and trailing zeros; none of these comes
 * out as it went in, so two readers can never see two values.
 *
 * @throws {VerificationError} `signature_malformed`
 */
export function parseDictionary(text: string): Dictionary {
  return canonical(text, parseAnyDictionary, serializeDictionary);
}

/**
 * Reads a List (RFC 9651 §4.2.1) in the one form that its serialization has.
 *
 * @throws {VerificationError} `signature_malformed`
 */
export function parseList(text: string): List {
  return canonical(text, parseAnyList, serializeList);
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
