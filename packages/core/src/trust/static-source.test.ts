import { createTrustDomain } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { expectOptionError } from "../expect-error.test-support.js";
import { parseTrustDomain } from "../spiffe/spiffe-id.js";
import { type StaticSourceOptions, staticSource } from "./static-source.js";

const domain = await createTrustDomain("td.example");
const partner = await createTrustDomain("partner.example");
const bundle = await domain.bundle();

describe("staticSource", () => {
  it("has each bundle under its own trust domain, and no other", async () => {
    const other = await partner.bundle();
    const source = staticSource({ bundles: [bundle, other] });
    expect(source.trustBundle(domain.name)).toBe(bundle);
    expect(source.trustBundle(partner.name)).toBe(other);
    expect(source.trustBundle(parseTrustDomain("unknown.example"))).toBeUndefined();
    expect(source.trustBundle(parseTrustDomain("constructor"))).toBeUndefined();
    expect(Object.isFrozen(source)).toBe(true);
  });

  it("has the credentials in their order, or none", async () => {
    const [{ credential: wit }, { credential: x509 }] = await Promise.all([
      domain.issueWitSvid("/web"),
      domain.issueX509Svid("/web"),
    ]);
    const source = staticSource({ credentials: [wit, x509], bundles: [bundle] });
    expect(source.credentials()).toEqual([wit, x509]);
    expect(source.credentials()[0]).toBe(wit);
    expect(staticSource({ bundles: [] }).credentials()).toEqual([]);
  });

  it("TB-006 never merges two bundles of one trust domain", async () => {
    await expectOptionError(() => staticSource({ bundles: [bundle, bundle] }), "bundles[1]");
  });

  it.each<[title: string, options: unknown, option: string]>([
    ["no options", undefined, ""],
    ["no bundles", {}, "bundles"],
    ["null for bundles", { bundles: null }, "bundles"],
    ["one bundle for a list", { bundles: bundle }, "bundles"],
    ["undefined for a bundle", { bundles: [undefined] }, "bundles[0]"],
    ["null for a bundle", { bundles: [null] }, "bundles[0]"],
    ["an empty object for a bundle", { bundles: [{}] }, "bundles[0]"],
    ["a text for a bundle", { bundles: ["{}"] }, "bundles[0]"],
  ])("FC-004 refuses %s", async (_, options, option) => {
    await expectOptionError(() => staticSource(options as StaticSourceOptions), option);
  });

  it.each([
    ["a credential that is none", { credentials: [{}], bundles: [] }, "credentials[0]"],
    ["an option that does not exist", { bundle, bundles: [] }, "bundle"],
  ])("refuses %s", async (_, options, option) => {
    await expectOptionError(() => staticSource(options as unknown as StaticSourceOptions), option);
  });
});
