import type { Caller, PolicyRequest } from "@firsthand/core";

/** A name in Cedar, such as `Workload::"spiffe://shop.example/checkout"`. */
export interface CedarName {
  readonly type: string;
  readonly id: string;
}

/** What Cedar is asked. */
export interface CedarRequest {
  readonly principal: CedarName;
  readonly action: CedarName;
  readonly resource: CedarName;
  /** In the JSON form of Cedar. */
  readonly context: Readonly<Record<string, unknown>>;
  /** In the JSON form of Cedar: attributes and parents of what the policies look at. Default none. */
  readonly entities?: readonly unknown[] | undefined;
}

/** The caller as `Workload`, the method as `Action`, the path as `Route`. */
export function cedarRequestOf(
  { id, credential, proof }: Caller,
  { method, path, time }: PolicyRequest,
): CedarRequest {
  return {
    principal: { type: "Workload", id: id.toString() },
    action: { type: "Action", id: method },
    resource: { type: "Route", id: path },
    context: {
      trustDomain: id.trustDomain,
      credential: credential.kind,
      proof: proof.format,
      binding: proof.binding,
      time: Math.floor(time / 1000),
    },
  };
}
