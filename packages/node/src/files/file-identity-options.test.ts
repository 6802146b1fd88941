import { join, resolve } from "node:path";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type FileIdentityOptions, parseFileIdentityOptions } from "./file-identity-options.js";
import { pathsOf } from "./identity-files.js";

const parse = (options: object) => parseFileIdentityOptions(options as FileIdentityOptions);
const paths = (options: object) => [...pathsOf(parse(options).files)];
const google = "/var/run/secrets/workload-spiffe-credentials";
const svid = { certificates: "/a", privateKey: "/b" };

describe("parseFileIdentityOptions", () => {
  it.each([
    [
      { layout: "spiffe-helper", directory: "/certs" },
      ["/certs/svid.pem", "/certs/svid_key.pem", "/certs/svid_bundle.pem"],
    ],
    [
      { layout: "csi-driver-spiffe" },
      ["tls.crt", "tls.key", "ca.crt"].map((name) => join("/var/run/secrets/spiffe.io", name)),
    ],
    [
      { layout: "gke" },
      ["certificates.pem", "private_key.pem", "ca_certificates.pem", "trust_bundles.json"].map(
        (name) => join(google, name),
      ),
    ],
    [
      { layout: "gce" },
      ["certificates.pem", "private_key.pem", "trust_bundles.json"].map((name) =>
        join(google, name),
      ),
    ],
    [
      { layout: "csi-driver-spiffe", directory: "x" },
      ["tls.crt", "tls.key", "ca.crt"].map((name) => resolve("x", name)),
    ],
    [
      { layout: "gce", directory: "/x", bundles: { "partner.example": "p.json" } },
      ["/x/certificates.pem", "/x/private_key.pem", "/x/trust_bundles.json", resolve("p.json")],
    ],
    [{ ...svid, bundle: "c" }, ["/a", "/b", resolve("c")]],
    [{ ...svid, bundleMap: "/c" }, ["/a", "/b", "/c"]],
    [{ ...svid, bundles: { "shop.example": "/c" } }, ["/a", "/b", "/c"]],
    [{ credentialBundle: "a", bundle: "/c" }, [resolve("a"), "/c"]],
    [{ bundleMap: "/c" }, ["/c"]],
    [{ bundles: { "shop.example": "/c", "partner.example": "/d" } }, ["/c", "/d"]],
  ])("finds the files of %o", (options, expected) => {
    expect(paths(options)).toEqual(expected);
  });

  it("has defaults", () => {
    const rules = parse({ bundleMap: "/c" });
    expect(rules).toMatchObject({ timeoutMilliseconds: 30_000, pollMilliseconds: 30_000 });
    expect(rules.expected).toEqual({ id: undefined, trustDomain: undefined });
    expect(rules.files.credential).toBeUndefined();
  });

  it("reads whom we have to be", () => {
    const { expected } = parse({
      layout: "gke",
      expectedTrustDomain: "shop.example",
      id: "spiffe://shop.example/checkout",
    });
    expect(expected.trustDomain).toBe("shop.example");
    expect(String(expected.id)).toBe("spiffe://shop.example/checkout");
  });

  it.each<[string, object]>([
    ["layout", { layout: "spiffe" }],
    ["layouts", { layouts: "gke" }],
    ["directory", { layout: "spiffe-helper" }],
    ["directory", { layout: "gke", directory: "" }],
    ["directory", { ...svid, bundle: "/c", directory: "/certs" }],
    ["certificates", { layout: "gke", certificates: "/a" }],
    ["privateKey", { layout: "gke", privateKey: "/a" }],
    ["credentialBundle", { layout: "gke", credentialBundle: "/a" }],
    ["bundle", { layout: "gke", bundle: "/a" }],
    ["bundleMap", { layout: "gke", bundleMap: "/a" }],
    ["certificates", { privateKey: "/a", bundle: "/c" }],
    ["privateKey", { certificates: "/a", bundle: "/c" }],
    ["certificates", { credentialBundle: "/a", certificates: "/a", bundle: "/c" }],
    ["privateKey", { credentialBundle: "/a", privateKey: "/a", bundle: "/c" }],
    ["privateKey", { certificates: "/a", privateKey: "/a\0b", bundle: "/c" }],
    ["certificates", { certificates: 1, privateKey: "/a", bundle: "/c" }],
    ["bundle", { bundle: "/c" }],
    ["bundles", {}],
    ["bundles", { bundles: {} }],
    ["bundles", { bundles: "/c" }],
    ["bundles", svid],
    ["bundles", { credentialBundle: "/a" }],
    ['bundles["spiffe://shop.example"]', { bundles: { "spiffe://shop.example": "/c" } }],
    ['bundles["shop.example"]', { bundles: { "shop.example": "" } }],
    ["id", { bundleMap: "/c", id: "spiffe://shop.example/checkout" }],
    ["expectedTrustDomain", { bundleMap: "/c", expectedTrustDomain: "shop.example" }],
    ["id", { layout: "gke", id: "spiffe://shop.example" }],
    ["expectedTrustDomain", { layout: "gke", expectedTrustDomain: "Shop.example" }],
    ["timeoutMilliseconds", { layout: "gke", timeoutMilliseconds: -1 }],
    ["pollMilliseconds", { layout: "gke", pollMilliseconds: 99 }],
    ["clock", { layout: "gke", clock: {} }],
  ])("refuses %s in %o", (option, options) => {
    expect(() => parse(options)).toThrow(
      expect.objectContaining({ name: "ConfigurationError", code: "option_invalid", option }),
    );
  });

  it("has types that say what goes together", () => {
    expectTypeOf<{ layout: "gke" }>().toExtend<FileIdentityOptions>();
    expectTypeOf<{ certificates: string; privateKey: string }>().toExtend<FileIdentityOptions>();
    expectTypeOf<{ layout: "other" }>().not.toExtend<FileIdentityOptions>();
  });
});
