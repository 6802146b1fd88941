import {
  generateKey,
  type JwtMutationName,
  jwtMutations,
  type RequestData,
  type RequestMutationName,
  replaceCertificates,
  requestMutations,
  tamperJwt,
} from "@firsthand/testing";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { VerificationError } from "../errors.js";
import { expectRefusal } from "../expect-error.test-support.js";
import { emptyHash, hashText } from "../hash.js";
import { type Outcome, outcomesWith } from "../jose/jws-outcomes.test-support.js";
import type { VerificationCode } from "../refusal-codes.js";
import { memoryReplayGuard } from "../replay/memory-replay-guard.js";
import {
  createScene,
  header,
  ledgerId,
  now,
  origin,
  privateKeyOf,
  prove,
  type Scene,
  transfer,
  verifierOf,
  verify,
  webId,
  withProof,
  withProofClaims,
} from "../scene.test-support.js";
import type { VerifierOptions } from "../verifier-options.js";

type Claims = Readonly<Record<string, unknown>>;
type ClaimRow = readonly [title: string, claims: Claims, outcome: Outcome];

const names = { "svid-proof": "SVID-Proof", wpt: "Authorization" } as const;
const read: RequestData = { method: "GET", target: "/v1/accounts", headers: [] };

let scene: Scene;
let proved: { readonly "svid-proof": RequestData; readonly wpt: RequestData };

beforeAll(async () => {
  scene = await createScene({ credentials: ["x509-svid", "wit-svid"] });
  proved = { "svid-proof": await proveWith("svid-proof"), wpt: await proveWith("wpt") };
});

function proveWith(token: "svid-proof" | "wpt", request: RequestData = transfer) {
  const accept = [token === "wpt" ? ("wpt-02" as const) : ("svid-proof-1" as const)];
  return prove(scene, request, { peers: { [origin]: { id: ledgerId, accept } } });
}

const check = (request: RequestData, options: Partial<VerifierOptions> = {}) =>
  verify(verifierOf(scene, options), request);

async function expectOutcome(
  request: RequestData,
  outcome: Outcome,
  token?: "svid-proof" | "wpt",
  options: Partial<VerifierOptions> = {},
) {
  if (outcome === "accepted") await check(request, options);
  else await expectRefusal(() => check(request, options), outcome, token);
}

