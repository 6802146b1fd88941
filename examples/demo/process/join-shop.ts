import { subscribe } from "node:diagnostics_channel";
import { parseTrustDomain } from "@firsthand/core";
import { openWorkloadIdentity, type WorkloadApiIdentity } from "@firsthand/node";
import { offer, tell } from "./child.js";
import type { Decision } from "./messages.js";

/** What an identity consists of, as far as others may know. */
export interface Holdings {
  readonly credentials: readonly string[];
  /** How many keys of the shop may sign. */
  readonly authorities: number;
}

/** Opens the identity of this process: from the socket that `SPIFFE_ENDPOINT_SOCKET` names. */
export async function joinShop(): Promise<WorkloadApiIdentity> {
  const identity = await openWorkloadIdentity();
  const shop = parseTrustDomain("shop.example");
  identity.subscribe(() => tell({ kind: "identity changed" }));
  offer({
    holdings(): Holdings {
      const bundle = identity.trustBundle(shop);
      const authorities = [bundle?.x509Authorities, bundle?.jwtAuthorities, bundle?.witAuthorities];
      return {
        credentials: identity.credentials().map(({ thumbprint }) => thumbprint),
        authorities: authorities.flatMap((keys) => [...(keys?.values() ?? [])]).length,
      };
    },
  });
  return identity;
}

// What diagnosticsObserver() publishes here goes to the parent, as elsewhere to the audit log.
subscribe("firsthand:verification", (decision) => {
  tell({ kind: "decision", decision: decision as Decision });
});
