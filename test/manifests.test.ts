import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  identitiesIn,
  manifestsIn,
  parseManifests,
  problemsOf,
  workloadsIn,
} from "./support/manifests.js";

const folder = fileURLToPath(new URL("../examples/kubernetes/", import.meta.url));
const manifests = manifestsIn(folder);

/** What is wrong with a file of which one thing was changed. */
function problemsAfter(file: string, before: string, after: string): string[] {
  const text = readFileSync(`${folder}${file}`, "utf8");
  if (!text.includes(before)) throw new Error(`${file} has no ${before}`);
  return parseManifests(text.replace(before, after)).flatMap(problemsOf);
}

describe("manifests", () => {
  it.each(manifests)("fits its schema: $name", ({ resource }) => {
    expect(problemsOf(resource)).toEqual([]);
  });

  it.each([
    ["a field that nothing knows", "image:", "imagee:", "/containers/0/imagee: unknown"],
    ["a field of another level", "capabilities:", "fsGroup:", "/securityContext/fsGroup: unknown"],
    ["a wrong type", "containerPort: 8080", 'containerPort: "8080"', "/containerPort: type"],
    ["a missing field", "signerName: shop.example/svid", "", "/podCertificate: required"],
    ["a misspelt volume", "podCertificate:", "podCertificates:", "/podCertificates: unknown"],
    ["a misspelt kind", "kind: Deployment", "kind: Deploiment", "no schema for apps/v1 Deploiment"],
    ["an unknown version", "apps/v1", "apps/v2", "no schema for apps/v2 Deployment"],
  ])("refuses %s", (_, before, after, problem) => {
    expect(problemsAfter("pod-certificates/orders.yaml", before, after)).toEqual([
      expect.stringContaining(problem),
    ]);
  });

  it.each([
    ["a misspelt field", "workloadSelectorTemplates:", "workloadSelectors:"],
    ["a wrong type", "ttl: 1h", "ttl: 3600"],
    ["an identity that is a path", "spiffe://{{ .TrustDomain }}/checkout", "/checkout"],
    ["a selector without a type", "k8s:sa:checkout", "sa:checkout"],
    ["a missing field", "className: spire-mgmt-spire", ""],
  ])("refuses %s of a ClusterSPIFFEID", (_, before, after) => {
    expect(problemsAfter("spire/identities.yaml", before, after)).not.toEqual([]);
  });

  it.each(identitiesIn(manifests))("gives an identity to one container: $name", (identity) => {
    const { labels, selectors } = identity;
    expect(workloadsIn(manifests)).toContainEqual({ labels, selectors });
  });

  it("refuses YAML that says a thing twice", () => {
    expect(() => parseManifests("kind: Pod\nkind: Service\n")).toThrow("Map keys must be unique");
  });
});
