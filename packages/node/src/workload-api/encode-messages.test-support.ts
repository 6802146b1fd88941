import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type {
  JwtBundlesResponse,
  JwtSvidEntry,
  JwtSvidResponse,
  WitBundlesResponse,
  WitSvidEntry,
  WitSvidResponse,
  X509BundlesResponse,
  X509SvidEntry,
  X509SvidResponse,
} from "./messages.js";

type Value = string | Uint8Array;

/** A message of these fields, by the writer of Protobuf-ES. */
export function encode(...fields: readonly (readonly [number: number, value: Value])[]) {
  const writer = new BinaryWriter();
  for (const [number, value] of fields) {
    writer.tag(number, WireType.LengthDelimited);
    if (typeof value === "string") writer.string(value);
    else writer.bytes(value);
  }
  return writer.finish();
}

function encodeMap(number: number, map: ReadonlyMap<string, Value>) {
  return [...map].map(([key, value]) => [number, encode([1, key], [2, value])] as const);
}

export function encodeX509SvidResponse(response: X509SvidResponse): Uint8Array {
  return encode(
    ...response.svids.map((entry) => [1, encodeX509SvidEntry(entry)] as const),
    ...response.crl.map((crl) => [2, crl] as const),
    ...encodeMap(3, response.federatedBundles),
  );
}

function encodeX509SvidEntry(entry: X509SvidEntry): Uint8Array {
  const { spiffeId, certificates, key, bundle, hint } = entry;
  return encode([1, spiffeId], [2, certificates], [3, key], [4, bundle], [5, hint]);
}

export function encodeX509BundlesResponse(response: X509BundlesResponse): Uint8Array {
  const { crl, bundles } = response;
  return encode(...crl.map((list) => [1, list] as const), ...encodeMap(2, bundles));
}

export function encodeJwtSvidResponse({ svids }: JwtSvidResponse): Uint8Array {
  const encodeEntry = ({ spiffeId, token, hint }: JwtSvidEntry) =>
    encode([1, spiffeId], [2, token], [3, hint]);
  return encode(...svids.map((entry) => [1, encodeEntry(entry)] as const));
}

export function encodeJwtBundlesResponse({ bundles }: JwtBundlesResponse): Uint8Array {
  return encode(...encodeMap(1, bundles));
}

export function encodeWitSvidResponse({ svids }: WitSvidResponse): Uint8Array {
  const encodeEntry = ({ spiffeId, token, privateKey, hint }: WitSvidEntry) =>
    encode([1, spiffeId], [2, token], [3, privateKey], [4, hint]);
  return encode(...svids.map((entry) => [1, encodeEntry(entry)] as const));
}

export function encodeWitBundlesResponse({ bundles }: WitBundlesResponse): Uint8Array {
  return encode(...encodeMap(1, bundles));
}
