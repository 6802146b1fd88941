import fc from "fast-check";
import { type FixedKey, fixedKey } from "../generator/fixed-key.js";
import { encode, type Members, withSpareBits } from "../generator/token.js";

/** A good token and what signs it. */
export interface GoodToken {
  readonly header: Members;
  readonly claims: Members;
  readonly key: FixedKey;
}

/** Makes another token of a good one. What is mutated before it is signed is rightly signed. */
export type TokenMutation = (good: GoodToken) => string;

const stranger = fixedKey("stranger of the mutations");
const strangersMembers = ["alg", "kid", "jwk", "x5c", "iss", "jku"];

/** A key that no bundle has, as it would stand in a token. */
export const strangersJwk = stranger.publicJwk;

/** What members are set to, by name; and to any other JSON value. */
export interface MemberValues {
  readonly header: Readonly<Record<string, readonly unknown[]>>;
  readonly claims: Readonly<Record<string, readonly unknown[]>>;
}

/** Mutations of the text of a token, of the bytes of its JSON, of its members and its encoding. */
export function tokenMutations(values: MemberValues): fc.Arbitrary<TokenMutation> {
  return fc.oneof(
    { weight: 3, arbitrary: textEdits },
    { weight: 3, arbitrary: byteEdits },
    { weight: 2, arbitrary: memberEdits("header", values.header) },
    { weight: 3, arbitrary: memberEdits("claims", values.claims) },
    { weight: 2, arbitrary: encodings },
  );
}

const textEdits: fc.Arbitrary<TokenMutation> = editOf(
  fc.constantFrom(..."=.+/-_ \n\t,~Aa0\u0000\u00e9"),
).map((edit) => (good) => edit([...signed(good)]).join(""));

const byteEdits: fc.Arbitrary<TokenMutation> = fc
  .tuple(
    fc.boolean(),
    editOf(
      fc.oneof(
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom(...Buffer.from('{}[]",:\\ue0 1-')),
      ),
    ),
  )
  .map(([inHeader, edit]) => (good) => {
    const [header, claims] = jsonOf(good);
    const edited = Buffer.from(edit([...(inHeader ? header : claims)]));
    return inHeader ? seal(good, edited, claims) : seal(good, header, edited);
  });

/** Deletes, replaces, inserts or repeats one or two elements somewhere. */
function editOf<T>(element: fc.Arbitrary<T>): fc.Arbitrary<(list: T[]) => T[]> {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    removed: fc.integer({ min: 0, max: 2 }),
    inserted: fc.array(element, { maxLength: 2 }),
    repeats: fc.boolean(),
  });
  return edit.map(({ at, removed, inserted, repeats }) => (list) => {
    const index = Math.floor(at * (list.length + 1));
    const taken = list.slice(index, index + removed);
    return [
      ...list.slice(0, index),
      ...inserted,
      ...(repeats ? [...taken, ...taken] : []),
      ...list.slice(index + removed),
    ];
  });
}

function memberEdits(
  place: "header" | "claims",
  values: Readonly<Record<string, readonly unknown[]>>,
): fc.Arbitrary<TokenMutation> {
  const member = fc.constantFrom(...Object.entries(values)).chain(([name, known]) =>
    fc.record({
      name: fc.constant(name),
      value: fc.oneof(fc.constantFrom(...known), fc.jsonValue({ maxDepth: 1 })),
    }),
  );
  const form = fc.constantFrom(
    "set",
    "set",
    "set",
    "remove",
    "duplicate",
    "escape",
    "nest",
    "rename",
  );
  return fc
    .record({ member, form, byStranger: fc.boolean() })
    .map(({ member: { name, value }, form, byStranger }) => (good) => {
      const [header, claims] = jsonOf(good);
      const edit = (json: Buffer) => editMember(String(json), name, value, form);
      // A stranger's signature is for what could select its key.
      const key = byStranger && strangersMembers.includes(name) ? stranger : good.key;
      const signer = { ...good, key };
      return place === "header"
        ? seal(signer, edit(header), claims)
        : seal(signer, header, edit(claims));
    });
}

function editMember(json: string, name: string, value: unknown, form: string): string {
  const { [name]: old, ...others } = JSON.parse(json) as Members;
  const text = JSON.stringify(name);
  switch (form) {
    case "remove":
      return JSON.stringify(others);
    case "duplicate":
      return json.replace("{", `{${text}:${JSON.stringify(value)},`);
    case "escape":
      return json.replace(
        text,
        `"\\u${name.charCodeAt(0).toString(16).padStart(4, "0")}${name.slice(1)}"`,
      );
    case "nest":
      return JSON.stringify({ ...others, [name]: [old] });
    case "rename":
      return json.replace(text, text.toUpperCase());
    default:
      return JSON.stringify({ ...others, [name]: value });
  }
}

const encodings: fc.Arbitrary<TokenMutation> = fc
  .record({
    inHeader: fc.boolean(),
    change: fc.constantFrom(
      (text: string) => `${text}=`,
      (text: string) => `${text}==`,
      (text: string) => `${text}\n`,
      (text: string) => ` ${text}`,
      (text: string) => `${text}A`,
      (text: string) => text.replaceAll("-", "+").replaceAll("_", "/"),
      withSpareBits,
    ),
    afterwards: fc.boolean(),
  })
  .map(({ inHeader, change, afterwards }) => (good) => {
    const [header, claims] = jsonOf(good).map(encode) as [string, string];
    const changed = inHeader ? [change(header), claims] : [header, change(claims)];
    const input = afterwards ? `${header}.${claims}` : changed.join(".");
    const signature = encode(good.key.sign(Buffer.from(input), "compact"));
    return `${input}.${afterwards ? change(signature) : signature}`;
  });

function jsonOf({ header, claims }: GoodToken): [header: Buffer, claims: Buffer] {
  return [Buffer.from(JSON.stringify(header)), Buffer.from(JSON.stringify(claims))];
}

function seal({ key }: GoodToken, header: string | Buffer, claims: string | Buffer): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${encode(key.sign(Buffer.from(input), "compact"))}`;
}

function signed(good: GoodToken): string {
  return seal(good, ...jsonOf(good));
}
