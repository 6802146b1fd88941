import { createTrustDomain } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { splitBundleMap } from "./bundle-map.js";

const path = "/certs/trust_bundles.json";
const shop = (await createTrustDomain("shop.example")).bundleDocument();
const partner = (await createTrustDomain("partner.example")).bundleDocument();
const split = (content: string) => splitBundleMap(path, Buffer.from(content));
const map = (members: string) => `{"trust_domains":{${members}}}`;

describe("splitBundleMap", () => {
  it("takes a map apart", () => {
    const content = map(`"shop.example": ${shop}, "partner.example": ${partner}`);
    const documents = split(content);
    expect([...documents.keys()]).toEqual(["shop.example", "partner.example"]);
    expect(String(documents.get("partner.example" as never))).toBe(partner);
  });

  it("takes a map that is empty or has further members", () => {
    expect(split(map("")).size).toBe(0);
    expect(split(`{"version":[1],"trust_domains":{}}`).size).toBe(0);
  });

  it("gives the same text of a bundle however the map is laid out", () => {
    const a = split(map(`"shop.example":${shop}`));
    const b = split(JSON.stringify(JSON.parse(map(`"shop.example":${shop}`)), null, 2));
    expect(a).toEqual(b);
  });

  it.each([
    ["a bundle document", shop],
    ["no object", "[]"],
    ["trust domains that are a list", `{"trust_domains":[]}`],
    ["a trust domain with a path", map(`"partner.example/x":${partner}`)],
    ["TB-026 a SPIFFE ID with a path", map(`"spiffe://partner.example/x":{}`)],
    ["a trust domain in capitals", map(`"Partner.Example":${partner}`)],
    ["a trust domain twice", map(`"shop.example":${shop},"shop.example":${partner}`)],
    [
      "a trust domain twice, once with an escape",
      map(`"shop.example":${shop},"\\u0073hop.example":${partner}`),
    ],
    ["a map twice", `{"trust_domains":{},"trust_domains":{}}`],
    ["a map that is cut", map("").slice(0, -1)],
    ["more than a map", `${map("")},"keys":[{}]`],
    ["an end too many", `${map("")}}`],
    ["text", "trust"],
  ])("refuses %s", (_, content) => {
    const act = () => split(content);
    expect(act).toThrow(expect.objectContaining({ name: "CredentialError", code: "file_invalid" }));
    expect(act).toThrow(path);
  });
});