describe.each(["svid-proof", "wpt"] as const)("a request with a %s", (token) => {
  const isWpt = token === "wpt";
  const htq = isWpt ? "urn:firsthand:htq" : "htq";
  const htb = isWpt ? "urn:firsthand:htb" : "htb";

  it("is accepted, and its caller is known", async () => {
    const caller = await check(proved[token]);
    expect(caller.id.toString()).toBe(webId);
    expect(caller).toMatchObject({
      credential: {
        kind: isWpt ? "wit-svid" : "x509-svid",
        thumbprint: expect.stringMatching(/^[\w-]{43}$/),
        notBefore: isWpt ? now : now - 10,
        expiresAt: now + 3600,
        issuer: undefined,
      },
      proof: {
        format: isWpt ? "wpt-02" : "svid-proof-1",
        binding: "full",
        idHash: expect.stringMatching(/^[\w-]{43}$/),
        issuedAt: now,
        expiresAt: now + 60,
      },
    });
    for (const part of [caller, caller.credential, caller.proof]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it("is accepted without query and content", async () => {
    const caller = await check(await proveWith(token, read));
    expect(caller.proof.binding).toBe("full");
  });

  const profile: Partial<Record<JwtMutationName, Outcome>> = isWpt
    ? { kidOther: "accepted", kidPrototype: "accepted", kidNotString: "accepted" }
    : {
        kidOther: "token_header_forbidden",
        kidPrototype: "token_header_forbidden",
        kidNotString: "token_header_forbidden",
        jwkOfStranger: "token_header_forbidden",
        headerEdited: "token_header_forbidden",
      };
  const carried = { jsonSerialization: "header_duplicate", claimsWithWhitespace: "header_invalid" };

  it.each(outcomesWith({ ...profile, ...(carried as typeof profile) }))(
    "has one outcome under the mutation %s: %s",
    async (name, outcome) => {
      const request = withProof(proved[token], (text, kind) =>
        jwtMutations[name](text, privateKeyOf(scene.web, kind)),
      );
      const aboutHeaders = outcome.startsWith("header_");
      await expectOutcome(request, outcome, aboutHeaders ? undefined : token);
    },
  );

  it.each<ClaimRow>([
    ["exp missing", { exp: undefined }, "proof_expiry_missing"],
    ["exp as a text", { exp: `${now + 60}` }, "token_claim_invalid"],
    ["exp beyond the skew", { iat: now - 90, exp: now - 30 }, "proof_expired"],
    ["a life of more than two minutes", { exp: now + 121 }, "proof_lifetime_exceeded"],
    ["iat in the future", { iat: now + 31, exp: now + 60 }, "proof_not_yet_valid"],
    ["iat as a text", { iat: `${now}` }, "token_claim_invalid"],
    ["aud missing", { aud: undefined }, "proof_audience_missing"],
    ["aud null", { aud: null }, "token_claim_invalid"],
    [
      "another service in aud",
      { aud: "https://evil.example/v1/transfers" },
      "proof_audience_mismatch",
    ],
    ["another path in aud", { aud: `${origin}/v1` }, "proof_target_mismatch"],
    ["jti missing", { jti: undefined }, "proof_id_invalid"],
    ["htm missing", { htm: undefined }, "proof_method_unbound"],
    ["another htm", { htm: "GET" }, "proof_method_mismatch"],
    ["htq missing", { [htq]: undefined }, "proof_query_unbound"],
    ["another htq", { [htq]: emptyHash }, "proof_query_mismatch"],
    ["htb missing", { [htb]: undefined }, "proof_body_unbound"],
    ["another htb", { [htb]: emptyHash }, "proof_body_mismatch"],
    ["htb as a list", { [htb]: ["x"] }, "token_claim_invalid"],
    ["ath without a token", { ath: "x" }, "proof_access_token_mismatch"],
    ["tth without a token", { tth: "x" }, "proof_transaction_token_mismatch"],
    ["oth of a header that nobody named", { oth: { "x-a": "x" } }, "proof_token_header_unknown"],
    ["unknown claims", { nonce: "x", "example.org/x": {} }, "accepted"],
    ["the binding claims of another profile", { htu: "x", cnf: {} }, "accepted"],
    ...(isWpt
      ? ([
          ["wth missing", { wth: undefined }, "proof_credential_unbound"],
          ["another wth", { wth: emptyHash }, "proof_credential_mismatch"],
          ["wth as a list", { wth: ["x"] }, "token_claim_invalid"],
          ["iat missing", { iat: undefined }, "accepted"],
          ["a fractional exp", { exp: now + 60.5 }, "accepted"],
          ["aud in a list", { aud: [`${origin}/v1/transfers`] }, "accepted"],
          ["two in aud", { aud: [`${origin}/v1/transfers`, "x"] }, "proof_audience_multiple"],
          ["sub, which it does not know", { sub: "spiffe://td.example/admin" }, "accepted"],
        ] satisfies ClaimRow[])
      : ([
          ["sub missing", { sub: undefined }, "proof_subject_mismatch"],
          ["another sub", { sub: `${webId}2` }, "proof_subject_mismatch"],
          ["sub in a list", { sub: [webId] }, "proof_subject_mismatch"],
          ["iat missing", { iat: undefined }, "proof_issued_at_missing"],
          ["a fractional iat", { iat: now - 0.5 }, "token_claim_invalid"],
          ["a fractional exp", { exp: now + 60.5 }, "token_claim_invalid"],
          ["aud in a list", { aud: [`${origin}/v1/transfers`] }, "token_claim_invalid"],
          ["wth, which it does not know", { wth: "x" }, "accepted"],
        ] satisfies ClaimRow[])),
  ])("has one outcome with %s", async (_, claims, outcome) => {
    await expectOutcome(withProofClaims(proved[token], scene.web, claims), outcome, token);
  });

  it.each<[name: RequestMutationName, outcome: VerificationCode]>([
    ["methodChanged", "proof_method_mismatch"],
    ["methodLowerCase", "proof_method_mismatch"],
    ["pathChanged", "proof_target_mismatch"],
    ["pathExtended", "proof_target_mismatch"],
    ["pathWithSlash", "proof_target_mismatch"],
    ["pathWithDoubleSlash", "proof_target_mismatch"],
    ["pathWithDotSegment", "proof_target_mismatch"],
    ["pathUpperCase", "proof_target_mismatch"],
    ["pathPercentEncoded", "proof_target_mismatch"],
    ["queryAdded", "proof_query_mismatch"],
    ["queryEmptied", "proof_query_mismatch"],
    ["queryRemoved", "proof_query_mismatch"],
    ["queryPercentEncoded", "proof_query_mismatch"],
    ["bodyBitFlipped", "proof_body_mismatch"],
    ["bodyTruncated", "proof_body_mismatch"],
    ["bodyExtended", "proof_body_mismatch"],
    ["bodyReplaced", "proof_body_mismatch"],
    ["bodyRemoved", "proof_body_mismatch"],
  ])("is not good for another request: %s", async (name, outcome) => {
    await expectOutcome(requestMutations[name](proved[token]), outcome, token);
  });

  it("is not good for more than it binds", async () => {
    const request = await proveWith(token, read);
    await expectOutcome(requestMutations.queryAdded(request), "proof_query_unbound", token);
    const body = Buffer.from("added");
    await expectOutcome({ ...request, body }, "proof_body_unbound", token);
  });

  it("is refused when its parameters come in another order", async () => {
    const request = await proveWith(token, { ...transfer, target: "/v1/transfers?a=1&b=2" });
    await expectOutcome(requestMutations.queryReordered(request), "proof_query_mismatch", token);
  });

  it("is refused after any change of one character of its proof", async () => {
    const change = fc.record({ at: fc.nat(), by: fc.integer({ min: 1, max: 93 }) });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, by }) => {
        const request = withProof(proved[token], (text) => {
          const index = at % text.length;
          const code = 0x21 + ((text.charCodeAt(index) - 0x21 + by) % 94);
          return text.slice(0, index) + String.fromCharCode(code) + text.slice(index + 1);
        });
        await expect(check(request)).rejects.toBeInstanceOf(VerificationError);
      }),
      { numRuns: 200 },
    );
  });

  it("binds the tokens that travel with it", async () => {
    const tokenHeaders = ["x-user-token"];
    const headers = [
      ["Txn-Token", "t"],
      ["X-User-Token", "u"],
      ...(isWpt ? [] : [["Authorization", "Bearer a"] as const]),
    ] as const;
    const accept = [isWpt ? ("wpt-02" as const) : ("svid-proof-1" as const)];
    const peers = { [origin]: { id: ledgerId, accept } };
    const request = await prove(scene, { ...read, headers }, { peers, tokenHeaders });
    await expectOutcome(request, "accepted", token, { tokenHeaders });
    await expectOutcome(request, "proof_token_header_unknown", token);
    const without = (name: string) => ({
      ...request,
      headers: request.headers.filter(([other]) => other !== name),
    });
    await expectOutcome(without("Txn-Token"), "proof_transaction_token_mismatch", token, {
      tokenHeaders,
    });
    await expectOutcome(without("X-User-Token"), "proof_token_header_mismatch", token, {
      tokenHeaders,
    });
  });

  it("is refused where its kind is not accepted", async () => {
    const accept = [isWpt ? ("svid-proof-1" as const) : ("wpt-02" as const)];
    await expectRefusal(() => check(proved[token], { accept }), "proof_kind_not_accepted");
  });

  it("is refused where its algorithm is not accepted", async () => {
    await expectOutcome(proved[token], "token_algorithm_forbidden", token, {
      algorithms: ["ES384"],
    });
  });

  it.each<[length: number, outcome: Outcome]>([
    [12 * 1024, "token_malformed"],
    [12 * 1024 + 1, "token_too_large"],
  ])("of %d bytes without a dot has one outcome: %s", async (length, outcome) => {
    const request = withProof(proved[token], () => "x".repeat(length));
    await expectOutcome(request, outcome, token);
  });

  it("is refused above 12 KiB", async () => {
    const padded = { x: "x".repeat(12 * 1024) };
    const request = withProofClaims(proved[token], scene.web, padded);
    await expectOutcome(request, "token_too_large", token);
    expect(header(request, names[token]).length).toBeGreaterThan(12 * 1024);
  });
});

