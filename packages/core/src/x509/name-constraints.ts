import { VerificationError } from "../errors.js";
import type { Certificate } from "./certificate.js";
import { tags } from "./der.js";
import { type DerElement, DerReader, readSequence } from "./der-reader.js";
import { type GeneralName, readGeneralName } from "./general-name.js";

/** Which names the certificates below a CA may have (RFC 5280 §4.2.1.10). */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/**
 * Reads the value of the extension. No base has the `minimum` or `maximum` that §4.2.1.10 rules out.
 *
 * @throws {VerificationError} `certificate_malformed`
 */
export function readNameConstraints(value: Uint8Array): NameConstraints {
  const reader = readSequence(value);
  const permitted = basesOf(reader.optional(0xa0));
  const excluded = basesOf(reader.optional(0xa1));
  reader.end();
  return Object.freeze({ permitted, excluded });
}

/**
 * Checks every name of a certificate against the constraints of a CA above it. URIs and DNS names
 * are compared by host; a name of any other form is refused where its form is constrained at all.
 * Self-issued certificates get no exemption, which is stricter than RFC 5280 §6.1.3.
 *
 * @throws {VerificationError} `certificate_name_constrained`
 */
export function verifyNameConstraints(
  certificate: Certificate,
  constraints: NameConstraints,
): void {
  for (const name of namesOf(certificate)) {
    if (!isAllowed(name, constraints)) throw new VerificationError("certificate_name_constrained");
  }
}

function isAllowed(name: GeneralName, constraints: NameConstraints): boolean {
  const isOfSameKind = ({ kind }: GeneralName) => kind === name.kind;
  const permitted = constraints.permitted.filter(isOfSameKind).map(hostRange);
  const excluded = constraints.excluded.filter(isOfSameKind).map(hostRange);
  if (permitted.length === 0 && excluded.length === 0) return true;
  const host = hostOf(name);
  if (host === undefined) return false;
  const { kind } = name;
  if (excluded.some((range) => isWithin(host, range, kind) || isCovered(range, host))) return false;
  return permitted.length === 0 || permitted.some((range) => isWithin(host, range, kind));
}

/** A host, or `.` and a domain for the hosts below it; an empty range has every host. */
function isWithin(host: string, range: string, kind: GeneralName["kind"]): boolean {
  if (range === "") return true;
  if (range.startsWith(".")) return host.endsWith(range);
  return host === range || (kind === "dns" && host.endsWith(`.${range}`));
}

/** Whether a wildcard, such as `*.shop.example`, stands for names in the range, such as `a.shop.example`. */
function isCovered(range: string, host: string): boolean {
  return host.startsWith("*.") && range.endsWith(host.slice(1));
}

const authority = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#@:]*)(?::\d*)?(?:[/?#]|$)/;
const hostSyntax = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
const ipAddress = /(?:^|\.)\d+$/;

/** The host that constraints apply to, or undefined when the name has none that can be compared. */
function hostOf(name: GeneralName): string | undefined {
  if (name.kind === "dns") {
    const host = name.text.toLowerCase();
    return hostSyntax.test(host.replace(/^\*\./, "")) ? host : undefined;
  }
  if (name.kind === "uri") {
    const host = authority.exec(name.text.toLowerCase())?.[1] ?? "";
    return hostSyntax.test(host) && !ipAddress.test(host) ? host : undefined;
  }
  return undefined;
}

function namesOf({ alternativeNames, subject }: Certificate): readonly GeneralName[] {
  const isEmpty = subject.length === 2; // SEQUENCE without content
  return isEmpty ? alternativeNames : [...alternativeNames, { kind: "directory" }];
}

function basesOf(subtrees: DerElement | undefined): readonly GeneralName[] {
  if (subtrees === undefined) return [];
  return new DerReader(subtrees.content).list(tags.sequence).map(baseOf);
}

function baseOf({ content }: DerElement): GeneralName {
  const reader = new DerReader(content);
  const base = readGeneralName(reader.next());
  reader.end();
  if ("text" in base && !isRange(base.text)) throw new VerificationError("certificate_malformed");
  return base;
}

function isRange(text: string): boolean {
  return text === "" || hostSyntax.test(text.toLowerCase().replace(/^\./, ""));
}

function hostRange(base: GeneralName): string {
  return "text" in base ? base.text.toLowerCase() : "";
}
