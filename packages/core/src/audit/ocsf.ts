import type { AuditEvent } from "./audit-event.js";

/** An event of the class API Activity of OCSF 1.8, with the profile Security Control. */
export type OcsfEvent = Readonly<Record<string, unknown>>;

const apiActivity = 6003;
const activities: ReadonlyMap<string, number> = new Map([
  ["POST", 1],
  ["GET", 2],
  ["HEAD", 2],
  ["PUT", 3],
  ["PATCH", 3],
  ["DELETE", 4],
]);
const otherActivity = 99;
const allowed = 1;
const denied = 2;
const unknown = "unproved";

/**
 * The event in the Open Cybersecurity Schema Framework 1.8: API Activity (6003), which is about
 * programs that call programs; Authentication (3002) demands a user. All that has no place there is in
 * `unmapped`.
 */
export function toOcsf(event: AuditEvent): OcsfEvent {
  const { proved, refusal, policy, request, service } = event;
  const isAccepted = event.decision === "accepted";
  const action = event.decision === "refused" ? denied : allowed;
  const activity = activities.get(request.method) ?? otherActivity;
  const caller = proved?.caller ?? unknown;
  return Object.freeze({
    category_uid: 6,
    class_uid: apiActivity,
    activity_id: activity,
    ...(activity === otherActivity && { activity_name: request.method }),
    type_uid: apiActivity * 100 + activity,
    time: Date.parse(event.time),
    severity_id: severityOf(event),
    status_id: isAccepted ? 1 : 2,
    ...(refusal !== null && { status_code: refusal.code }),
    action_id: action,
    disposition_id: action,
    metadata: {
      version: "1.8.0",
      uid: event.id,
      event_code: event.schema,
      profiles: ["security_control"],
      product: { name: "Firsthand", vendor_name: "Firsthand" },
    },
    actor: { app_uid: caller },
    api: {
      operation: `${request.method} ${request.path}`,
      ...(service !== null && { service: { name: service } }),
    },
    src_endpoint: { svc_name: caller },
    ...(service !== null && { dst_endpoint: { svc_name: service } }),
    http_request: { http_method: request.method, url: { path: request.path } },
    ...(policy !== null && { authorizations: [authorizationOf(policy)] }),
    unmapped: { proved, claimed: event.claimed, agreement: event.agreement, lost: event.lost },
  });
}

/** Informational, Medium when it was refused or should have been, High when a proxy names another than who proved it. */
function severityOf({ decision, agreement }: AuditEvent): number {
  if (agreement === "contradicts") return 4;
  return decision === "accepted" ? 1 : 3;
}

function authorizationOf({ effect, rule }: NonNullable<AuditEvent["policy"]>) {
  return { decision: effect, ...(rule !== undefined && { policy: { name: rule } }) };
}
