import * as z from "zod/mini";
import { runtime } from "#runtime";
import { base64url, fromBase64url, fromUtf8, utf8 } from "../encoding.js";
import { oneOf } from "../options.js";
import { proofFormats } from "../proof/format.js";
import { concat } from "../runtime/concat.js";
import { joinTexts, protocolName } from "./protocol.js";

const saltBytes = 16;
const tagBytes = 6;
const tagLength = 8;

const text = z.string();
const seconds = z.number();

const schema = z.strictObject({
  id: text,
  key: text,
  origin: text,
  bundle: text,
  openedAt: seconds,
  caller: text,
  credential: z.strictObject({
    kind: oneOf("x509-svid", "wit-svid"),
    thumbprint: text,
    notBefore: z.optional(seconds),
    expiresAt: seconds,
    issuer: z.optional(text),
  }),
  proof: z.strictObject({
    format: oneOf(...proofFormats),
    idHash: text,
    issuedAt: z.optional(seconds),
    expiresAt: seconds,
  }),
});

/** A session as it travels, sealed, with its own proofs. */
export type TicketContent = z.infer<typeof schema>;

/** A key that replicas share, and how tickets name it. */
export interface TicketKey {
  /** 32 bytes. */
  readonly bytes: Uint8Array;
  /** The first characters of every ticket that is sealed under it. */
  readonly tag: string;
}

const known = new WeakMap<Uint8Array, Promise<TicketKey>>();

/** Finds the name of a key once. */
export function ticketKeyOf(bytes: Uint8Array): Promise<TicketKey> {
  const key = known.get(bytes) ?? nameKey(bytes);
  known.set(bytes, key);
  return key;
}

/** The key that a ticket was sealed under, when it is still one of ours. */
export function keyOfTicket(ticket: string, keys: readonly TicketKey[]): TicketKey | undefined {
  const tag = ticket.slice(0, tagLength);
  return keys.find((key) => key.tag === tag);
}

/** Seals a session under a key of its own, derived with a salt of the ticket. */
export async function sealTicket(content: TicketContent, { bytes, tag }: TicketKey) {
  const salt = runtime.randomBytes(saltBytes);
  const key = await runtime.importSealKey(await expand(bytes, "ticket", salt));
  const sealed = await runtime.seal(key, utf8(JSON.stringify(content)));
  return tag + base64url(concat(salt, sealed));
}

/** Opens a ticket; undefined for anything that was not sealed under the key, and for other forms. */
export async function openTicket(
  ticket: string,
  { bytes }: TicketKey,
): Promise<TicketContent | undefined> {
  const body = fromBase64url(ticket.slice(tagLength));
  if (body === undefined || body.length < saltBytes) return undefined;
  const salt = body.subarray(0, saltBytes);
  const key = await runtime.importSealKey(await expand(bytes, "ticket", salt));
  const plaintext = await runtime.unseal(key, body.subarray(saltBytes));
  if (plaintext === undefined) return undefined;
  return schema.safeParse(JSON.parse(fromUtf8(plaintext))).data;
}

async function nameKey(bytes: Uint8Array): Promise<TicketKey> {
  const name = await expand(bytes, "ticket key name", new Uint8Array());
  return { bytes, tag: base64url(name.subarray(0, tagBytes)) };
}

function expand(key: Uint8Array, purpose: string, salt: Uint8Array) {
  return runtime.hkdf(key, protocolName, concat(utf8(joinTexts([protocolName, purpose])), salt));
}
