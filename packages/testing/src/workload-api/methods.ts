import type { TestTrustDomain } from "../trust-domain.js";
import { GrpcStatusError } from "./grpc.js";
import { readTexts } from "./protobuf.js";
import type { IssuedIdentity, PublishedBundle, PublishedBundles } from "./registration.js";
import type { WorkloadApiMethod, WorkloadApiResponses } from "./responses.js";

/** A part of the Workload API that an operator can leave out. */
export type WorkloadApiProfile = "x509" | "jwt" | "wit";

/** What a caller asks for; empty where the method does not ask for it. */
export interface WorkloadApiRequest {
  readonly audience: readonly string[];
  readonly spiffeId: string;
}

/** What there is to deliver. */
export interface WorkloadApiState {
  readonly trustDomain: TestTrustDomain;
  readonly identities: readonly IssuedIdentity[];
  readonly bundles: PublishedBundles;
}

interface Method<Response> {
  readonly profile: WorkloadApiProfile;
  /** Whether it answers again with each change. */
  readonly streams: boolean;
  /** The numbers of the fields of its request. */
  readonly request: { readonly audience?: number; readonly spiffeId?: number };
  answer(state: WorkloadApiState, request: WorkloadApiRequest): Response | Promise<Response>;
}

/**
 * The methods of the Workload API (Workload API §5 and §6, and its WIT profile). `ValidateJWTSVID` is
 * not among them: it is for clients that cannot validate, and this package's can.
 */
export const methods: {
  readonly [M in WorkloadApiMethod]: Method<WorkloadApiResponses[M]>;
} = {
  FetchX509SVID: {
    profile: "x509",
    streams: true,
    request: {},
    answer({ identities, bundles }) {
      const svids = identities.map(({ id, hint, x509 }) => ({
        spiffeId: id.toString(),
        x509Svid: Buffer.concat(x509.chain),
        x509SvidKey: x509.privateKey,
        bundle: bundles.own.x509,
        hint,
      }));
      return { svids, crl: [], federatedBundles: byDomain(bundles.federated, "x509") };
    },
  },
  FetchX509Bundles: {
    profile: "x509",
    streams: true,
    request: {},
    answer: ({ bundles }) => ({ crl: [], bundles: byDomain(all(bundles), "x509") }),
  },
  FetchJWTSVID: {
    profile: "jwt",
    streams: false,
    request: { audience: 1, spiffeId: 2 },
    async answer({ trustDomain, identities }, { audience, spiffeId }) {
      if (audience.length === 0) {
        throw new GrpcStatusError({
          code: "INVALID_ARGUMENT",
          message: "audience must be specified",
        });
      }
      const issue = async ({ id, hint, jwtSvid }: IssuedIdentity) => {
        const svid = await trustDomain.issueJwtSvid(id, { ...jwtSvid, audience });
        return { spiffeId: id.toString(), svid, hint };
      };
      return { svids: await Promise.all(requested(identities, spiffeId).map(issue)) };
    },
  },
  FetchJWTBundles: {
    profile: "jwt",
    streams: true,
    request: {},
    answer: ({ bundles }) => ({ bundles: byDomain(all(bundles), "jwt") }),
  },
  FetchWITSVID: {
    profile: "wit",
    streams: true,
    request: { spiffeId: 1 },
    answer({ identities }, { spiffeId }) {
      const svids = requested(identities, spiffeId).map(({ id, hint, wit }) => ({
        spiffeId: id.toString(),
        witSvid: wit.token,
        witSvidKey: JSON.stringify(wit.privateKey),
        hint,
      }));
      return { svids };
    },
  },
  FetchWITBundles: {
    profile: "wit",
    streams: true,
    request: {},
    answer: ({ bundles }) => ({ bundles: byDomain(all(bundles), "wit") }),
  },
};

export function isMethod(name: string): name is WorkloadApiMethod {
  return Object.hasOwn(methods, name);
}

/** @throws {GrpcStatusError} `INVALID_ARGUMENT` */
export function readRequest(method: WorkloadApiMethod, message: Uint8Array): WorkloadApiRequest {
  const { audience, spiffeId } = methods[method].request;
  try {
    const texts = readTexts(message);
    const textsOf = (number: number | undefined) => texts.get(number ?? 0) ?? [];
    return { audience: textsOf(audience), spiffeId: textsOf(spiffeId).at(-1) ?? "" };
  } catch (cause) {
    throw new GrpcStatusError(
      { code: "INVALID_ARGUMENT", message: "the request cannot be read" },
      { cause },
    );
  }
}

/** The identity that is asked for, or all of them. */
function requested(identities: readonly IssuedIdentity[], spiffeId: string) {
  const found = identities.filter(({ id }) => spiffeId === "" || id.toString() === spiffeId);
  if (found.length === 0) {
    throw new GrpcStatusError({ code: "PERMISSION_DENIED", message: "no identity issued" });
  }
  return found;
}

function all({ own, federated }: PublishedBundles): readonly PublishedBundle[] {
  return [own, ...federated];
}

function byDomain<Profile extends WorkloadApiProfile>(
  bundles: readonly PublishedBundle[],
  profile: Profile,
): ReadonlyMap<string, PublishedBundle[Profile]> {
  return new Map(bundles.map((bundle) => [bundle.id, bundle[profile]]));
}
