import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VerificationError } from "../errors.js";
import type { Observation } from "../observer.js";
import {
  callerOf,
  createScene,
  ledgerId,
  prove,
  verifierOf,
  verify,
  webId,
} from "../scene.test-support.js";
import { accepted, refused } from "./audit.test-support.js";
import { auditEventOf, formatAuditLines } from "./audit-event.js";

const xfcc = (value: string) => ({ headers: [["X-Forwarded-Client-Cert", value]] as const });

describe("auditEventOf", () => {
  it("keeps apart what was proved, claimed and decided", () => {
    expect(auditEventOf(accepted(xfcc(`URI=${ledgerId}`)), { service: "orders", lost: 2 })).toEqual(
      {
        schema: "firsthand.audit/1",
        id: expect.stringMatching(/^[\w-]{22}$/),
        time: "2027-01-15T08:00:00.000Z",
        service: "orders",
        request: { method: "GET", path: "/orders" },
        proved: {
          caller: webId,
          trustDomain: "td.example",
          credential: {
            kind: "x509-svid",
            thumbprint: "thumbprint",
            issuer: null,
            expiresAt: 1_800_003_600,
          },
          proof: {
            format: "svid-proof-1",
            binding: "full",
            idHash: "hash",
            issuedAt: 1_800_000_000,
            expiresAt: 1_800_000_060,
          },
        },
        claimed: {
          forwarded: [{ uri: [ledgerId], dns: [], by: [] }],
          assertions: [],
          unreadable: [],
        },
        agreement: "contradicts",
        decision: "accepted",
        refusal: null,
        policy: { effect: "allow", rule: webId, dryRun: [] },
        lost: 2,
      },
    );
  });

  it("has nothing proved where nothing was, whatever is claimed", () => {
    expect(auditEventOf(refused("proof_missing", xfcc(`URI=${webId}`)))).toMatchObject({
      service: null,
      proved: null,
      agreement: "unproved",
      decision: "refused",
      refusal: { code: "proof_missing", status: 401, token: null },
      policy: null,
      lost: 0,
    });
  });

  it("names the token that a refusal is about, and who was proved before it", () => {
    const error = new VerificationError("token_expired", { token: "wpt", cause: new Error("x") });
    const { request, time, elapsedMilliseconds } = refused();
    const caller = callerOf(webId);
    const policy = undefined;
    const times = { time, elapsedMilliseconds };
    const event = auditEventOf({ decision: "refused", error, caller, policy, request, ...times });
    expect(event.refusal).toEqual({ code: "token_expired", status: 401, token: "wpt" });
    expect(event.proved?.caller).toBe(webId);
  });

  it.each([
    ["no proxy says anything", {}, null],
    [
      "one vouches by a field",
      { headers: [["l5d-client-id", "a"]] },
      { assertions: ["l5d-client-id"] },
    ],
    ["one cannot be read", { headers: [["client-cert", "a"]] }, { unreadable: ["client-cert"] }],
    ["one tells of a certificate", xfcc("Hash=ab"), { forwarded: [{ hash: "ab" }] }],
  ])("has claims when %s", (_, changes, claimed) => {
    const event = auditEventOf(accepted(changes as never));
    if (claimed === null) expect(event.claimed).toBeNull();
    else expect(event.claimed).toMatchObject(claimed);
  });

  it("keeps a connection that is all the evidence, and the issuer of a WIT-SVID made printable", () => {
    const caller = callerOf(webId);
    const proof = {
      format: "mutual-tls",
      binding: "channel",
      idHash: undefined,
      issuedAt: undefined,
      expiresAt: 1,
    } as const;
    const credential = { ...caller.credential, issuer: "https://a\r\n" };
    const event = auditEventOf({ ...accepted(), caller: { ...caller, proof, credential } });
    expect(event.proved).toMatchObject({
      proof: { format: "mutual-tls", binding: "channel", idHash: null, issuedAt: null },
      credential: { issuer: "https://a\\u000d\\u000a" },
    });
  });

  it("gives each event a name of its own", () => {
    const names = Array.from({ length: 1000 }, () => auditEventOf(accepted()).id);
    expect(new Set(names).size).toBe(1000);
  });
});

describe("formatAuditLines", () => {
  it("MW-051 writes one line for each event, whatever the peer sends", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom('\n{"decision":"accepted"}', "\r\n", '"}', "\u2028", "\u001b[2J", "\u202e"),
    );
    const name = fc.constantFrom("X-Forwarded-Client-Cert", "Client-Cert", "l5d-client-id");
    fc.assert(
      fc.property(text, text, name, text, (method, target, field, value) => {
        const headers = [[field, value]] as const;
        const hostile = auditEventOf(refused("target_invalid", { method, target, headers }));
        const lines = formatAuditLines([hostile, auditEventOf(accepted())]);
        expect(lines).toMatch(/^[\x20-\x7e…]*\n[\x20-\x7e…]*\n$/);
        const [first = "", second = ""] = lines.split("\n");
        expect(JSON.parse(first)).toMatchObject({ decision: "refused", proved: null });
        expect(JSON.parse(second)).toMatchObject({ decision: "accepted" });
      }),
    );
  });

  it("is bounded, whatever the peer sends", () => {
    const huge = "x".repeat(100_000);
    const headers = [["X-Forwarded-Client-Cert", `URI=${huge};Subject="${huge}"`]] as const;
    const event = auditEventOf(refused("proof_missing", { method: huge, target: huge, headers }));
    expect(formatAuditLines([event]).length).toBeLessThan(6000);
  });

  it.each(["svid-proof-1", "wpt-02"] as const)(
    "holds no token, no query and no content of a request with %s",
    async (format) => {
      const scene = await createScene({ credentials: ["x509-svid", "wit-svid"] });
      const events: Observation[] = [];
      const observer = (observation: Observation) => void events.push(observation);
      const verifier = verifierOf(scene, { observer });
      const peers = { "https://ledger.pay.svc:8443": { id: ledgerId, accept: [format] } };
      const authorization = ["DPoP", "users-own-token"].join(" ");
      const given = {
        method: "POST",
        target: "/v1/transfers?secret-query=1",
        headers: [
          ...(format === "wpt-02" ? [] : [["Authorization", authorization] as const]),
          ["Txn-Token", "secret-transaction-token"],
        ] as const,
        body: Buffer.from("secret content"),
      };
      const request = await prove(scene, given, { peers });
      await verify(verifier, request);
      await verify(verifier, request).catch(() => undefined);
      const text = formatAuditLines(events.map((event) => auditEventOf(event)));
      expect(events.map(({ decision }) => decision)).toEqual(["accepted", "refused"]);
      expect(text).not.toContain("secret");
      expect(text).not.toContain("users-own-token");
      for (const [, value] of request.headers) {
        for (const part of value.split(/[ .]/).filter(({ length }) => length > 16))
          expect(text).not.toContain(part);
      }
    },
  );
});
