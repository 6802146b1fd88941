import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createScene } from "../scene.test-support.js";
import { describeWithVectors } from "../shared-vectors.test-support.js";
import { type ProxyClaims, readProxyClaims } from "./proxy-claims.js";

const silent: ProxyClaims = {
  forwarded: [],
  clientCert: undefined,
  assertions: [],
  unreadable: [],
};
const forwarded = "X-Forwarded-Client-Cert";

const byteSequence = (der: Uint8Array) => `:${Buffer.from(der).toString("base64")}:`;

async function leaf(): Promise<Uint8Array> {
  const { domain } = await createScene();
  const { chain } = await domain.issueX509Svid("/web");
  return chain[0] as Uint8Array;
}

describeWithVectors<{ readonly cases: readonly [{ readonly headers: Record<string, string> }] }>(
  "the example of RFC 9440",
  "rfc9440-client-cert.json",
  ({ cases: [{ headers }] }) => {
    it("is read", () => {
      expect(readProxyClaims(Object.entries(headers))).toEqual({
        ...silent,
        clientCert: { uri: [], dns: [], serialNumber: "07" },
        assertions: ["client-cert-chain"],
      });
    });
  },
);

describe("readProxyClaims", () => {
  it("finds nothing where no proxy says anything", () => {
    expect(readProxyClaims([])).toEqual(silent);
    expect(
      readProxyClaims([
        ["Host", "orders"],
        ["X-Forwarded-For", "10.0.0.1"],
      ]),
    ).toEqual(silent);
  });

  it("reads each hop of X-Forwarded-Client-Cert, over repeated fields too", () => {
    const first = `By=spiffe://a/edge;Hash=${"ab".repeat(32)};Subject="CN=a";URI=spiffe://a/web;DNS=a.b;DNS=c.d`;
    const claims = readProxyClaims([
      [forwarded, first],
      [forwarded.toLowerCase(), "URI=spiffe://a/edge"],
    ]);
    expect(claims.forwarded).toEqual([
      {
        by: ["spiffe://a/edge"],
        hash: "ab".repeat(32),
        subject: "CN=a",
        uri: ["spiffe://a/web"],
        dns: ["a.b", "c.d"],
      },
      { by: [], hash: undefined, subject: undefined, uri: ["spiffe://a/edge"], dns: [] },
    ]);
  });

  it("reads who a Client-Cert is about", async () => {
    const { clientCert } = readProxyClaims([["client-cert", ` ${byteSequence(await leaf())}`]]);
    expect(clientCert).toMatchObject({ uri: ["spiffe://td.example/web"], dns: [] });
    expect(clientCert?.serialNumber).toMatch(/^[0-9a-f]+$/);
  });

  it("names the fields by which others vouch, whatever is in them, each once", () => {
    const { assertions } = readProxyClaims([
      ["X-Goog-IAP-JWT-Assertion", "eyJ0b2tlbiI6MX0.e30.secret"],
      ["l5d-client-id", "web.pay.serviceaccount.identity.linkerd.cluster.local"],
      ["L5D-Client-Id", "\u0000"],
    ]);
    expect(assertions).toEqual(["x-goog-iap-jwt-assertion", "l5d-client-id"]);
  });

  it.each([
    ["an X-Forwarded-Client-Cert that is nothing", forwarded, "me"],
    ["an empty one", forwarded, ""],
    ["a Client-Cert without colons", "Client-Cert", "MIIB"],
    ["one that is empty", "Client-Cert", "::"],
    ["one that is base64url", "Client-Cert", ":MI-_:"],
    ["one that is not base64 of whole bytes", "Client-Cert", ":MIIBA:"],
    ["one that is no certificate", "Client-Cert", ":AAAA:"],
  ])("says that it cannot read %s", (_, name, value) => {
    const unreadable = [name.toLowerCase()];
    expect(readProxyClaims([[name, value]])).toEqual({ ...silent, unreadable });
  });

  it("does not choose between two Client-Certs", async () => {
    const field = ["Client-Cert", byteSequence(await leaf())] as const;
    const claims = readProxyClaims([field, field]);
    expect(claims).toEqual({ ...silent, unreadable: ["client-cert"] });
  });

  it("makes text printable, and cuts it", () => {
    const value = `URI="spiffe://a/\u001b[31m";Subject="\u202e${"x".repeat(9000)}"`;
    const [peer] = readProxyClaims([[forwarded, value]]).forwarded;
    expect(peer?.uri).toEqual(["spiffe://a/\\u001b[31m"]);
    expect(peer?.subject).toHaveLength(2048 + 5 + 1);
    const many = Array.from({ length: 20 }, () => "DNS=a").join(";");
    expect(readProxyClaims([[forwarded, many]]).forwarded[0]?.dns).toHaveLength(8);
  });

  it("never throws, and what it says is printable", () => {
    const name = fc.constantFrom(forwarded, "Client-Cert", "Client-Cert-Chain", "l5d-client-id");
    const value = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("URI=a", ':A":', 'Subject="'),
      fc.anything(),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), (headers) => {
        fc.pre(headers.every(([, text]) => canBeText(text)));
        const claims = JSON.stringify(readProxyClaims(headers as never));
        expect(claims).toMatch(/^[\x20-\x7e…]*$/);
      }),
    );
  });
});

function canBeText(value: unknown): boolean {
  try {
    String(value);
    return true;
  } catch {
    return false;
  }
}
