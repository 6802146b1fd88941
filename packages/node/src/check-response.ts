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
  const copy = response.clone();
  try {
    const content = await readContent(copy, limit);
    await check.verify({ status: response.status, headers, content });
  } catch (error) {
    // Each of the two waits for the other one.
    await Promise.all([response.body?.cancel(), copy.body?.cancel()]);
    throw error;
  }
}

async function readContent({ body }: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const reader = body?.getReader();
  try {
    for (let length = 0; ; ) {
      const { value } = (await reader?.read()) ?? {};
      if (value === undefined) return Buffer.concat(chunks);
      length += value.length;
      if (length > limit) throw new ProofError("response_too_large");
      chunks.push(value);
    }
  } finally {
    reader?.releaseLock();
  }
}
