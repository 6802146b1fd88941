import { X509Certificate } from "node:crypto";
import {
  type Clock,
  capability,
  clockOption,
  invalidOption,
  parseOptions,
  parseTrustDomain,
  parseWorkloadId,
  type SpiffeId,
  systemClock,
  type TrustBundle,
  type TrustDomain,
  type TrustSource,
  wholeNumber,
} from "@firsthand/core";
import * as z from "zod/mini";
import { readBy } from "../read-option.js";

/** How the server of a bundle endpoint shows that it is the one (SPIFFE Federation §5.2). */
export type BundleEndpointProfile = "https_web" | HttpsWebProfile | HttpsSpiffeProfile;

/** By a web certificate for the host in the URL; `"https_web"` for short. */
export interface HttpsWebProfile {
  readonly kind: "https_web";
  /** PEM of the authorities of a private web PKI, which take the place of the public ones. */
  readonly ca?: string | undefined;
}

/** By an X.509-SVID; the host in the URL says nothing about the server. */
export interface HttpsSpiffeProfile {
  readonly kind: "https_spiffe";
  /** The SPIFFE ID of the server, such as `spiffe://partner.example/spire/server`. */
  readonly id: string;
  /**
   * Where trust in that ID comes from. By default the endpoint vouches for itself: at first by the
   * `initialBundle`, from then on by the newest bundle that it served.
   */
  readonly trust?: TrustSource | undefined;
}

/** Options of `openBundleEndpoint`. */
export interface BundleEndpointOptions {
  /** Whose bundle is served there. It is never taken from the URL or from what is served. */
  readonly trustDomain: string;
  /** An https: URL without user information. */
  readonly url: string;
  readonly profile: BundleEndpointProfile;
  /**
   * The bundle that was exchanged when both sides agreed to federate. It is in use until the endpoint
   * answers, so that an endpoint that is down does not keep this process from starting.
   */
  readonly initialBundle?: TrustBundle | undefined;
  /**
   * How often to ask, from 10 to 86400. Default: as often as the bundle says, or every 300 seconds; not
   * outside these bounds, and not less often than three times in `maxStaleSeconds`.
   */
  readonly refreshSeconds?: number | undefined;
  /**
   * How long a bundle is in use after the endpoint confirmed it last, from 30 to 1209600. A bundle has
   * no end of its own, so whoever cuts us off from the endpoint would keep revoked authorities in
   * force. Default 259200, which is three days.
   */
  readonly maxStaleSeconds?: number | undefined;
  /** The longest that one fetch may take, up to 10000. Default 10000. */
  readonly timeoutMilliseconds?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** A profile with its SPIFFE ID read. */
export type EndpointAuthentication =
  | HttpsWebProfile
  | (Omit<HttpsSpiffeProfile, "id"> & { readonly id: SpiffeId });

/** The options with defaults filled in. */
export interface BundleEndpointRules {
  readonly trustDomain: TrustDomain;
  readonly url: URL;
  readonly profile: EndpointAuthentication;
  readonly initialBundle: TrustBundle | undefined;
  readonly refreshSeconds: number | undefined;
  readonly maxStaleSeconds: number;
  readonly timeoutMilliseconds: number;
  readonly clock: Clock;
}

const factory = "openBundleEndpoint";

const profileSchema = z.pipe(
  z.transform((profile) => (profile === "https_web" ? { kind: profile } : profile)),
  z.discriminatedUnion(
    "kind",
    [
      z.strictObject({
        kind: z.literal("https_web"),
        ca: z.optional(readBy(parsePem, "must be PEM certificates")),
      }),
      z.strictObject({
        kind: z.literal("https_spiffe"),
        id: readBy(parseWorkloadId, "must be the SPIFFE ID of the server"),
        trust: z.optional(capability<TrustSource>("trustBundle")),
      }),
    ],
    {
      error:
        'must be "https_web", { kind: "https_web", ca } or { kind: "https_spiffe", id, trust }',
    },
  ),
);

const schema = z.strictObject({
  trustDomain: readBy(parseTrustDomain, "must be the name of a trust domain"),
  url: readBy(parseEndpointUrl, "must be an https: URL without user information"),
  profile: profileSchema,
  initialBundle: z.optional(
    z.custom<TrustBundle>((value) => value instanceof Object && "x509Authorities" in value, {
      error: "must be a trust bundle",
    }),
  ),
  refreshSeconds: z.optional(wholeNumber(10, 86_400)),
  maxStaleSeconds: z.optional(wholeNumber(30, 1_209_600)),
  timeoutMilliseconds: z.optional(wholeNumber(1, 10_000)),
  clock: z.optional(clockOption),
});

/**
 * Checks the options once and fills in the defaults.
 *
 * @throws {ConfigurationError} naming the option
 */
export function parseBundleEndpointOptions(options: BundleEndpointOptions): BundleEndpointRules {
  const parsed = parseOptions(factory, schema, options);
  const { trustDomain, profile, initialBundle } = parsed;
  if (initialBundle !== undefined && initialBundle.trustDomain !== trustDomain) {
    throw invalidOption(factory, "initialBundle", "is a bundle of another trust domain");
  }
  if (profile.kind === "https_spiffe" && profile.trust === undefined) {
    if (profile.id.trustDomain !== trustDomain) {
      const problem = "is needed, because the server belongs to another trust domain";
      throw invalidOption(factory, "profile.trust", problem);
    }
    if (initialBundle === undefined) {
      const problem = "is needed for the first connection, or profile.trust";
      throw invalidOption(factory, "initialBundle", problem);
    }
  }
  return {
    trustDomain,
    url: parsed.url,
    profile,
    initialBundle,
    refreshSeconds: parsed.refreshSeconds,
    maxStaleSeconds: parsed.maxStaleSeconds ?? 259_200,
    timeoutMilliseconds: parsed.timeoutMilliseconds ?? 10_000,
    clock: parsed.clock ?? systemClock,
  };
}

function parseEndpointUrl(value: unknown): URL {
  const url = new URL(String(value));
  if (!isEndpointUrl(url)) throw new TypeError("not the URL of a bundle endpoint");
  return url;
}

/** Whether a URL can be that of a bundle endpoint (SPIFFE Federation §5.2.1.1, §5.2.2.1). */
export function isEndpointUrl({ protocol, username, password }: URL): boolean {
  return protocol === "https:" && username === "" && password === "";
}

function parsePem(value: unknown): string {
  const text = String(value);
  void new X509Certificate(text);
  return text;
}
