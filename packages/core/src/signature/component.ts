import { VerificationError } from "../errors.js";
import type { VerificationCode } from "../refusal-codes.js";
import {
  derivedOfRequest,
  fieldValue,
  type RequestHead,
  type ResponseHead,
} from "./message-head.js";
import type { InnerList, Item } from "./structured-field.js";

/** The identifier of a component as it stands in a signature base, such as `"@method";req`. */
export type Component = string;

const refuse = (code: VerificationCode) => new VerificationError(code, { token: "http-signature" });

/**
 * Reads a list of covered components. Of their parameters only `req` is known; any other would change
 * what is covered, so it is refused.
 *
 * @throws {VerificationError} `signature_component_unsupported`, `signature_component_duplicate`
 */
export function componentsOf([items]: InnerList): readonly Component[] {
  const components = items.map(componentOf);
  if (new Set(components).size !== components.length) throw refuse("signature_component_duplicate");
  return components;
}

/** The identifier of a field or derived component of the message itself. */
export function component(name: string): Component {
  return `"${name}"`;
}

/** The identifier of a component of the request that a response answers (RFC 9421 §2.4). */
export function componentOfRequest(name: string): Component {
  return `"${name}";req`;
}

/** The name of a header field that a component covers; undefined for any other component. */
export function fieldOf(identifier: Component): string | undefined {
  return /^"([^@"][^"]*)"$/.exec(identifier)?.[1];
}

/**
 * The value of a component in a request.
 *
 * @throws {VerificationError} `signature_component_unsupported`, `signature_component_absent`,
 * `header_invalid`
 */
export function valueInRequest(identifier: Component, request: RequestHead): string {
  const [, name = "", ofRequest] = split(identifier);
  if (ofRequest !== undefined) throw refuse("signature_component_unsupported");
  return valueFor(name, request.headers, derivedOfRequest(name, request));
}

/**
 * The value of a component in a response.
 *
 * @throws {VerificationError} as {@link valueInRequest}
 */
export function valueInResponse(identifier: Component, response: ResponseHead): string {
  const [, name = "", ofRequest] = split(identifier);
  if (ofRequest !== undefined) return valueInRequest(component(name), response.request);
  return valueFor(name, response.headers, name === "@status" ? `${response.status}` : undefined);
}

function componentOf([name, parameters]: Item): Component {
  const [other, ...rest] = [...parameters];
  const isOfRequest = other?.[0] === "req" && other[1] === true;
  const isKnown = other === undefined || (isOfRequest && rest.length === 0);
  if (!isKnown || typeof name !== "string" || !/^@?[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    throw refuse("signature_component_unsupported");
  }
  if (name !== name.toLowerCase()) throw refuse("signature_component_unsupported");
  return isOfRequest ? componentOfRequest(name) : component(name);
}

function split(identifier: Component): RegExpExecArray {
  return /^"([^"]*)"(;req)?$/.exec(identifier) as RegExpExecArray;
}

function valueFor(name: string, headers: RequestHead["headers"], derived: string | undefined) {
  const value = name.startsWith("@") ? derived : fieldValue(headers, name);
  if (value !== undefined) return value;
  const isField = !name.startsWith("@");
  throw refuse(isField ? "signature_component_absent" : "signature_component_unsupported");
}
