import { resolve } from "node:path";
import {
  type ConfigurationError,
  invalidOption,
  parseTrustDomain,
  type TrustDomain,
} from "@firsthand/core";
import type { CredentialFiles, IdentityFiles } from "./identity-files.js";
import { type FileLayout, type Layout, layouts } from "./layouts.js";

/** The options that say which files there are; not each goes with each. */
export interface LocationOptions {
  readonly layout?: FileLayout | undefined;
  readonly directory?: string | undefined;
  readonly certificates?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly credentialBundle?: string | undefined;
  readonly bundle?: string | undefined;
  readonly bundleMap?: string | undefined;
  readonly bundles?: Readonly<Record<string, string>> | undefined;
}

/**
 * Finds out which files make the identity.
 *
 * @throws {ConfigurationError} `option_invalid`
 */
export function locateFiles(options: LocationOptions): IdentityFiles {
  const { layout } = options;
  const files = layout === undefined ? filesOfPaths(options) : filesOfLayout(layout, options);
  return { ...files, bundles: bundlesOf(options.bundles ?? {}) };
}

export function wrongOption(option: string, problem: string, cause?: unknown): ConfigurationError {
  return invalidOption("openFileIdentity", option, problem, cause);
}

type LocatedFiles = Omit<IdentityFiles, "bundles">;

const paths = ["certificates", "privateKey", "credentialBundle", "bundle", "bundleMap"] as const;

function filesOfLayout(name: FileLayout, options: LocationOptions): LocatedFiles {
  const own = paths.find((path) => options[path] !== undefined);
  if (own !== undefined) throw wrongOption(own, "does not go with a layout");
  const { directory: usual, ...names }: Layout = layouts[name];
  const directory = options.directory ?? usual;
  if (directory === undefined) throw wrongOption("directory", `is needed with ${name}`);
  const at = (file: string) => resolve(directory, file);
  return {
    credential: { certificates: at(names.certificates), privateKey: at(names.privateKey) },
    bundle: names.bundle && at(names.bundle),
    bundleMap: names.bundleMap && at(names.bundleMap),
  };
}

function filesOfPaths(options: LocationOptions): LocatedFiles {
  const { directory, bundle, bundleMap, bundles = {} } = options;
  if (directory !== undefined) throw wrongOption("directory", "goes only with a layout");
  const credential = credentialOf(options);
  if (credential === undefined && bundle !== undefined) {
    throw wrongOption("bundle", "needs an SVID that says whose it is; use bundles");
  }
  if (bundle === undefined && bundleMap === undefined && Object.keys(bundles).length === 0) {
    throw wrongOption("bundles", "is needed: nobody could be verified");
  }
  return {
    credential,
    bundle: bundle && resolve(bundle),
    bundleMap: bundleMap && resolve(bundleMap),
  };
}

function credentialOf(options: LocationOptions): CredentialFiles | undefined {
  const { certificates, privateKey, credentialBundle } = options;
  if (credentialBundle !== undefined) {
    if (certificates !== undefined) throw wrongOption("certificates", "is a second credential");
    if (privateKey !== undefined) throw wrongOption("privateKey", "is a second private key");
    return { certificates: resolve(credentialBundle), privateKey: resolve(credentialBundle) };
  }
  if (certificates === undefined && privateKey === undefined) return undefined;
  if (certificates === undefined) throw wrongOption("certificates", "is needed with privateKey");
  if (privateKey === undefined) throw wrongOption("privateKey", "is needed with certificates");
  return { certificates: resolve(certificates), privateKey: resolve(privateKey) };
}

function bundlesOf(bundles: Readonly<Record<string, string>>): ReadonlyMap<TrustDomain, string> {
  const entries = Object.entries(bundles).map(([name, path]) => {
    try {
      return [parseTrustDomain(name), resolve(path)] as const;
    } catch (cause) {
      throw wrongOption(`bundles[${JSON.stringify(name)}]`, "is not a trust domain", cause);
    }
  });
  return new Map(entries);
}
