import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { openBundleEndpoint } from "./bundle-endpoint.js";
import {
  type BundleEndpointOptions,
  parseBundleEndpointOptions,
} from "./bundle-endpoint-options.js";
import { createWebPki } from "./endpoint-server.test-support.js";

const [partner, other] = await Promise.all([
  createTrustDomain("partner.example"),
  createTrustDomain("other.example"),
]);
const initialBundle = await partner.bundle();
const { ca } = createWebPki();
const id = "spiffe://partner.example/spire/server";
const trust = await other.identity("/web");
const good = {
  trustDomain: "partner.example",
  url: "https://partner.example/bundle",
  profile: "https_web",
} as const;

describe("the options of a bundle endpoint", () => {
  it.each<[title: string, options: BundleEndpointOptions]>([
    ["https_web", good],
    ["https_web as an object", { ...good, profile: { kind: "https_web" } }],
    ["https_web with a private PKI", { ...good, profile: { kind: "https_web", ca: ca + ca } }],
    ["https_spiffe for itself", { ...good, profile: { kind: "https_spiffe", id }, initialBundle }],
    ["https_spiffe with trust", { ...good, profile: { kind: "https_spiffe", id, trust } }],
    [
      "https_spiffe of another trust domain",
      { ...good, profile: { kind: "https_spiffe", id: "spiffe://other.example/web", trust } },
    ],
    ["a name that has nothing to do with the URL", { ...good, url: "https://127.0.0.1:8443" }],
    ["bounds", { ...good, refreshSeconds: 10, maxStaleSeconds: 30, timeoutMilliseconds: 1 }],
  ])("may be %s", (_, options) => {
    expect(parseBundleEndpointOptions(options)).toMatchObject({ trustDomain: "partner.example" });
  });

  it("have defaults", () => {
    expect(parseBundleEndpointOptions(good)).toMatchObject({
      profile: { kind: "https_web" },
      initialBundle: undefined,
      refreshSeconds: undefined,
      maxStaleSeconds: 3 * 86_400,
      timeoutMilliseconds: 10_000,
    });
  });

  it.each<[title: string, change: object, option: string]>([
    ["no trust domain", { trustDomain: undefined }, "trustDomain"],
    ["a SPIFFE ID for a trust domain", { trustDomain: "spiffe://partner.example" }, "trustDomain"],
    ["no URL", { url: undefined }, "url"],
    ["http:", { url: "http://partner.example/bundle" }, "url"],
    ["a path for a URL", { url: "/bundle" }, "url"],
    ["a user in the URL", { url: "https://user@partner.example/bundle" }, "url"],
    ["a password in the URL", { url: "https://:secret@partner.example/bundle" }, "url"],
    ["no profile", { profile: undefined }, "profile"],
    ["an unknown profile", { profile: "https" }, "profile"],
    ["an unknown kind of profile", { profile: { kind: "https" } }, "profile.kind"],
    ["https_spiffe without an ID", { profile: "https_spiffe" }, "profile"],
    [
      "a trust domain as the ID",
      { profile: { kind: "https_spiffe", id: "spiffe://partner.example" } },
      "profile.id",
    ],
    [
      "a source of trust that is none",
      { profile: { kind: "https_spiffe", id, trust: {} } },
      "profile.trust",
    ],
    [
      "a misspelt member of the profile",
      { profile: { kind: "https_web", cert: ca } },
      "profile.cert",
    ],
    [
      "TB-022 web authorities for https_spiffe",
      { profile: { kind: "https_spiffe", id, ca } },
      "profile.ca",
    ],
    ["authorities that are no PEM", { profile: { kind: "https_web", ca: "ca.pem" } }, "profile.ca"],
    ["nothing to begin with", { profile: { kind: "https_spiffe", id } }, "initialBundle"],
    [
      "nobody to vouch for a foreign ID",
      { profile: { kind: "https_spiffe", id: "spiffe://other.example/web" }, initialBundle },
      "profile.trust",
    ],
    ["a document for a bundle", { initialBundle: partner.bundleDocument() }, "initialBundle"],
    [
      "TB-020 the bundle of another domain",
      { trustDomain: "other.example", initialBundle },
      "initialBundle",
    ],
    ["a refresh every second", { refreshSeconds: 1 }, "refreshSeconds"],
    ["a refresh every week", { refreshSeconds: 604_800 }, "refreshSeconds"],
    [
      "bundles that stay for ever",
      { maxStaleSeconds: Number.POSITIVE_INFINITY },
      "maxStaleSeconds",
    ],
    ["no time to answer", { timeoutMilliseconds: 0 }, "timeoutMilliseconds"],
    ["a clock that is none", { clock: Date }, "clock"],
    ["a misspelt option", { refreshHint: 300 }, "refreshHint"],
  ])("are refused: %s", async (_, change, option) => {
    const options = { ...good, clock: createTestClock(), ...change } as BundleEndpointOptions;
    await expect(openBundleEndpoint(options)).rejects.toMatchObject({
      name: "ConfigurationError",
      code: "option_invalid",
      option,
    });
  });
});
