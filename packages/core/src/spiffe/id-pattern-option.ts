import { invalidOption } from "../options.js";
import { parseSpiffeIdPattern, type SpiffeIdPattern } from "./spiffe-id-pattern.js";

/**
 * An option that is a SPIFFE ID, or one with `*` for whole segments.
 *
 * @throws {ConfigurationError} naming the option
 */
export function idPatternOption(factory: string, option: string, text: string): SpiffeIdPattern {
  try {
    return parseSpiffeIdPattern(text);
  } catch (cause) {
    const problem = `must be a SPIFFE ID, or one with * for whole segments: ${(cause as Error).message}`;
    throw invalidOption(factory, option, problem, cause);
  }
}
