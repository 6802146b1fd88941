import { createHash } from "node:crypto";
import type { TokenFormat, VerificationCode } from "@firsthand/core";
import { origin, T } from "../support/scene.js";
import type { Members, TokenChange } from "./token.js";
import type { VectorRequest } from "./vector-file.js";

type Header = readonly [name: string, value: string];

/** A request before it is proved. */
export interface PlainRequest {
  readonly method: string;
  readonly target: string;
  /** Without those of the proof. */
  readonly headers: readonly Header[];
  readonly body: string | undefined;
}

/** A case as it is written down here: what differs from the good request, and what comes of it. */
export interface CaseSpec extends TokenChange {
  readonly name: string;
  readonly note: string;
  /** Why it is refused; an accepted one has none. */
  readonly refuse?: VerificationCode;
  readonly after?: string;
  /** What the request is before it is proved. */
  readonly request?: Partial<PlainRequest>;
  /** What happens to the request after it was proved. */
  readonly sent?: (request: VectorRequest) => VectorRequest;
}

/** What the cases of every profile have to know about theirs. */
export interface ProfileNames {
  readonly format: TokenFormat;
  readonly token: "svid-proof" | "wpt";
  /** The field that the proof travels in. */
  readonly header: string;
  readonly htq: string;
  readonly htb: string;
}

const short = { htq: "htq", htb: "htb" };
const long = { htq: "urn:firsthand:htq", htb: "urn:firsthand:htb" };

export const svidProof: ProfileNames = {
  format: "svid-proof-1",
  token: "svid-proof",
  header: "SVID-Proof",
  ...short,
};
export const wpt02: ProfileNames = {
  format: "wpt-02",
  token: "wpt",
  header: "Authorization",
  ...long,
};
export const wpt01: ProfileNames = {
  format: "wpt-01",
  token: "wpt",
  header: "Workload-Proof-Token",
  ...long,
};

/** A caller of the federated trust domain, and one that the policy does not name. */
export const partnerId = "spiffe://partner.example/ns/pay/sa/web";
export const strangerId = "spiffe://td.example/ns/pay/sa/stranger";

export const tokenHeaders = ["x-user-token"];

export const goodRequest: PlainRequest = {
  method: "POST",
  target: "/v1/transfers?dry=1&page=2",
  headers: [],
  body: '{"amount":1}',
};

/** base64url SHA-256. */
export function hash(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64url");
}

/** The claims that bind a request, as the profiles say. */
export function bindingClaims(
  { method, target, headers, body }: PlainRequest,
  { htq, htb }: ProfileNames,
  id: string,
): Members {
  const [path = "", query] = target.split(/\?(.*)/s);
  const fieldOf = (name: string) =>
    headers.find(([field]) => field.toLowerCase() === name)?.[1].trim();
  const [, accessToken] = /^(?:Bearer|DPoP) (.*)$/.exec(fieldOf("authorization") ?? "") ?? [];
  const txnToken = fieldOf("txn-token");
  const userToken = fieldOf("x-user-token");
  return {
    aud: `${origin}${path}`,
    iat: T,
    exp: T + 60,
    jti: hash(`jti of ${id}`).slice(0, 22),
    htm: method,
    [htq]: query === undefined ? undefined : hash(query),
    [htb]: body === undefined ? undefined : hash(body),
    ath: accessToken === undefined ? undefined : hash(accessToken),
    tth: txnToken === undefined ? undefined : hash(txnToken),
    oth: userToken === undefined ? undefined : { "x-user-token": hash(userToken) },
  };
}

/** The request as it is sent. */
export function sentRequest(
  { method, target, headers, body }: PlainRequest,
  proof: readonly Header[],
): VectorRequest {
  return {
    method,
    target,
    headers: [["Host", "ledger.pay.svc:8443"], ...headers, ...proof],
    ...(body !== undefined && { body: Buffer.from(body).toString("base64url") }),
  };
}
