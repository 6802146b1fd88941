import type { Caller } from "@firsthand/core";

/** What a service of the shop tells whom it let in: as whom, and on whose behalf. */
export function welcome({ id, onBehalfOf }: Caller) {
  return { caller: id.toString(), customer: onBehalfOf?.subject };
}
