import { type Clock, CredentialError, parseOptions, parseWorkloadId } from "@firsthand/core";
import * as z from "zod/mini";
import { parsedText } from "../../read-option.js";
import { HeldIdentity } from "../held-identity.js";
import type { IdentityHolder } from "../identity-holder.js";
import type { LiveIdentity } from "../live-identity.js";
import { JwtSvidCache, type OwnJwtSvid } from "./jwt-svid-cache.js";
import type { JwtSvidQuestion } from "./own-jwt-svid.js";

/** What a JWT-SVID is asked for with. */
export interface JwtSvidOptions {
  /** Who will read it: one name, or several that then can all use it. */
  readonly audience: string | readonly string[];
  /** Another SPIFFE ID of this process than the one of the identity. */
  readonly id?: string | undefined;
}

/** An identity from the SPIFFE Workload API. */
export interface WorkloadApiIdentity extends LiveIdentity {
  /**
   * A JWT-SVID of ours, for a peer that takes nothing better: a bearer token, which whoever reads it
   * can use. It is kept and fetched anew before it ends, so ask for it with each use. It was validated
   * under our own bundle, is of the SPIFFE ID that was asked for, and names every audience. When none
   * can be had, that is not tried again here.
   *
   * @throws {CredentialError} `response_invalid`, `workload_unregistered`, `endpoint_unsupported`
   * without the JWT profile, another `endpoint_…` or `response_…` code, `source_expired`,
   * `source_closed`
   * @throws {ConfigurationError} naming the option that is wrong
   */
  jwtSvid(options: JwtSvidOptions): Promise<OwnJwtSvid>;
}

const name = z.string().check(z.minLength(1));
const schema = z.strictObject({
  audience: z.union([name, z.array(name).check(z.minLength(1))]),
  id: parsedText(parseWorkloadId),
});

/** How a JWT-SVID is fetched; undefined without the JWT profile. */
type FetchJwtSvid = ((question: JwtSvidQuestion) => Promise<string>) | undefined;

export class HeldWorkloadIdentity extends HeldIdentity implements WorkloadApiIdentity {
  readonly #jwtSvids: JwtSvidCache | undefined;

  constructor(
    holder: IdentityHolder,
    clock: Clock,
    fetchJwtSvid: FetchJwtSvid,
    release: () => Promise<void>,
  ) {
    super(holder, release);
    if (fetchJwtSvid === undefined) return;
    const cache = new JwtSvidCache(fetchJwtSvid, holder, clock);
    holder.subscribe(({ status }) => {
      if (status === "expired") cache.clear();
    });
    this.#jwtSvids = cache;
  }

  async jwtSvid(options: JwtSvidOptions): Promise<OwnJwtSvid> {
    const { audience, id } = parseOptions("jwtSvid", schema, options);
    const [own] = this.credentials();
    if (this.#jwtSvids === undefined || own === undefined) {
      throw new CredentialError("endpoint_unsupported", { detail: "JWT" });
    }
    return this.#jwtSvids.get({ id: id ?? own.id, audience: listed(audience) });
  }
}

function listed(audience: string | readonly string[]): JwtSvidQuestion["audience"] {
  return (typeof audience === "string" ? [audience] : [...audience]) as [string, ...string[]];
}
