import type { Caller, PolicyRequest } from "@firsthand/core";

/** What a decision point is asked: AuthZEN Authorization API 1.0, §5 and §6. */
export interface AuthzenEvaluation {
  readonly subject: AuthzenEntity;
  readonly action: { readonly name: string; readonly properties?: Properties | undefined };
  readonly resource: AuthzenEntity;
  readonly context?: Properties | undefined;
}

export interface AuthzenEntity {
  readonly type: string;
  readonly id: string;
  readonly properties?: Properties | undefined;
}

type Properties = Readonly<Record<string, unknown>>;

/** The caller as a subject of the type `workload`, the method as action, the path as a `route`. */
export function evaluationOf(
  { id, credential, proof }: Caller,
  { method, path }: PolicyRequest,
): AuthzenEvaluation {
  return {
    subject: {
      type: "workload",
      id: id.toString(),
      properties: {
        trust_domain: id.trustDomain,
        credential: credential.kind,
        proof: proof.format,
        binding: proof.binding,
      },
    },
    action: { name: method },
    resource: { type: "route", id: path },
  };
}