describe("a WPT that binds only the target", () => {
  const loose: Partial<VerifierOptions> = { binding: "target" };
  const bare = { htm: undefined, "urn:firsthand:htq": undefined, "urn:firsthand:htb": undefined };

  it.each<[title: string, request: RequestData, claims: Claims, binding: "full" | "target"]>([
    ["binds nothing else", transfer, { ...bare, iat: undefined }, "target"],
    ["does not bind the method", read, { htm: undefined }, "target"],
    ["does not bind the query", transfer, { "urn:firsthand:htq": undefined }, "target"],
    ["does not bind the content", transfer, { "urn:firsthand:htb": undefined }, "target"],
    ["binds everything after all", transfer, {}, "full"],
    ["binds all that there is", read, {}, "full"],
  ])(
    "is accepted where that is enough, and the record says so: %s",
    async (_, request, claims, binding) => {
      const wpt = withProofClaims(await proveWith("wpt", request), scene.web, { x: 1, ...claims });
      const { proof } = await check(wpt, loose);
      expect(proof.binding).toBe(binding);
      expect(proof.issuedAt).toBe("iat" in claims ? undefined : now);
    },
  );

  it("is refused by default", async () => {
    const wpt = withProofClaims(proved.wpt, scene.web, bare);
    await expectOutcome(wpt, "proof_method_unbound", "wpt");
  });
});

