import { parseStrictJson, parseTrustDomain, type TrustDomain } from "@firsthand/core";
import * as z from "zod/mini";
import { fileInvalid } from "./file-error.js";

const schema = z.object({ trust_domains: z.record(z.string(), z.unknown()) });

/**
 * Takes a SPIFFE bundle map (SPIFFE Trust Domain and Bundle §5) apart into the bundle documents of its
 * trust domains, which are not read here.
 *
 * @throws {CredentialError} `file_invalid`
 */
export function splitBundleMap(
  path: string,
  content: Uint8Array,
): ReadonlyMap<TrustDomain, Uint8Array> {
  const map = unlessWrong(path, "is not a SPIFFE bundle map", () =>
    schema.parse(parseStrictJson(content)),
  );
  const documents = Object.entries(map.trust_domains).map(([name, bundle]) => {
    const problem = "has a bundle for a name that is not a trust domain";
    const trustDomain = unlessWrong(path, problem, () => parseTrustDomain(name));
    return [trustDomain, Buffer.from(JSON.stringify(bundle))] as const;
  });
  return new Map(documents);
}

function unlessWrong<T>(path: string, problem: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw fileInvalid(path, problem, cause);
  }
}
