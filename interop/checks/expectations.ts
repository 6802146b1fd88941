import assert from "node:assert/strict";
import type { CallResult, LoadReport, Welcome } from "../service/messages.js";

/** The service accepted the call, and this is what it knows of the caller. */
export function assertAccepted(result: CallResult, expected: Partial<Welcome>): void {
  assert.ok("status" in result, `the call failed: ${JSON.stringify(result)}`);
  assert.equal(result.status, 200, JSON.stringify(result.body));
  const welcome = result.body as Welcome;
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(welcome[name as keyof Welcome], value, name);
  }
}

/** The service refused the call, with this status and public code. */
export function assertRefused(result: CallResult, status: number, code: string): void {
  assert.ok("status" in result, `the call failed: ${JSON.stringify(result)}`);
  const { code: seen } = result.body as { readonly code?: string };
  assert.deepEqual({ status: result.status, code: seen }, { status, code });
}

/** Not one request failed, and there were so many that this says something. */
export function assertUndisturbed({ succeeded, failures }: LoadReport): void {
  const [first] = failures;
  assert.equal(failures.length, 0, `${failures.length} of the requests failed, such as ${first}`);
  assert.ok(succeeded >= 200, `only ${succeeded} requests were made`);
}

/** It rejects with an error of the product that has this code. */
export async function assertRejectsWith(work: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(work, (error: { readonly code?: unknown }) => {
    assert.equal(error.code, code, String(error));
    return true;
  });
}