describe("an SVID-Proof", () => {
  const withHeader = (change: Claims) =>
    withProof(proved["svid-proof"], (text, kind) =>
      tamperJwt(text, { header: change, resignWith: privateKeyOf(scene.web, kind) }),
    );

  it.each<[title: string, header: Claims, code: VerificationCode]>([
    ["no certificates", { x5c: undefined }, "token_malformed"],
    ["certificates in a text", { x5c: "AAAA" }, "token_malformed"],
    ["a certificate that is a number", { x5c: [1] }, "token_malformed"],
    ["a certificate in base64url", { x5c: ["AA-_"] }, "token_encoding_invalid"],
    ["an empty header parameter", { x: undefined, kid: "" }, "token_header_forbidden"],
  ])("is refused with %s", async (_, change, code) => {
    await expectOutcome(withHeader(change), code, "svid-proof");
  });

  it("is refused with an empty list of certificates", async () => {
    await expectRefusal(() => check(withHeader({ x5c: [] })), "certificate_chain_empty");
  });

  it("is refused with the chain of another workload, though it signed", async () => {
    const other = await scene.domain.issueX509Svid("/other");
    const request = withProof(proved["svid-proof"], (text) => replaceCertificates(text, other));
    await expectOutcome(request, "proof_subject_mismatch", "svid-proof");
  });

  it("is refused with the chain of another workload that did not sign", async () => {
    const { chain } = await scene.domain.issueX509Svid(webId);
    const x5c = chain.map((der) => Buffer.from(der).toString("base64"));
    const request = withHeader({ x5c });
    await expectOutcome(request, "token_signature_invalid", "svid-proof");
  });

  it.each([
    ["RSA-2048", "RS256", "PS256"],
    ["P-384", "ES256", "ES384"],
  ] as const)("of a %s key does not use %s", async (keyType, wrong, right) => {
    const web = await scene.domain.identity(webId, { x509Svid: { keyType } });
    const request = await prove({ ...scene, web });
    await expectOutcome(request, "accepted", "svid-proof", { algorithms: [right] });
    const changed = withProof(request, (text) =>
      tamperJwt(text, {
        header: { alg: wrong },
        algorithm: wrong,
        resignWith: privateKeyOf(web, "x509-svid"),
      }),
    );
    await expectOutcome(changed, "token_algorithm_mismatch", "svid-proof");
  });

  it("of a P-521 key is accepted only where ES512 is listed", async () => {
    const web = await scene.domain.identity(webId, { x509Svid: { keyType: "P-521" } });
    const request = await prove({ ...scene, web });
    await expectOutcome(request, "token_algorithm_forbidden", "svid-proof");
    await expectOutcome(request, "accepted", "svid-proof", { algorithms: ["ES256", "ES512"] });
  });
});

