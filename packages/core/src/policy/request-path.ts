import { restOfSegments, type SegmentPattern } from "./segments.js";

/** What servers read in different ways: other separators, and what no segment should hold. */
const divisive = /[\p{Cc}/\\;]/u;
/** What `encodeURIComponent` escapes although it may stand in a segment (RFC 3986 §3.3). */
const needlesslyEscaped = /%(?:24|26|2B|2C|3A|3D|40)/g;

/**
 * Whether there is one way only to read a path, and one way only to write it (RFC 3986 §6.2.2): no
 * empty or dot segment, no `;`, no encoded slash, nothing encoded that need not be, and nothing else
 * than well-formed UTF-8 in upper-case hexadecimal. A slash at the end is one.
 */
export function isUnambiguousPath(path: string): boolean {
  const segments = segmentsOf(path);
  return segments.every(
    (segment, index) =>
      (segment === "" && index === segments.length - 1) || isUnambiguousSegment(segment),
  );
}

function isUnambiguousSegment(segment: string): boolean {
  if (segment === "" || segment === "." || segment === "..") return false;
  if (/^[\w.~!$&'()*+,=:@-]+$/.test(segment)) return true;
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    return false;
  }
  return !divisive.test(decoded) && encodeSegment(decoded) === segment;
}

function encodeSegment(text: string): string {
  return encodeURIComponent(text).replace(needlesslyEscaped, decodeURIComponent);
}

/** The segments of a path, which starts with a slash. */
export function segmentsOf(path: string): readonly string[] {
  return path.slice(1).split("/");
}

/** The segments as the most lenient router reads them: letters of either case, no slash at the end. */
export function lenientSegmentsOf(path: string): readonly string[] {
  const trimmed = path.endsWith("/") ? path.slice(0, -1) : path;
  return trimmed === "" ? [] : segmentsOf(trimmed.toLowerCase());
}

/** The patterns that match leniently whatever a pattern matches exactly. */
export function lenientPatternsOf(pattern: string): readonly SegmentPattern[] {
  const segments = lenientSegmentsOf(pattern);
  return segments.at(-1) === restOfSegments ? [segments, segments.slice(0, -1)] : [segments];
}
