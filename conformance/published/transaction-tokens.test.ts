import { createPublicKey, type KeyObject } from "node:crypto";
import { type JsonObject, parseKeySet, validateJwtSvid, validateTxnToken } from "@firsthand/core";
import { createFetch, createTxnTokenClient } from "@firsthand/node";
import {
  createTestClock,
  createTrustDomain,
  generateKey,
  serveTxnTokens,
  tamperJwt,
} from "@firsthand/testing";
import { SignJWT } from "jose";
import { expect, it } from "vitest";
import { describeShared } from "../support/describe-shared.js";

interface TransactionTokens {
  readonly joseHeader: { readonly value: { readonly alg: string; readonly kid: string } };
  readonly claims: { readonly value: JsonObject & { readonly iat: number; readonly exp: number } };
  readonly examples: readonly { readonly lang: string; readonly text: string }[];
}

async function keySetOf(key: KeyObject, kid: string) {
  const jwk = createPublicKey(key).export({ format: "jwk" });
  return parseKeySet(JSON.stringify({ keys: [{ ...jwk, kid }] }));
}

describeShared<TransactionTokens>(
  "the published shapes of Transaction Tokens",
  "oauth-transaction-tokens.json",
  ({ joseHeader, claims, examples }) => {
    const example = (start: string) => {
      const found = examples.find(({ lang, text }) => lang === "http" && text.startsWith(start));
      return found?.text ?? expect.fail(`no example starts with ${start}`);
    };

    it("are those of a Txn-Token that is accepted, when a service signs it", async () => {
      const { iat, aud, exp, txn, sub, scope, req_wl, tctx, rctx } = claims.value;
      const key = await generateKey("RSA-2048");
      const keys = await keySetOf(key, joseHeader.value.kid);
      const text = await new SignJWT({ ...claims.value })
        .setProtectedHeader(joseHeader.value)
        .sign(key);
      const clock = createTestClock(iat * 1000);
      const options = { trustDomain: String(aud), keys, clock };
      expect(await validateTxnToken(text, options)).toMatchObject({
        id: txn,
        subject: sub,
        scope: [scope],
        trustDomain: aud,
        requestingWorkload: req_wl,
        transactionContext: tctx,
        requestContext: rctx,
        issuedAt: iat,
        expiresAt: exp,
      });
    });

    it("are those of a request and of an answer of the service", async () => {
      const request = example("POST");
      const [, form = ""] = request.split("\n\n");
      const published = new URLSearchParams(form.replaceAll("\n", ""));
      const trustDomain = await createTrustDomain("trust-domain.example");
      const service = await serveTxnTokens({
        trustDomain,
        readSubject: ({ value }) =>
          value === published.get("subject_token")
            ? { subject: "alice", scope: ["trade.stocks"] }
            : undefined,
      });
      const identity = await trustDomain.identity("/apigateway");
      const fetch = createFetch({ identity, peers: { [service.origin]: service.id.toString() } });
      const response = await fetch(service.url, { method: "POST", body: published });
      expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
      const answer = (await response.json()) as JsonObject;
      const [, json = ""] = example("HTTP/1.1 200").split("\n\n");
      expect({ ...answer, access_token: "" }).toEqual({ ...JSON.parse(json), access_token: "" });

      const sent: string[] = [];
      const recording = async (url: string, init?: RequestInit) => {
        sent.push(String(init?.body));
        return globalThis.fetch(url, init);
      };
      const client = createTxnTokenClient({
        identity,
        url: service.url,
        service: service.id.toString(),
        trustDomain: "trust-domain.example",
        keys: await service.issuer.keys(),
        fetch: recording,
      });
      const parameter = (name: string) => published.get(name) ?? expect.fail(name);
      const transaction = await client.exchange({
        scope: parameter("scope").split(" "),
        subjectToken: parameter("subject_token"),
        subjectTokenType: parameter("subject_token_type"),
        requestContext: JSON.parse(parameter("request_context")),
        requestDetails: JSON.parse(parameter("request_details")),
      });
      expect(transaction.transactionContext).toEqual(JSON.parse(parameter("request_details")));
      expect([...new URLSearchParams(sent[0]).keys()].sort()).toEqual([...published.keys()].sort());
      await service.close();
    });
  },
);

interface SpiffeClientAuth {
  readonly jwtSvid: readonly {
    readonly id: string;
    readonly clientAssertion: string;
    readonly decoded: {
      readonly claims: { readonly aud: readonly string[]; readonly iat: number };
    };
  }[];
}

describeShared<SpiffeClientAuth>(
  "the published shapes of SPIFFE client authentication",
  "oauth-spiffe-client-auth.json",
  ({ jwtSvid }) => {
    it.each(jwtSvid)(
      "$id is a JWT-SVID that is accepted, when its trust domain signs it",
      async (row) => {
        const { aud, iat } = row.decoded.claims;
        const clock = createTestClock(iat * 1000);
        const domain = await createTrustDomain("example.org", { clock });
        const identity = await domain.identity("/as");
        const [authority] = domain.authorities.jwt;
        if (authority === undefined) throw new Error("no authority");
        const header = { kid: authority.keyId };
        const text = tamperJwt(row.clientAssertion, { header, resignWith: authority.key });
        const { id, audience } = await validateJwtSvid(text, {
          identity,
          audience: String(aud[0]),
          clock,
        });
        expect([id.trustDomain, audience]).toEqual(["example.org", aud]);
      },
    );
  },
);
