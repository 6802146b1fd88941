import {
  type Caller,
  type CallerProof,
  type PolicyCondition,
  type PolicyRequest,
  parseTrustDomain,
  parseWorkloadId,
  type SignedProof,
} from "@firsthand/core";
import type { PolicyCall } from "./policy-call.js";

const defaultTime = "2000-01-01T00:00:00Z";

/** The caller of a call, as if it had been verified. */
export function callerOfCall(call: PolicyCall): Caller {
  const { caller, credential = "x509-svid", headers = {}, at = defaultTime } = call;
  const time = Math.floor(Date.parse(at) / 1000);
  const verified = {
    id: parseWorkloadId(caller, ["spiffe", "wimse"]),
    credential: {
      kind: credential,
      thumbprint: "",
      notBefore: time,
      expiresAt: time + 3600,
      issuer: undefined,
    },
    proof: proofOf(call, time),
    onBehalfOf: transactionOf(call, time),
    verifiedHeaders: headers,
  };
  return Object.freeze(verified);
}

function proofOf(
  { proof = "svid-proof-1", binding = "full" }: PolicyCall,
  time: number,
): CallerProof {
  if (proof === "mutual-tls") {
    return {
      format: proof,
      binding: "channel",
      idHash: undefined,
      issuedAt: undefined,
      expiresAt: time + 3600,
    };
  }
  const expiresAt = time + 60;
  if (proof === "svid-session-1") {
    const opening = signedProof("svid-proof-1", "full", time);
    const session = { sessionId: "", sequence: 0, idHash: undefined, issuedAt: time, opening };
    return { format: proof, binding: "full", ...session, expiresAt };
  }
  return signedProof(proof, binding === "target" ? "target" : "full", time);
}

function signedProof(
  format: SignedProof["format"],
  binding: SignedProof["binding"],
  issuedAt: number,
): SignedProof {
  return { format, binding, idHash: "", issuedAt, expiresAt: issuedAt + 60 };
}

function transactionOf({ onBehalfOf }: PolicyCall, time: number): Caller["onBehalfOf"] {
  if (onBehalfOf === undefined) return undefined;
  const { subject, scope = [] } = onBehalfOf;
  return {
    id: "",
    subject,
    scope,
    trustDomain: parseTrustDomain("transactions.invalid"),
    requestingWorkload: "",
    transactionContext: undefined,
    requestContext: undefined,
    issuedAt: time,
    expiresAt: time + 60,
    thumbprint: "",
  };
}

/** The request of a call. */
export function requestOfCall({ request, at = defaultTime }: PolicyCall): PolicyRequest {
  const [method = "", target = ""] = request.split(" ");
  const mark = target.indexOf("?");
  return {
    method,
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? undefined : target.slice(mark + 1),
    time: Date.parse(at),
  };
}

/** The conditions of a call: what it says they are, and failing where it says nothing. */
export function conditionsOfCall(
  names: Iterable<string>,
  { conditions = {} }: PolicyCall,
): Readonly<Record<string, PolicyCondition>> {
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      { holds: () => conditions[name] as boolean, onFailure: "closed" } as const,
    ]),
  );
}
