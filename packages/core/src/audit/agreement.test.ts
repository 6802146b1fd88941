import { describe, expect, it } from "vitest";
import { type Agreement, agreementOf } from "./agreement.js";
import { readProxyClaims } from "./proxy-claims.js";

const web = "spiffe://td.example/web";
const other = "spiffe://td.example/other";

describe("agreementOf", () => {
  it.each<[title: string, caller: string | undefined, value: string, expected: Agreement]>([
    ["the same", web, `URI=${web}`, "agrees"],
    ["the same last", web, `URI=${other},URI=${web}`, "agrees"],
    ["another", web, `URI=${other}`, "contradicts"],
    ["another last", web, `URI=${web},URI=${other}`, "contradicts"],
    ["both", web, `URI=${web};URI=${other}`, "contradicts"],
    ["another spelling", web, "URI=SPIFFE://td.example/web", "contradicts"],
    ["a longer name", web, `URI=${web}/x`, "contradicts"],
    ["no name", web, "Hash=ab", "silent"],
    ["a name, and nothing is proved", undefined, `URI=${web}`, "unproved"],
    ["no name, and nothing is proved", undefined, "Hash=ab", "silent"],
  ])("compares %s", (_, caller, value, expected) => {
    expect(agreementOf(caller, readProxyClaims([["x-forwarded-client-cert", value]]))).toBe(
      expected,
    );
  });

  it("hears every proxy that names somebody", () => {
    const forwarded = [{ uri: [web], dns: [], by: [], subject: undefined, hash: undefined }];
    const clientCert = { uri: [other], dns: [], serialNumber: "01" };
    const claims = { ...readProxyClaims([]), forwarded, clientCert };
    expect(agreementOf(web, claims)).toBe("contradicts");
    expect(agreementOf(web, { ...claims, clientCert: { ...clientCert, uri: [web] } })).toBe(
      "agrees",
    );
    expect(agreementOf(other, { ...claims, forwarded: [] })).toBe("agrees");
  });
});
