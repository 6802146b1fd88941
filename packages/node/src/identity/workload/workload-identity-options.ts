import {
  type Clock,
  clockOption,
  invalidOption,
  oneOf,
  parseOptions,
  parseTrustDomain,
  parseWorkloadId,
  systemClock,
  wholeNumber,
} from "@firsthand/core";
import * as z from "zod/mini";
import { parsedText } from "../../read-option.js";
import { type Endpoint, endpointFrom } from "../../workload-api/endpoint.js";
import type { SocketTrust } from "../../workload-api/socket-trust.js";
import type { IdentityRules } from "./delivered-svids.js";
import type { WorkloadProfile } from "./profile-state.js";

/** Options of `openWorkloadIdentity`. */
export interface WorkloadIdentityOptions {
  /**
   * Where the Workload API listens: `unix:///run/spire/agent.sock`, or `tcp://127.0.0.1:8000`. Default:
   * the environment variable `SPIFFE_ENDPOINT_SOCKET`.
   */
  readonly address?: string | undefined;
  /** The SPIFFE ID to be, when the process is entitled to several. Default: the first that is offered. */
  readonly id?: string | undefined;
  /** The hint of the identity to be, as the operator registered it. With `id`, both have to fit. */
  readonly hint?: string | undefined;
  /**
   * The only trust domain that our identity may be of, such as `shop.example`. Recommended: nothing else
   * tells a Workload API of somebody else from ours. Default: any.
   */
  readonly expectedTrustDomain?: string | undefined;
  /**
   * What to ask for; one that is not offered is left out. `x509` and `wit` bring a credential, and `jwt`
   * only bundles and `jwtSvid`. Default: all three.
   */
  readonly profiles?: readonly WorkloadProfile[] | undefined;
  /** How long the first complete state may take, and later a JWT-SVID. Default 30,000. */
  readonly timeoutMilliseconds?: number | undefined;
  /** Whom the socket has to belong to. Default `"unchecked"`. */
  readonly socketTrust?: SocketTrust | undefined;
  readonly clock?: Clock | undefined;
}

/** The options, checked. */
export interface WorkloadIdentityRules extends IdentityRules {
  readonly endpoint: Endpoint;
  readonly profiles: readonly WorkloadProfile[];
  readonly timeoutMilliseconds: number;
  readonly socketTrust: SocketTrust;
}

const factory = "openWorkloadIdentity";

const schema = z.strictObject({
  address: z.optional(z.string()),
  id: parsedText(parseWorkloadId),
  hint: z.optional(z.string().check(z.minLength(1))),
  expectedTrustDomain: parsedText(parseTrustDomain),
  profiles: z.optional(z.array(oneOf("x509", "jwt", "wit"))),
  timeoutMilliseconds: z.optional(wholeNumber(1, 24 * 60 * 60 * 1000)),
  socketTrust: z.optional(
    z.union([
      z.literal("unchecked"),
      z.strictObject({
        ownerUids: z.readonly(z.array(wholeNumber(0, 2 ** 32 - 2)).check(z.minLength(1))),
      }),
    ]),
  ),
  clock: z.optional(clockOption),
});

/** @throws {ConfigurationError} naming the option that is wrong */
export function parseWorkloadIdentityOptions(
  options: WorkloadIdentityOptions,
): WorkloadIdentityRules {
  const parsed = parseOptions(factory, schema, options);
  const profiles = [...new Set(parsed.profiles ?? (["x509", "jwt", "wit"] as const))];
  if (!profiles.includes("x509") && !profiles.includes("wit")) {
    throw invalidOption(factory, "profiles", "needs x509 or wit, which bring a credential");
  }
  return {
    endpoint: endpointFrom(parsed.address, process.env),
    id: parsed.id,
    hint: parsed.hint,
    expectedTrustDomain: parsed.expectedTrustDomain,
    profiles,
    timeoutMilliseconds: parsed.timeoutMilliseconds ?? 30_000,
    socketTrust: parsed.socketTrust ?? "unchecked",
    clock: parsed.clock ?? systemClock,
  };
}
