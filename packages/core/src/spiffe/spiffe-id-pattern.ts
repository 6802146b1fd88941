import { parseWorkloadId, type SpiffeId } from "./spiffe-id.js";

const wildcard = "*";
/** Stands in for `*` while the rest of a pattern is checked as a SPIFFE ID. */
const placeholder = "-";

/** Whether a SPIFFE ID matches. */
export type SpiffeIdPattern = (id: SpiffeId) => boolean;

/**
 * Reads a SPIFFE ID in which whole path segments may be `*`. Each `*` matches exactly one segment;
 * the trust domain is always exact.
 *
 * @throws {SpiffeIdError}
 */
export function parseSpiffeIdPattern(text: unknown): SpiffeIdPattern {
  const segments = typeof text === "string" ? text.split("/") : [];
  const plain = segments.map((segment, index) =>
    segment === wildcard && index > 2 ? placeholder : segment,
  );
  parseWorkloadId(typeof text === "string" ? plain.join("/") : text, ["spiffe", "wimse"]);
  if (!segments.includes(wildcard)) return (id) => id.toString() === text;
  return (id) => {
    const given = id.toString().split("/");
    return (
      given.length === segments.length &&
      segments.every((segment, index) => segment === wildcard || segment === given[index])
    );
  };
}
