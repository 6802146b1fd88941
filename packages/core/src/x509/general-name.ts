import { VerificationError } from "../errors.js";
import type { DerElement } from "./der-reader.js";
import { asciiText } from "./der-values.js";

/** A GeneralName (RFC 5280 §4.2.1.6). Of the forms that nothing here reads only the kind is kept. */
export type GeneralName =
  | { readonly kind: "uri" | "dns"; readonly text: string }
  | { readonly kind: UnreadKind };

type UnreadKind = "other" | "email" | "x400" | "directory" | "edi" | "ip" | "registered";

const uri = 0x86;
const dns = 0x82;
const unreadKinds: ReadonlyMap<number, UnreadKind> = new Map([
  [0xa0, "other"],
  [0x81, "email"],
  [0xa3, "x400"],
  [0xa4, "directory"],
  [0xa5, "edi"],
  [0x87, "ip"],
  [0x88, "registered"],
]);

/**
 * Reads a GeneralName by its tag. Names are never turned into one text that someone could split.
 *
 * @throws {VerificationError} `certificate_malformed`
 */
export function readGeneralName(element: DerElement): GeneralName {
  if (element.tag === uri) return { kind: "uri", text: asciiText(element) };
  if (element.tag === dns) return { kind: "dns", text: asciiText(element) };
  const kind = unreadKinds.get(element.tag);
  if (kind === undefined) throw new VerificationError("certificate_malformed");
  return { kind };
}
