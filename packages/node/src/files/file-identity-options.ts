import {
  type Clock,
  clockOption,
  oneOf,
  parseOptions,
  parseTrustDomain,
  parseWorkloadId,
  systemClock,
  wholeNumber,
} from "@firsthand/core";
import * as z from "zod/mini";
import { parsedText } from "../read-option.js";
import type { ExpectedIdentity, IdentityFiles } from "./identity-files.js";
import { type FileLayout, layoutNames } from "./layouts.js";
import { locateFiles, wrongOption } from "./locate-files.js";

/** Where the files are: a layout, or paths. Relative paths start at the working directory. */
export type FileLocation = LayoutLocation | SeparateFiles | CredentialBundleFile | TrustFiles;

/** The files of a tool, by the names that it gives them. */
export interface LayoutLocation {
  /**
   * Who writes the files:
   *
   * - `spiffe-helper`: `svid.pem`, `svid_key.pem` and `svid_bundle.pem`, as its manual names them, in a
   *   `directory` that has to be given. Do not set its `include_federated_domains`.
   * - `csi-driver-spiffe` of cert-manager: `tls.crt`, `tls.key` and `ca.crt`, which it writes where it
   *   was given trust anchors; in `/var/run/secrets/spiffe.io`.
   * - `gke`: `certificates.pem`, `private_key.pem`, `ca_certificates.pem` and `trust_bundles.json`; in
   *   `/var/run/secrets/workload-spiffe-credentials`.
   * - `gce`: the same without `ca_certificates.pem`.
   */
  readonly layout: FileLayout;
  /** Where the files lie. Default: where the layout usually puts them. */
  readonly directory?: string | undefined;
  /** As in {@link TrustFiles}. */
  readonly bundles?: Readonly<Record<string, string>> | undefined;
}

/** Certificate chain and private key in two files. */
export interface SeparateFiles extends TrustFiles {
  /** PEM: the leaf, then intermediates. */
  readonly certificates: string;
  /** PEM: PKCS#8, SEC 1 or PKCS#1, unencrypted. */
  readonly privateKey: string;
  /** The bundle of our own trust domain: PEM certificates, or a SPIFFE bundle document. */
  readonly bundle?: string | undefined;
}

/** Certificate chain and private key in one file, as Kubernetes writes pod certificates. */
export interface CredentialBundleFile extends TrustFiles {
  /** PEM: the private key, and the chain from the leaf upwards. */
  readonly credentialBundle: string;
  /** As in {@link SeparateFiles}. */
  readonly bundle?: string | undefined;
}

/** The files of an identity that only verifies, or more of any other. */
export interface TrustFiles {
  /** A file for each trust domain, by its name: PEM certificates, or a SPIFFE bundle document. */
  readonly bundles?: Readonly<Record<string, string>> | undefined;
  /**
   * A SPIFFE bundle map, which says itself whose bundles it holds. Of a trust domain that has a file of
   * its own, the bundle in the map is not used; bundles are never merged.
   */
  readonly bundleMap?: string | undefined;
}

/** Options of `openFileIdentity`. */
export type FileIdentityOptions = FileLocation & {
  /**
   * The only trust domain that our SVID may be of, such as `shop.example`. Recommended: nothing else
   * tells files of somebody else from ours. Default: any.
   */
  readonly expectedTrustDomain?: string | undefined;
  /** The only SPIFFE ID that our SVID may have. Default: any. */
  readonly id?: string | undefined;
  /** How long to wait for a first good state, up to a day; 0 means not at all. Default 30000. */
  readonly timeoutMilliseconds?: number | undefined;
  /**
   * How often to look without having been told of a change, from 100 to 3600000. Default 30000. It
   * counts where directories cannot be watched, as on network file systems.
   */
  readonly pollMilliseconds?: number | undefined;
  readonly clock?: Clock | undefined;
};

/** The options with defaults filled in. */
export interface FileIdentityRules {
  readonly files: IdentityFiles;
  readonly expected: ExpectedIdentity;
  readonly timeoutMilliseconds: number;
  readonly pollMilliseconds: number;
  readonly clock: Clock;
}

const path = z
  .string({ error: "must be a path" })
  .check(z.regex(/^[^\0]+$/, { error: "must be a path" }));

const schema = z.strictObject({
  layout: z.optional(oneOf(...layoutNames)),
  directory: z.optional(path),
  certificates: z.optional(path),
  privateKey: z.optional(path),
  credentialBundle: z.optional(path),
  bundle: z.optional(path),
  bundleMap: z.optional(path),
  bundles: z.optional(z.record(z.string(), path, { error: "must map trust domains to paths" })),
  expectedTrustDomain: parsedText(parseTrustDomain),
  id: parsedText(parseWorkloadId),
  timeoutMilliseconds: z.optional(wholeNumber(0, 24 * 60 * 60 * 1000)),
  pollMilliseconds: z.optional(wholeNumber(100, 3_600_000)),
  clock: z.optional(clockOption),
});

/**
 * Checks the options once and fills in the defaults.
 *
 * @throws {ConfigurationError} naming the option
 */
export function parseFileIdentityOptions(options: FileIdentityOptions): FileIdentityRules {
  const parsed = parseOptions("openFileIdentity", schema, options);
  const files = locateFiles(parsed);
  const own = parsed.id === undefined ? "expectedTrustDomain" : "id";
  if (files.credential === undefined && parsed[own] !== undefined) {
    throw wrongOption(own, "is about our own SVID, and no file holds one");
  }
  return {
    files,
    expected: { id: parsed.id, trustDomain: parsed.expectedTrustDomain },
    timeoutMilliseconds: parsed.timeoutMilliseconds ?? 30_000,
    pollMilliseconds: parsed.pollMilliseconds ?? 30_000,
    clock: parsed.clock ?? systemClock,
  };
}
