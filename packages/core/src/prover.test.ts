import { createHash } from "node:crypto";
import { claimsOf, headerOf } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import {
  expectCredentialError,
  expectOptionError,
  expectProofError,
} from "./expect-error.test-support.js";
import { createProver, type OutboundRequest, type Proof } from "./prover.js";
import type { ProverOptions } from "./prover-options.js";
import {
  createScene,
  header,
  ledgerId,
  now,
  origin,
  type Scene,
  verifierOf,
  verify,
  webId,
} from "./scene.test-support.js";

const sha256 = (text: string | Uint8Array) => createHash("sha256").update(text).digest("base64url");
const request = (changes: Partial<OutboundRequest> = {}): OutboundRequest => ({
  method: "GET",
  url: new URL("/v1/accounts", origin),
  headers: [],
  ...changes,
});
const proverOf = ({ web, clock }: Scene, options: Partial<ProverOptions> = {}) =>
  createProver({ identity: web, peers: { [origin]: ledgerId }, clock, ...options });
const headerIn = ({ headers }: Proof, name: string) =>
  header({ method: "", target: "", headers }, name);
const svidProofOf = (proof: Proof) => headerIn(proof, "SVID-Proof");
const wptOf = (proof: Proof) => headerIn(proof, "Authorization").replace(/^WPT /, "");

describe("a prover with an X.509-SVID", () => {
  it("proves the head of a request", async () => {
    const scene = await createScene();
    const proof = await proverOf(scene).prove(request());
    expect(proof.format).toBe("svid-proof-1");
    expect(proof.headers.map(([name]) => name)).toEqual(["SVID-Proof"]);
    expect(proof.id.toString()).toBe(webId);
    expect(proof.peer.toString()).toBe(ledgerId);
    expect(Object.isFrozen(proof)).toBe(true);
    const [material] = scene.web.material().credentials;
    expect(headerOf(svidProofOf(proof))).toEqual({
      typ: "svid-proof+jwt",
      alg: "ES256",
      x5c: material?.kind === "x509-svid" && material.chain,
    });
    expect(claimsOf(svidProofOf(proof))).toEqual({
      sub: webId,
      aud: `${origin}/v1/accounts`,
      iat: now,
      exp: now + 60,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      htm: "GET",
    });
  });

  it("binds query and content", async () => {
    const prover = proverOf(await createScene());
    const content = Buffer.from("content");
    const url = new URL("/v1/accounts?b=%31&a=#part", origin);
    const claims = claimsOf(svidProofOf(await prover.prove(request({ url, content }))));
    expect(claims).toMatchObject({
      aud: `${origin}/v1/accounts`,
      htq: sha256("b=%31&a="),
      htb: sha256(content),
    });
  });

  it("binds content of no bytes", async () => {
    const prover = proverOf(await createScene());
    const proof = await prover.prove(request({ content: new Uint8Array() }));
    expect(claimsOf(svidProofOf(proof))["htb"]).toBe(sha256(""));
  });

  it("binds the tokens that travel with the request", async () => {
    const prover = proverOf(await createScene(), { tokenHeaders: ["X-User-Token", "X-Other"] });
    const headers = [
      ["authorization", "Bearer access"],
      ["Txn-Token", "transaction"],
      ["x-user-token", " user "],
      ["accept", "*/*"],
    ] as const;
    expect(claimsOf(svidProofOf(await prover.prove(request({ headers }))))).toMatchObject({
      ath: sha256("access"),
      tth: sha256("transaction"),
      oth: { "x-user-token": sha256("user") },
    });
  });

  it("makes a new proof each time, under the same header", async () => {
    const prover = proverOf(await createScene());
    const [a, b] = await Promise.all([prover.prove(request()), prover.prove(request())]);
    const [first, second] = [svidProofOf(a), svidProofOf(b)];
    expect(claimsOf(first)["jti"]).not.toBe(claimsOf(second)["jti"]);
    expect(first.split(".")[0]).toBe(second.split(".")[0]);
  });

  it("takes up a renewed credential", async () => {
    const scene = await createScene();
    const prover = proverOf(scene);
    const before = svidProofOf(await prover.prove(request()));
    await scene.web.renew();
    const after = svidProofOf(await prover.prove(request()));
    expect(after.split(".")[0]).not.toBe(before.split(".")[0]);
  });
});

