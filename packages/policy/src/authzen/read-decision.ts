import { parseStrictJson } from "@firsthand/core";

const maxAnswerBytes = 64 * 1024;

/**
 * The decision in an answer (AuthZEN Authorization API 1.0, §6). Its context is left alone.
 *
 * @throws {Error} when it is none
 */
export async function readDecision(response: Response): Promise<boolean> {
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the decision point answered with the status ${response.status}`);
  }
  const { decision } = parseStrictJson(await readBytes(response));
  if (typeof decision !== "boolean")
    throw new Error("the answer of the decision point is no decision");
  return decision;
}

async function readBytes({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxAnswerBytes) throw new Error("the answer of the decision point is too long");
  }
  return Buffer.concat(chunks);
}
