import { ProofError } from "@firsthand/core";
import type { CheckedResponse } from "./outbound-prover.js";

/**
 * Holds a response of fetch to what was asked for. Its body stays unread.
 *
 * @throws {ProofError} `response_unsigned`, `response_invalid`, `response_too_large`,
 * `peer_unexpected`
 */
export async function checkResponse(
  response: Response,
  { check, limit }: CheckedResponse,
): Promise<void> {
  const headers = [...response.headers];
  if (!check.appliesTo(headers)) return;
  try {
    const content = await readContent(response.clone(), limit);
    await check.verify({ status: response.status, headers, content });
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
}

async function readContent({ body }: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > limit) throw new ProofError("response_too_large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
