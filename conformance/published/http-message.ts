import type { RequestData } from "@firsthand/testing";

/** A request as specifications print it: lines that end in LF, and no framing. */
export function parseHttpMessage(text: string): RequestData {
  const end = text.indexOf("\n\n");
  const [line = "", ...fields] = text.slice(0, end).split("\n");
  const [method = "", target = ""] = line.split(" ");
  const headers = fields.map((field): [string, string] => {
    const colon = field.indexOf(": ");
    return [field.slice(0, colon), field.slice(colon + 2)];
  });
  return { method, target, headers, body: Buffer.from(text.slice(end + 2)) };
}
