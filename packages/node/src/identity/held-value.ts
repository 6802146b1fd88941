import { createHash } from "node:crypto";

/** What was made of some content. */
export interface HeldValue<T> {
  readonly digest: string;
  readonly value: T;
}

/** Makes a value, unless it is held already: what is made of the same content stays the same object. */
export async function heldOr<T>(
  held: HeldValue<T> | undefined,
  contents: Iterable<string | Uint8Array>,
  make: () => Promise<T>,
): Promise<HeldValue<T>> {
  const digest = digestOf(contents);
  return held?.digest === digest ? held : { digest, value: await make() };
}

function digestOf(contents: Iterable<string | Uint8Array>): string {
  const whole = createHash("sha256");
  for (const content of contents) whole.update(createHash("sha256").update(content).digest());
  return whole.digest("base64");
}
