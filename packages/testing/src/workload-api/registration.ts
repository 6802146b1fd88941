import type { SpiffeId } from "@firsthand/core";
import type {
  IssuedWitSvid,
  IssueJwtSvidOptions,
  IssueWitSvidOptions,
} from "../token/issue-token-svid.js";
import type { TestTrustDomain } from "../trust-domain.js";
import type { Workload } from "../workload-id.js";
import type { IssuedX509Svid, IssueX509SvidOptions } from "../x509/issue-x509-svid.js";

/** An identity that the caller of a socket is entitled to. */
export interface RegisteredWorkload {
  readonly workload: Workload;
  /** How the application recognises it among several. */
  readonly hint?: string | undefined;
  readonly x509Svid?: IssueX509SvidOptions | undefined;
  readonly jwtSvid?: JwtSvidOptions | undefined;
  readonly witSvid?: IssueWitSvidOptions | undefined;
}

/** How a JWT-SVID differs from the usual one; its audience is what the caller asks for. */
export type JwtSvidOptions = Omit<IssueJwtSvidOptions, "audience">;

/** The SVIDs of one registered workload; its JWT-SVIDs are issued when they are asked for. */
export interface IssuedIdentity {
  readonly id: SpiffeId;
  readonly hint: string;
  readonly x509: IssuedX509Svid;
  readonly jwtSvid: JwtSvidOptions;
  readonly wit: IssuedWitSvid;
}

/** The authorities of one trust domain, in the form of each profile. */
export interface PublishedBundle {
  /** The SPIFFE ID of the trust domain. */
  readonly id: string;
  /** Concatenated DER. */
  readonly x509: Uint8Array;
  /** A JWK Set. */
  readonly jwt: string;
  /** A JWK Set. */
  readonly wit: string;
}

/**
 * Issues fresh SVIDs to all of these workloads.
 *
 * @throws {ConfigurationError | SpiffeIdError} when one of them is no workload
 */
export function issueIdentities(
  trustDomain: TestTrustDomain,
  workloads: readonly (Workload | RegisteredWorkload)[],
): Promise<readonly IssuedIdentity[]> {
  const issue = async (entry: Workload | RegisteredWorkload): Promise<IssuedIdentity> => {
    const registered =
      typeof entry === "object" && "workload" in entry ? entry : { workload: entry };
    const { workload, hint = "", x509Svid, jwtSvid = {}, witSvid } = registered;
    const [x509, wit] = await Promise.all([
      trustDomain.issueX509Svid(workload, x509Svid),
      trustDomain.issueWitSvid(workload, witSvid),
    ]);
    return { id: x509.credential.id, hint, x509, jwtSvid, wit };
  };
  return Promise.all(workloads.map(issue));
}

/** The bundles of a trust domain and of those it federates with. */
export interface PublishedBundles {
  readonly own: PublishedBundle;
  readonly federated: readonly PublishedBundle[];
}

/** The newest bundles. */
export function publishBundles(trustDomain: TestTrustDomain): PublishedBundles {
  const federated = trustDomain.trusted().filter((domain) => domain !== trustDomain);
  return { own: publish(trustDomain), federated: federated.map(publish) };
}

function publish(trustDomain: TestTrustDomain): PublishedBundle {
  const { keys } = JSON.parse(trustDomain.bundleDocument()) as BundleDocument;
  const ofUse = (use: string) => keys.filter((key) => key.use === use);
  const certificates = ofUse("x509-svid").flatMap(({ x5c = [] }) => x5c);
  return {
    id: `spiffe://${trustDomain.name}`,
    x509: Buffer.concat(certificates.map((der) => Buffer.from(der, "base64"))),
    jwt: JSON.stringify({ keys: ofUse("jwt-svid") }),
    wit: JSON.stringify({ keys: ofUse("wit-svid") }),
  };
}

interface BundleDocument {
  readonly keys: readonly { readonly use: string; readonly x5c?: readonly string[] }[];
}
