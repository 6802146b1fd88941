import { subscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { WorkloadIdentity } from "@firsthand/core";
import { loadIdentity } from "@firsthand/testing";
import { tell } from "./child.js";
import type { Decision, ToChild } from "./messages.js";

/**
 * Takes what the parent issued to this process alone: its own credentials with their keys, and the
 * trust bundles. In production they come from the Workload API.
 */
export async function joinShop(): Promise<WorkloadIdentity> {
  const [message] = (await once(process, "message")) as [ToChild];
  if (message.kind !== "join") throw new Error("the parent issued no identity");
  return loadIdentity(message.identity);
}

// What diagnosticsObserver() publishes here goes to the parent, as elsewhere to the audit log.
subscribe("firsthand:verification", (decision) => {
  tell({ kind: "decision", decision: decision as Decision });
});
