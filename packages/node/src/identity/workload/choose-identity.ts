import { CredentialError, type SpiffeId } from "@firsthand/core";

/** Which of the identities of this process is meant. Without any: the default one. */
export interface IdentityChoice {
  readonly id: SpiffeId | undefined;
  readonly hint: string | undefined;
}

/** An identity that is offered. */
interface Offer {
  /** Checked: a SPIFFE ID. */
  readonly spiffeId: string;
  readonly hint: string;
}

/**
 * The first that has the ID and the hint (Workload API §5.2.1: of several with one hint, the first).
 *
 * @throws {CredentialError} `identity_unexpected`, with the IDs that are offered
 */
export function chooseIdentity<T extends Offer>(offers: readonly T[], choice: IdentityChoice): T {
  const { id, hint } = choice;
  const chosen = offers.find(
    (offer) =>
      (id === undefined || offer.spiffeId === id.toString()) &&
      (hint === undefined || offer.hint === hint),
  );
  if (chosen !== undefined) return chosen;
  const wanted = [id?.toString(), hint === undefined ? "" : `hint ${JSON.stringify(hint)}`];
  throw new CredentialError("identity_unexpected", {
    detail: `wanted ${wanted.filter(Boolean).join(" with ")}, offered ${listed(offers)}`,
  });
}

const maxListed = 10;

function listed(offers: readonly Offer[]): string {
  const ids = offers.slice(0, maxListed).map(({ spiffeId }) => spiffeId);
  const more = offers.length - ids.length;
  return more === 0 ? ids.join(", ") : `${ids.join(", ")} and ${more} more`;
}
