import { type Caller, oneOf, type ProvedBy, parseWorkloadId, provedBy } from "@firsthand/core";
import * as z from "zod/mini";

/** A call as a test or a question describes it. */
export interface PolicyCall {
  /** The SPIFFE ID of the caller. */
  readonly caller: string;
  /** Method and request target, such as `POST /orders?dry=1`. */
  readonly request: string;
  /** Default `x509-svid`. */
  readonly credential?: Caller["credential"]["kind"] | undefined;
  /** Default `svid-proof-1`. */
  readonly proof?: ProvedBy | undefined;
  /** Default `full`, with `mutual-tls` `channel`. */
  readonly binding?: Caller["proof"]["binding"] | undefined;
  /** Header fields that the caller signed. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What a believed Txn-Token says. Default: there is none. */
  readonly onBehalfOf?:
    | { readonly subject: string; readonly scope?: readonly string[] }
    | undefined;
  /** RFC 3339. Default the year 2000, so that no test depends on when it runs. */
  readonly at?: string | undefined;
  /** What the conditions of the application are; one that is left out fails. */
  readonly conditions?: Readonly<Record<string, boolean>> | undefined;
}

const requestLine = /^[\w!#$%&'*+.^`|~-]+ \/[\x21-\x22\x24-\x7e]*$/;

/** The shape of a call. */
export const policyCallShape = {
  caller: z
    .string()
    .check(z.refine(isWorkloadId, { error: "must be the SPIFFE ID of a workload" })),
  request: z
    .string()
    .check(z.regex(requestLine, { error: "must be a method and a target, as GET /orders?x" })),
  credential: z.optional(oneOf("x509-svid", "wit-svid")),
  proof: z.optional(oneOf(...provedBy)),
  binding: z.optional(oneOf("full", "target", "channel")),
  headers: z.optional(z.record(z.string(), z.string())),
  onBehalfOf: z.optional(
    z.strictObject({ subject: z.string(), scope: z._default(z.array(z.string()), []) }),
  ),
  at: z.optional(
    z
      .string()
      .check(z.refine((text) => !Number.isNaN(Date.parse(text)), { error: "must be a time" })),
  ),
  conditions: z.optional(z.record(z.string(), z.boolean())),
};

function isWorkloadId(text: string): boolean {
  try {
    parseWorkloadId(text, ["spiffe", "wimse"]);
    return true;
  } catch {
    return false;
  }
}
