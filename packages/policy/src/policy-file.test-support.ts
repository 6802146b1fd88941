import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Caller, PolicyDecision, PolicyRequest } from "@firsthand/core";
import { onTestFinished } from "vitest";
import { callerOfCall, requestOfCall } from "./cases/call-facts.js";
import type { PolicyCall } from "./cases/policy-call.js";

/** A directory that is there for one test. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "firsthand-policy-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** A policy that allows these callers everything. */
export function policyFor(...callers: readonly string[]): string {
  const rules = callers.map((caller) => ({
    name: caller,
    effect: "allow",
    callers: [`spiffe://shop.example/${caller}`],
  }));
  return JSON.stringify({ version: 1, rules });
}

export const checkoutCall: PolicyCall = {
  caller: "spiffe://shop.example/checkout",
  request: "GET /orders",
};

/** What a policy answers for a call. */
export async function decisionFor(
  decide: (caller: Caller, request: PolicyRequest) => unknown,
  call: PolicyCall = checkoutCall,
): Promise<PolicyDecision> {
  return (await decide(callerOfCall(call), requestOfCall(call))) as PolicyDecision;
}