describe("a WPT", () => {
  it("is refused with another, valid WIT-SVID of the same key", async () => {
    const { token } = await scene.domain.issueWitSvid(webId);
    const key = scene.domain.authorities.wit[0]?.key;
    const wit = header(proved.wpt, "Workload-Identity-Token");
    const second = tamperJwt(wit, { claims: { jti: "second" }, resignWith: key });
    for (const [other, code] of [
      [second, "proof_credential_mismatch"],
      [token, "token_signature_invalid"],
    ] as const) {
      const headers = proved.wpt.headers.map(([name, value]) =>
        name === "Workload-Identity-Token" ? ([name, other] as const) : ([name, value] as const),
      );
      await expectOutcome({ ...proved.wpt, headers }, code, "wpt");
    }
  });

  it("is refused with a key that the WIT-SVID does not name", async () => {
    const stranger = await generateKey("P-256");
    const request = withProof(proved.wpt, (text) => tamperJwt(text, { resignWith: stranger }));
    await expectOutcome(request, "token_signature_invalid", "wpt");
  });

  it("does not take an algorithm that the WIT-SVID does not name for its key", async () => {
    const web = await scene.domain.identity(webId, {
      credentials: ["wit-svid"],
      witSvid: { algorithm: "PS256" },
    });
    const request = await prove({ ...scene, web });
    await expectOutcome(request, "accepted", "wpt");
    const changed = withProof(request, (text) =>
      tamperJwt(text, {
        header: { alg: "RS256" },
        algorithm: "RS256",
        resignWith: privateKeyOf(web, "wit-svid"),
      }),
    );
    await expectOutcome(changed, "token_algorithm_mismatch", "wpt");
  });
});

describe("the two profiles", () => {
  it("do not take each other's proofs", async () => {
    const svidProof = header(proved["svid-proof"], "SVID-Proof");
    const wpt = header(proved.wpt, "Authorization").slice(4);
    const wit = header(proved.wpt, "Workload-Identity-Token");
    const asWpt = [
      ["Workload-Identity-Token", wit],
      ["Authorization", `WPT ${svidProof}`],
    ] as const;
    await expectOutcome({ ...transfer, headers: asWpt }, "token_type_invalid", "wpt");
    const asSvidProof = [["SVID-Proof", wpt]] as const;
    await expectOutcome({ ...transfer, headers: asSvidProof }, "token_type_invalid", "svid-proof");
  });

  it("both use up the proof, and nothing else", async () => {
    const replay = memoryReplayGuard({ clock: scene.clock });
    for (const request of [proved["svid-proof"], proved.wpt]) {
      await expectOutcome(request, "accepted", undefined, { replay });
      await expectRefusal(() => check(request, { replay }), "proof_replayed");
    }
    expect(await hashText("")).toBe(emptyHash);
  });
});
