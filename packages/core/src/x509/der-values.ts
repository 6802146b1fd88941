import { VerificationError } from "../errors.js";
import { tags } from "./der.js";
import type { DerElement } from "./der-reader.js";

/** A BOOLEAN DEFAULT FALSE, which DER leaves out when it is false (X.690 §11.5). */
export function defaultFalse(element: DerElement | undefined): boolean {
  if (element?.content[0] === 0) throw malformed();
  return element !== undefined;
}

/** The octets of a BIT STRING that fills whole octets. */
export function wholeOctets({ content }: DerElement): Uint8Array {
  if (content[0] !== 0) throw malformed();
  return content.subarray(1);
}

/** Whether a BIT STRING has this bit, numbered from the left, set. */
export function hasBit({ content }: DerElement, bit: number): boolean {
  const octet = content[1 + (bit >> 3)] ?? 0;
  return (octet & (0x80 >> (bit & 7))) !== 0;
}

/** The magnitude of an INTEGER above zero, without leading zeros. */
export function positiveInteger({ content }: DerElement): Uint8Array {
  const [first = 0] = content;
  if (first >= 0x80 || (first === 0 && content.length === 1)) throw malformed();
  return first === 0 ? content.subarray(1) : content;
}

/** The value of an INTEGER from 0 to 2³¹ − 1. */
export function smallInteger({ content }: DerElement): number {
  const [first = 0] = content;
  if (first >= 0x80 || content.length > 4) throw malformed();
  return content.reduce((value, octet) => value * 256 + octet, 0);
}

/** Text of a string type whose characters are all ASCII; nothing else ever becomes text. */
export function asciiText({ content }: DerElement): string {
  let text = "";
  for (const octet of content) {
    if (octet >= 0x80) throw malformed();
    text += String.fromCharCode(octet);
  }
  return text;
}

const instant = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** Seconds since the epoch of a Time, in the two forms that RFC 5280 §4.1.2.5 allows. */
export function epochSecondsOf(time: DerElement): number {
  const digits = withCentury(time);
  if (!instant.test(digits)) throw malformed();
  const iso = digits.replace(instant, "$1-$2-$3T$4:$5:$6.000Z");
  const milliseconds = Date.parse(iso);
  const isReal = !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString() === iso;
  if (!isReal) throw malformed();
  return milliseconds / 1000;
}

function withCentury(time: DerElement): string {
  const text = asciiText(time);
  if (time.tag === tags.generalizedTime) return text;
  if (time.tag !== tags.utcTime) throw malformed();
  return (text < "50" ? "20" : "19") + text;
}

function malformed(): VerificationError {
  return new VerificationError("certificate_malformed");
}