describe("a prover with a WIT-SVID", () => {
  it("sends it with a WPT", async () => {
    const scene = await createScene({ credentials: ["x509-svid", "wit-svid"] });
    const proof = await proverOf(scene).prove(request({ url: new URL("/?q", origin) }));
    expect(proof.format).toBe("wpt-02");
    const wit = headerIn(proof, "Workload-Identity-Token");
    expect(headerOf(wptOf(proof))).toEqual({ typ: "wpt+jwt", alg: "ES256" });
    expect(claimsOf(wptOf(proof))).toEqual({
      wth: sha256(wit),
      aud: `${origin}/`,
      iat: now,
      exp: now + 60,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      htm: "GET",
      "urn:firsthand:htq": sha256("q"),
    });
  });

  it("sends the older form to a peer that wants it", async () => {
    const scene = await createScene({ credentials: ["wit-svid"] });
    const peers = { [origin]: { id: ledgerId, accept: ["wpt-01"] as const } };
    const proof = await proverOf(scene, { peers }).prove(request());
    expect(proof.format).toBe("wpt-01");
    expect(proof.headers.map(([name]) => name)).toEqual([
      "Workload-Identity-Token",
      "Workload-Proof-Token",
    ]);
  });

  it("leaves a taken Authorization alone", async () => {
    const scene = await createScene({ credentials: ["wit-svid", "x509-svid"] });
    const headers = [["Authorization", "Bearer x"]] as const;
    const proof = await proverOf(scene).prove(request({ headers }));
    expect(proof.format).toBe("svid-proof-1");
  });
});

describe("a prover refuses", () => {
  it("an origin that it does not know, before anything else", async () => {
    const scene = await createScene();
    const prover = createProver({
      identity: { credentials: () => expect.fail("no credential is needed") },
      peers: { [origin]: ledgerId },
      clock: scene.clock,
    });
    const url = new URL("https://elsewhere.example/");
    await expectProofError(() => prover.prove(request({ url })), "peer_unknown");
  });

  it.each([
    ["a proof in the request", [["svid-proof", "x"]], "svid-proof"],
    [
      "a token header twice",
      [
        ["x-user-token", "a"],
        ["X-User-Token", "b"],
      ],
      "occurs more than once",
    ],
    [
      "Authorization twice",
      [
        ["Authorization", "a b"],
        ["authorization", "c d"],
      ],
      "occurs more than once",
    ],
    ["a token header that is not ASCII", [["x-user-token", "é"]], "not a plain string"],
  ] as const)("%s", async (_, headers, detail) => {
    const prover = proverOf(await createScene(), { tokenHeaders: ["x-user-token"] });
    const error = await expectProofError(
      () => prover.prove(request({ headers })),
      "header_conflict",
    );
    expect(error.message).toContain(detail);
  });

  it("to go on with an expired credential", async () => {
    const scene = await createScene();
    const prover = proverOf(scene);
    scene.clock.advance({ seconds: 3599 });
    await prover.prove(request());
    scene.clock.advance({ seconds: 1 });
    await expectCredentialError(() => prover.prove(request()), "credential_expired");
  });

  it("options that are wrong", async () => {
    const { web } = await createScene();
    const options = { identity: web, peers: { orders: ledgerId } };
    await expectOptionError(() => createProver(options), 'peers["orders"]');
  });
});

describe("a prover and a verifier", () => {
  it.each(["svid-proof-1", "wpt-02", "wpt-01"] as const)("agree on %s", async (format) => {
    const scene = await createScene({ credentials: ["wit-svid", "x509-svid"] });
    const peers = { [origin]: { id: ledgerId, accept: [format] } };
    const prover = proverOf(scene, { peers });
    const verifier = verifierOf(scene, { accept: [format] });
    const body = Buffer.from("content");
    for (const target of ["/", "/a?b", "/a%2Fb/%C3%A9?x=%20", "//a", "/?", "/?a?b"]) {
      const url = new URL(`${origin}${target}`);
      const proof = await prover.prove(request({ method: "PUT", url, content: body }));
      const sent = `${url.pathname}${url.search}`;
      const received = { method: "PUT", target: sent, headers: proof.headers, body };
      const caller = await verify(verifier, received);
      expect(caller.id.toString()).toBe(webId);
      expect(caller.proof).toMatchObject({ format, binding: "full" });
    }
  });
});
