import { describe, expect, it } from "vitest";
import { callerOf, webId } from "../scene.test-support.js";
import { accepted, refused } from "./audit.test-support.js";
import { auditEventOf } from "./audit-event.js";
import { toOcsf } from "./ocsf.js";

const claim = { headers: [["x-forwarded-client-cert", "URI=spiffe://td.example/x"]] as const };

describe("toOcsf", () => {
  it("writes an accepted request as allowed API Activity", () => {
    const event = auditEventOf(accepted(), { service: "orders" });
    expect(toOcsf(event)).toEqual({
      category_uid: 6,
      class_uid: 6003,
      activity_id: 2,
      type_uid: 600302,
      time: 1_800_000_000_000,
      severity_id: 1,
      status_id: 1,
      action_id: 1,
      disposition_id: 1,
      metadata: {
        version: "1.8.0",
        uid: event.id,
        event_code: "firsthand.audit/1",
        profiles: ["security_control"],
        product: { name: "Firsthand", vendor_name: "Firsthand" },
      },
      actor: { app_uid: webId },
      api: { operation: "GET /orders", service: { name: "orders" } },
      src_endpoint: { svc_name: webId },
      dst_endpoint: { svc_name: "orders" },
      http_request: { http_method: "GET", url: { path: "/orders" } },
      authorizations: [{ decision: "allow", policy: { name: webId } }],
      unmapped: { proved: event.proved, claimed: null, agreement: "silent", lost: 0 },
    });
  });

  it("writes a refused one as denied, with its cause, and names nobody who proved nothing", () => {
    const event = toOcsf(auditEventOf(refused("proof_missing", claim)));
    expect(event).toMatchObject({
      severity_id: 3,
      status_id: 2,
      status_code: "proof_missing",
      action_id: 2,
      disposition_id: 2,
      actor: { app_uid: "unproved" },
      src_endpoint: { svc_name: "unproved" },
      unmapped: { agreement: "unproved" },
    });
    for (const absent of ["dst_endpoint", "authorizations", "activity_name"])
      expect(event).not.toHaveProperty(absent);
    expect(event["api"]).toEqual({ operation: "GET /orders" });
  });

  it("is severe where a proxy names another than who proved it", () => {
    expect(toOcsf(auditEventOf(accepted(claim)))).toMatchObject({ severity_id: 4, status_id: 1 });
  });

  it("names a decision without a rule", () => {
    const policy = { effect: "deny", rule: undefined, dryRun: [] } as const;
    const event = auditEventOf({
      ...refused("caller_forbidden"),
      caller: callerOf(webId),
      policy,
    } as never);
    expect(toOcsf(event)["authorizations"]).toEqual([{ decision: "deny" }]);
  });

  it.each([
    ["POST", 1],
    ["GET", 2],
    ["HEAD", 2],
    ["PUT", 3],
    ["PATCH", 3],
    ["DELETE", 4],
    ["PURGE", 99],
    ["post", 99],
    ["constructor", 99],
  ])("takes %s for activity %i", (method, activity) => {
    const event = toOcsf(auditEventOf(accepted({ method })));
    expect(event).toMatchObject({ activity_id: activity, type_uid: 600300 + activity });
    expect(event["activity_name"]).toBe(activity === 99 ? method : undefined);
  });
});
