import type { Component } from "./component.js";

/**
 * What is signed (RFC 9421 §2.5): a line for each component, and one for the list and its parameters.
 *
 * @param parameters the value of the member in `Signature-Input`
 */
export function signatureBase(
  components: readonly Component[],
  valueFor: (component: Component) => string,
  parameters: string,
): string {
  const lines = components.map((component) => `${component}: ${valueFor(component)}\n`);
  return `${lines.join("")}"@signature-params": ${parameters}`;
}
