/** One hostile or near-miss input of the catalogue. */
export interface AttackCase {
  readonly id: string;
  readonly area: string;
  readonly given: string;
  readonly mutation: string;
  /** `accept`, or `reject:` and the class of the cause. */
  readonly expected: string;
  readonly why: string;
}

export interface Catalogue {
  readonly reject_classes: readonly string[];
  readonly cases: readonly AttackCase[];
}

/** The file of the catalogue among the shared vectors. */
export const catalogueFile = "attacks.json";

/** The areas whose every case has a test or a written reason. */
export const coveredAreas = [
  "spiffe-id",
  "x509-svid",
  "jwt-svid",
  "wit-svid",
  "proof-token",
  "http-signature",
  "middleware",
  "fetch-wrapper",
  "trust-bundle",
  "replay-cache",
  "policy",
  "workload-api",
  "rotation",
  "fail-closed",
] as const;

/** Whether a case belongs to one of the covered areas. */
export function isCovered({ area }: AttackCase): boolean {
  return (coveredAreas as readonly string[]).includes(area);
}

/** The class of the cause for which a case is refused, or undefined for one that is accepted. */
export function classOf({ expected }: AttackCase): string | undefined {
  return expected.startsWith("reject:") ? expected.slice("reject:".length) : undefined;
}

/** Every text in which an id of the catalogue's series may stand, such as `XV-018`. */
export function idsIn(text: string, { cases }: Catalogue): readonly string[] {
  const series = new Set(cases.map(({ id }) => id.slice(0, id.indexOf("-"))));
  return text.match(new RegExp(`\\b(?:${[...series].join("|")})-\\d{3}\\b`, "g")) ?? [];
}
