const octets = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));

/** Lower-case hexadecimal. */
export function hex(bytes: Iterable<number>): string {
  let text = "";
  for (const octet of bytes) text += octets[octet] as string;
  return text;
}

/**
 * DER of an element as hexadecimal text, for constants shorter than 128 octets. Identifiers and
 * parameters in a certificate are compared with such constants and never decoded.
 */
export function derHex(tag: number, ...contents: readonly string[]): string {
  const content = contents.join("");
  return hex([tag, content.length / 2]) + content;
}

/** The same for an OBJECT IDENTIFIER in dotted form. */
export function oidHex(dotted: string): string {
  const [first, second, ...rest] = dotted.split(".").map(Number) as [number, number, ...number[]];
  return derHex(0x06, hex([first * 40 + second, ...rest.flatMap(arc)]));
}

function arc(value: number): number[] {
  const last = value & 0x7f;
  return value < 0x80 ? [last] : [...arc(value >> 7).map((octet) => octet | 0x80), last];
}
