import { withDeadline } from "../../with-deadline.js";
import { createWorkloadApiClient } from "../../workload-api/workload-api-client.js";
import { backgroundClock } from "../background-clock.js";
import { fetchJwtSvid } from "./fetch-jwt-svid.js";
import { openingError } from "./opening-error.js";
import type { JwtSvidQuestion } from "./own-jwt-svid.js";
import { ProfileBoard } from "./profile-board.js";
import { watchProfiles } from "./watch-profiles.js";
import { HeldWorkloadIdentity, type WorkloadApiIdentity } from "./workload-api-identity.js";
import {
  parseWorkloadIdentityOptions,
  type WorkloadIdentityOptions,
} from "./workload-identity-options.js";

/**
 * Opens the identity of this process from the SPIFFE Workload API, and keeps it up to date: each
 * message is a whole state, validated as a peer would validate it before it takes the place of the one
 * before. Resolves when the first state of every profile that is offered is there.
 *
 * While the Workload API is away, or what it says does not hold together, the last good state stays
 * until it expires. When it says that this process has no identity, that is dropped at once. State and
 * events tell which. It reconnects by itself, and does not keep the process alive.
 *
 * ```ts
 * const identity = await openWorkloadIdentity({ expectedTrustDomain: "shop.example" });
 * ```
 *
 * @throws {CredentialError} after `timeoutMilliseconds`, with what went wrong last: `endpoint_stalled`,
 * `endpoint_unreachable`, `endpoint_forbidden`, `endpoint_untrusted`, `endpoint_unavailable`,
 * `workload_unregistered`, `response_malformed`, `response_too_large`, `response_invalid`; at once:
 * `endpoint_refused`, `endpoint_unsupported`, `identity_unexpected`, `trust_domain_unexpected`
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function openWorkloadIdentity(
  options: WorkloadIdentityOptions = {},
): Promise<WorkloadApiIdentity> {
  return openIdentity(options, Math.random);
}

/** @param random what jitter is made of, from 0 to 1 */
export async function openIdentity(
  options: WorkloadIdentityOptions,
  random: () => number,
): Promise<WorkloadApiIdentity> {
  const rules = parseWorkloadIdentityOptions(options);
  const { clock, profiles, timeoutMilliseconds } = rules;
  const client = createWorkloadApiClient(rules);
  const ending = new AbortController();
  const means = { clock: backgroundClock(clock), random, signal: ending.signal };
  const board = new ProfileBoard(profiles, clock);
  const late = () => openingError(board, rules);
  const milliseconds = timeoutMilliseconds;
  const opened = withDeadline({ clock, milliseconds, late }, (signal) => board.opened(signal));
  const watching = watchProfiles(profiles, client, board, rules, means);

  async function end(): Promise<void> {
    ending.abort();
    await client.close();
    await watching;
    board.close();
  }

  try {
    const holder = await opened;
    const fetch = (question: JwtSvidQuestion) => fetchJwtSvid(client, question, rules);
    return new HeldWorkloadIdentity(holder, clock, board.isOffered("jwt") ? fetch : undefined, end);
  } catch (error) {
    await end();
    throw error;
  }
}
