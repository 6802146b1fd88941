import {
  type Clock,
  CredentialError,
  parseWorkloadId,
  type SpiffeId,
  type TrustDomain,
} from "@firsthand/core";
import { chooseIdentity, type IdentityChoice } from "./choose-identity.js";
import { invalidResponse } from "./invalid-response.js";

/** Which identity is accepted, and when. */
export interface IdentityRules extends IdentityChoice {
  readonly expectedTrustDomain: TrustDomain | undefined;
  readonly clock: Clock;
}

interface DeliveredSvid {
  readonly spiffeId: string;
  readonly hint: string;
}

/**
 * Takes our SVID from a message that has to be whole: SVIDs, with none of their fields empty but the
 * hint (Workload API §4.1). Of the others nothing else is looked at: they are never used.
 *
 * @throws {CredentialError} `response_invalid`, `identity_unexpected`, `trust_domain_unexpected`
 */
export function ownSvid<T extends DeliveredSvid>(svids: readonly T[], rules: IdentityRules): T {
  if (svids.length === 0) throw invalidResponse("it has no SVID");
  const ids = svids.map(checkSvid);
  const own = chooseIdentity(svids, rules);
  const { expectedTrustDomain: expected } = rules;
  const trustDomain = ids[svids.indexOf(own)]?.trustDomain;
  if (expected === undefined || trustDomain === expected) return own;
  throw new CredentialError("trust_domain_unexpected", {
    detail: `expected ${expected}, delivered ${own.spiffeId}`,
  });
}

function checkSvid(svid: DeliveredSvid): SpiffeId {
  const { hint: _, ...mandatory } = svid;
  const empty = Object.entries(mandatory).find(([, value]) => value.length === 0);
  if (empty !== undefined) throw invalidResponse(`an SVID has an empty ${empty[0]}`);
  try {
    return parseWorkloadId(svid.spiffeId);
  } catch (cause) {
    throw invalidResponse("an SVID is not named for a workload", cause);
  }
}
