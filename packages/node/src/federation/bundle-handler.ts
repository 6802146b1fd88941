import {
  type Clock,
  CredentialError,
  capability,
  clockOption,
  formatTrustBundle,
  invalidOption,
  parseOptions,
  parseTrustDomain,
  systemClock,
  type TrustBundle,
  type TrustDomain,
  type WorkloadIdentity,
  wholeNumber,
} from "@firsthand/core";
import * as z from "zod/mini";
import { readBy } from "../read-option.js";

/** Options of {@link bundleHandler}. */
export interface BundleHandlerOptions {
  /** Whose bundle is served. Default: that of the trust domain of the first credential. */
  readonly trustDomain?: string | undefined;
  /** How often consumers are told to ask, from 10 to 86400. Default 300. */
  readonly refreshHintSeconds?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** What is used of a request of Node or Express, or of Fastify's `request.raw`. */
export interface BundleRequest {
  readonly method?: string | undefined;
}

/** What is used of a response of Node or Express, or of Fastify's `reply.raw`. */
export interface BundleResponse {
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  end(content?: string): unknown;
}

const factory = "bundleHandler";
const schema = z.strictObject({
  identity: capability<WorkloadIdentity>("credentials", "trustBundle"),
  trustDomain: z.optional(readBy(parseTrustDomain, "must be the name of a trust domain")),
  refreshHintSeconds: z.optional(wholeNumber(10, 86_400)),
  clock: z.optional(clockOption),
});

/**
 * Makes a handler for a bundle endpoint (SPIFFE Federation §5): it answers GET and HEAD on any path
 * with the current bundle of our own trust domain, for other trust domains to fetch. It asks nobody
 * who they are, as the standard demands, and tells public keys only.
 *
 * Serve it over TLS with a web certificate (`https_web`), or with our own X.509-SVID (`https_spiffe`)
 * by `spiffeTlsServer`.
 *
 * The `spiffe_sequence` is that of the source, where it knows one. Otherwise it is the time in
 * milliseconds at which this handler first saw the bundle, so that it grows over restarts as well.
 *
 * @throws {ConfigurationError} naming the option that is wrong
 */
export function bundleHandler(
  identity: WorkloadIdentity,
  options: BundleHandlerOptions = {},
): (request: BundleRequest, response: BundleResponse) => Promise<void> {
  const parsed = parseOptions(factory, schema, { ...options, identity });
  const { refreshHintSeconds = 300, clock = systemClock } = parsed;
  const trustDomain = parsed.trustDomain ?? ownTrustDomain(identity);
  let served: TrustBundle | undefined;
  let document = Promise.resolve("");
  let sequence = 0;

  function currentDocument(): Promise<string> {
    const bundle = identity.trustBundle(trustDomain);
    if (bundle === undefined) throw new CredentialError("source_not_ready");
    if (bundle === served) return document;
    served = bundle;
    sequence = bundle.sequence ?? Math.max(clock.now(), sequence + 1);
    document = formatTrustBundle({ ...bundle, sequence, refreshHintSeconds });
    return document;
  }

  return async function serveBundle({ method }, response) {
    if (method !== "GET" && method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" });
      response.end();
      return;
    }
    try {
      const content = await currentDocument();
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(content),
        "cache-control": "no-cache",
      });
      response.end(content);
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      response.writeHead(503, { "retry-after": `${refreshHintSeconds}` });
      response.end();
    }
  };
}

function ownTrustDomain(identity: WorkloadIdentity): TrustDomain {
  const [credential] = identity.credentials();
  if (credential !== undefined) return credential.id.trustDomain;
  throw invalidOption(factory, "trustDomain", "is needed, because the identity has no credential");
}
