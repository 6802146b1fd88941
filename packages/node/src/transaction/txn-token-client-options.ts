import {
  type Clock,
  type CredentialSource,
  callback,
  capability,
  clockOption,
  type KeySetSource,
  type PeerOptions,
  type ProofFormat,
  parseOptions,
  parseTrustDomain,
  parseWorkloadId,
  systemClock,
  wholeNumber,
} from "@firsthand/core";
import * as z from "zod/mini";
import { type AnyFetch, createFetch } from "../create-fetch.js";
import type { WorkloadApiIdentity } from "../identity/workload/workload-api-identity.js";
import { readBy } from "../read-option.js";
import { parseServiceUrl } from "./key-set-options.js";

/** How a JWT-SVID goes with each request, for services that know no proof of the request. */
export interface ClientAssertionOptions {
  /** Where JWT-SVIDs come from: an identity of the Workload API. */
  readonly identity: Pick<WorkloadApiIdentity, "jwtSvid">;
  /** How the service calls itself as the only `aud`; as a rule its issuer identifier. */
  readonly audience: string;
}

/** Options of `createTxnTokenClient`. */
export interface TxnTokenClientOptions {
  /** Who asks: each request carries a proof of this identity. */
  readonly identity: CredentialSource;
  /** The token endpoint of the service: an https: URL, or http: to this machine. */
  readonly url: string;
  /** The SPIFFE ID of the service, or with the kinds of proof that it accepts. */
  readonly service: string | Omit<PeerOptions, "context">;
  /** The trust domain that tokens are asked for, such as `shop.example`. */
  readonly trustDomain: string;
  /** The keys of the service, by which each answer is checked. */
  readonly keys: KeySetSource;
  /** Adds a JWT-SVID as client assertion (draft-ietf-oauth-spiffe-client-auth §3.1). Default none. */
  readonly clientAssertion?: ClientAssertionOptions | undefined;
  /** What sends the requests. Default: the global fetch. */
  readonly fetch?: AnyFetch | undefined;
  /** The longest that one request may take, up to 30000. Default 5000. */
  readonly timeoutMilliseconds?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** The options with defaults filled in. */
export interface TxnTokenClientRules {
  readonly url: URL;
  /** Proves who we are, and passes nothing on by itself. */
  readonly fetch: typeof globalThis.fetch;
  readonly trustDomain: string;
  readonly keys: KeySetSource;
  readonly clientAssertion: ClientAssertionOptions | undefined;
  readonly timeoutMilliseconds: number;
  readonly clock: Clock;
}

const id = readBy((text) => parseWorkloadId(text, ["spiffe", "wimse"]).toString());
const service = z.union(
  [
    z.pipe(
      id,
      z.transform((text) => ({ id: text, accept: undefined })),
    ),
    z.strictObject({ id, accept: z.optional(z.array(z.custom<ProofFormat>())) }),
  ],
  { error: "must be the SPIFFE ID of the service, or { id, accept }" },
);

const schema = z.strictObject({
  identity: capability<CredentialSource>("credentials"),
  service,
  url: readBy(parseServiceUrl, "must be an https: URL without user information"),
  trustDomain: readBy(parseTrustDomain, "must be the name of a trust domain"),
  keys: capability<KeySetSource>("authorities"),
  clientAssertion: z.optional(
    z.strictObject({
      identity: capability<ClientAssertionOptions["identity"]>("jwtSvid"),
      audience: z.string().check(z.minLength(1)),
    }),
  ),
  fetch: z.optional(callback<AnyFetch>()),
  timeoutMilliseconds: z.optional(wholeNumber(1, 30_000)),
  clock: z.optional(clockOption),
});

/**
 * Checks the options once and fills in the defaults.
 *
 * @throws {ConfigurationError} naming the option
 */
export function parseTxnTokenClientOptions(options: TxnTokenClientOptions): TxnTokenClientRules {
  const parsed = parseOptions("createTxnTokenClient", schema, options);
  const { identity, service, url, fetch, clock = systemClock } = parsed;
  const peers = { [url.origin]: { ...service, context: [] } };
  return {
    url,
    fetch: createFetch({ identity, peers, fetch, clock }),
    trustDomain: parsed.trustDomain,
    keys: parsed.keys,
    clientAssertion: parsed.clientAssertion,
    timeoutMilliseconds: parsed.timeoutMilliseconds ?? 5000,
    clock,
  };
}
