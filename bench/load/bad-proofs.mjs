/** What an attacker sends in place of a good proof, without the key of anybody. */
export const changes = {
  none: (proof) => proof,
  "not base64url": (proof) => `${proof.slice(0, -4)}!!!!`,
  "no token": () => "x",
  "bad signature": (proof) => {
    const at = proof.lastIndexOf(".") + 1;
    return proof.slice(0, at) + (proof[at] === "A" ? "B" : "A") + proof.slice(at + 1);
  },
  oversize: (proof) => proof + "A".repeat(13_000 - proof.length),
  "other chain": (proof) => {
    const [header, ...rest] = proof.split(".");
    const fields = JSON.parse(Buffer.from(header, "base64url").toString());
    const [leaf, ...more] = fields.x5c;
    const der = Buffer.from(leaf, "base64");
    der[der.length - 1] ^= 1;
    const x5c = [der.toString("base64"), ...more];
    return [Buffer.from(JSON.stringify({ ...fields, x5c })).toString("base64url"), ...rest].join(
      ".",
    );
  },
};

/** A JSON text of so many bytes. */
export function bodyOf(bytes) {
  return bytes === undefined ? undefined : Buffer.from(JSON.stringify("x".repeat(bytes - 2)));
}
