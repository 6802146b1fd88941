import { removeHeader, toProofRequest } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { runtime } from "#runtime";
import {
  expectConfigurationError,
  expectOptionError,
  expectProofError,
  expectRefusal,
} from "../expect-error.test-support.js";
import type { SignatureFormat } from "../proof/format.js";
import { createProver } from "../prover.js";
import type { PeerOptions } from "../prover-options.js";
import {
  createScene,
  header,
  ledgerId,
  origin,
  prove,
  transfer,
  verifierOf,
  verify,
} from "../scene.test-support.js";
import type { VerifyOptions } from "../verify-options.js";
import { valueInRequest } from "./component.js";
import { parseContentDigest } from "./content-digest.js";
import { signMessage } from "./sign-message.js";
import { parseSignatureParameters } from "./signature-parameters.js";
import { verifyResponse } from "./verify-response.js";

const token = "http-signature";
const bothKinds = { credentials: ["x509-svid", "wit-svid"] } as const;
const scene = await createScene(bothKinds);
const formats: readonly SignatureFormat[] = [
  "http-signature-07",
  "http-signature-06",
  "svid-signature-1",
];
const tenant = { ...transfer, headers: [...transfer.headers, ["X-Tenant", "blue"] as const] };

function peers(options: Partial<PeerOptions>) {
  return { peers: { [origin]: { id: ledgerId, ...options } } };
}

function verifierFor(format: SignatureFormat, more = {}) {
  return verifierOf(scene, { accept: [format], ...more });
}

describe.each(formats)("a request signed as %s", (format) => {
  it("is accepted with the headers that were bound, and with those alone", async () => {
    const request = await prove(
      scene,
      tenant,
      peers({ accept: [format], boundHeaders: ["x-tenant"] }),
    );
    const caller = await verify(verifierFor(format), request);
    expect(caller.verifiedHeaders).toEqual({ "x-tenant": "blue" });
    expect(Object.isFrozen(caller.verifiedHeaders)).toBe(true);
    const unbound = await prove(scene, tenant, peers({ accept: [format] }));
    expect((await verify(verifierFor(format), unbound)).verifiedHeaders).toEqual({});
  });

  it("has to cover a required header, which has to be there", async () => {
    const verifier = () => verifierFor(format, { requiredHeaders: ["X-Tenant"] });
    const bound = await prove(
      scene,
      tenant,
      peers({ accept: [format], boundHeaders: ["X-Tenant"] }),
    );
    await verify(verifier(), bound);
    for (const request of [
      await prove(scene, tenant, peers({ accept: [format] })),
      await prove(scene, transfer, peers({ accept: [format], boundHeaders: ["x-tenant"] })),
    ]) {
      await expectRefusal(() => verify(verifier(), request), "signature_component_missing", token);
    }
  });

  it("covers tokens that travel with it, and a bearer token", async () => {
    const tokenHeaders = ["x-user-token"];
    const headers = [
      ["Authorization", "Bearer token"],
      ["Txn-Token", "txn"],
      ["X-User-Token", "user"],
    ] as const;
    const given = { ...transfer, headers };
    const request = await prove(scene, given, { ...peers({ accept: [format] }), tokenHeaders });
    const caller = await verify(verifierFor(format, { tokenHeaders }), request);
    expect(caller.verifiedHeaders).toEqual({});
    for (const name of ["authorization", "txn-token", "x-user-token"]) {
      expect(header(request, "Signature-Input")).toContain(`"${name}"`);
    }
  });

  it("is refused with an algorithm that is not accepted", async () => {
    const request = await prove(scene, transfer, peers({ accept: [format] }));
    const verifier = verifierFor(format, { algorithms: ["PS256"] });
    await expectRefusal(() => verify(verifier, request), "token_algorithm_forbidden", token);
  });

  it("demands its content whatever the binding that tokens need", async () => {
    const request = await prove(
      scene,
      { ...transfer, body: undefined },
      peers({ accept: [format] }),
    );
    const verifier = verifierFor(format, { binding: "target" });
    const withContent = { ...request, body: Buffer.from("more") };
    await expectRefusal(() => verify(verifier, withContent), "proof_body_unbound", token);
  });
});

describe("a prover", () => {
  const supply = (name: string, value: string, accept: PeerOptions["accept"]) =>
    prove(scene, { ...transfer, headers: [[name, value]] }, peers({ accept }));

  it.each(["Signature", "signature-input", "Content-Digest"])(
    "does not sign a request that has %s already, and takes another kind",
    async (name) => {
      await expectProofError(() => supply(name, "x", ["http-signature-07"]), "header_conflict");
      const request = await supply(name, "x", ["http-signature-07", "svid-proof-1"]);
      expect(header(request, "SVID-Proof")).toBeTruthy();
    },
  );

  it("does not sign headers that no verifier would read", async () => {
    await expectProofError(
      () => supply("Content-Type", "\u00fc", ["http-signature-07"]),
      "header_conflict",
    );
    const twice = {
      ...transfer,
      headers: [
        ["content-type", "a"],
        ["Content-Type", "b"],
      ] as const,
    };
    await expectProofError(
      () => prove(scene, twice, peers({ accept: ["svid-signature-1"] })),
      "header_conflict",
    );
  });

  it("takes a signature where Authorization is needed for a user's token", async () => {
    const onlyWit = {
      ...scene,
      web: await scene.domain.identity("/ns/pay/sa/web", { credentials: ["wit-svid"] }),
    };
    const headers = [["Authorization", "Bearer token"]] as const;
    const request = await prove(onlyWit, { ...transfer, headers });
    expect((await verify(verifierOf(scene), request)).proof.format).toBe("http-signature-07");
  });

  it("signs where it is asked for what only a signature gives", async () => {
    for (const options of [{ boundHeaders: ["x-a"] }, { signedResponse: "preferred" }] as const) {
      const request = await prove(scene, transfer, peers(options));
      expect(header(request, "Signature-Input")).toContain("wimse-aud");
    }
    const options = { accept: ["wpt-02"], boundHeaders: ["x-a"] } as const;
    await expectOptionError(
      () => prove(scene, transfer, peers(options)),
      `peers["${origin}"].accept`,
    );
  });

  it("needs a source of trust to require signed responses", async () => {
    const identity = { credentials: () => scene.web.credentials() };
    const create = () =>
      createProver({ identity, ...peers({ signedResponse: "required" }), clock: scene.clock });
    await expectOptionError(create, "identity");
  });

  it("trusts nobody to sign a response without a source of trust", async () => {
    const identity = { credentials: () => scene.web.credentials() };
    const { check, signed } = await exchange({ accept: ["svid-signature-1"] }, { identity });
    const error = await expectProofError(() => check.verify(signed), "response_invalid");
    expect(error.cause).toMatchObject({ code: "trust_domain_unknown" });
  });
});

describe("a route", () => {
  const verifier = () =>
    verifierOf(scene, { accept: ["svid-proof-1", "http-signature-07", "mutual-tls"] });
  const on = (options: VerifyOptions, accept: PeerOptions["accept"]) => async () =>
    verifier().verify(toProofRequest(await prove(scene, transfer, peers({ accept }))), options);

  it("narrows what is accepted", async () => {
    const options: VerifyOptions = { accept: ["http-signature-07"] };
    await on(options, ["http-signature-07"])();
    await expectRefusal(on(options, ["svid-proof-1"]), "proof_kind_not_accepted");
    await expectRefusal(
      () => verifier().verify(toProofRequest(transfer), options),
      "proof_missing",
    );
  });

  it("accepts signatures alone where it requires a header", async () => {
    const options: VerifyOptions = { requiredHeaders: ["content-type"] };
    await on(options, ["http-signature-07"])();
    await expectRefusal(on(options, ["svid-proof-1"]), "proof_kind_not_accepted");
    const refusal = verifier().toRefusal(
      await on(options, ["svid-proof-1"])().catch((e) => e),
      options,
    );
    expect(refusal).toMatchObject({
      headers: { "accept-signature": expect.stringMatching(/^sig1=\("@method" .*"content-type"/) },
    });
  });

  it.each<[VerifyOptions, string]>([
    [{ accept: ["wpt-02"] }, "accept"],
    [{ accept: ["svid-proof-1"], requiredHeaders: ["x-a"] }, "accept"],
    [{ accepts: [] } as VerifyOptions, "accepts"],
  ])("cannot widen it: %j", async (options, option) => {
    await expectOptionError(on(options, ["svid-proof-1"]), option);
    await expectConfigurationError(on(options, ["svid-proof-1"]), "option_invalid");
  });

  it("cannot be the one that requires headers of a verifier without signatures", async () => {
    await expectOptionError(
      () => verifierOf(scene, { accept: ["svid-proof-1"], requiredHeaders: ["x-a"] }),
      "accept",
    );
  });
});

/** A request that was accepted, its signer, the check of its response, and a good signed one. */
async function exchange(peer: Partial<PeerOptions>, prover = {}) {
  const ledger = await scene.domain.identity(ledgerId, bothKinds);
  const { method, target, headers, body: content } = transfer;
  const url = new URL(target, origin);
  const made = await createProver({
    identity: scene.web,
    clock: scene.clock,
    ...peers(peer),
    ...prover,
  }).prove({ method, url, headers, content });
  const sent = { ...transfer, headers: [...headers, ...made.headers] };
  const verifier = verifierOf(scene, {
    accept: formats,
    signedResponses: { identity: ledger, sign: "always" },
  });
  const signer = verifier.responseSigner(await verify(verifier, sent));
  const check = made.response;
  if (signer === undefined || check === undefined) throw new Error("nothing is signed");
  const response = {
    status: 200,
    headers: [["content-type", "a/b"]] as const,
    content: Buffer.from("x"),
  };
  const fields = await signer.sign(response);
  const signed = { ...response, headers: [...response.headers, ...fields] };
  return { sent, ledger, signer, check, response, signed };
}

describe("a signed response", () => {
  it("holds, whatever fields it had before under the names that are set", async () => {
    const { signer, check, response } = await exchange({ signedResponse: "required" });
    const stale = [...response.headers, ["Content-Digest", "x"], ["signature", "y"]] as const;
    const fields = await signer.sign({ ...response, headers: stale });
    await check.verify({ ...response, headers: [...response.headers, ...fields] });
    expect(check.appliesTo([])).toBe(true);
  });

  it("is looked at only where there is one, when none is required", async () => {
    const { check, signed } = await exchange({ accept: ["svid-signature-1"] });
    expect(check.appliesTo([["signature-input", 'g=();tag="gateway"']])).toBe(false);
    expect(check.appliesTo(signed.headers)).toBe(true);
  });

  it("HS-065 has to cover the status", async () => {
    const { sent, ledger, check, signed } = await exchange({ signedResponse: "required" });
    const credential = ledger.credentials().find(({ kind }) => kind === "wit-svid");
    if (credential === undefined) throw new Error("no WIT-SVID");
    const nonce = /nonce="([^"]+)"/.exec(header(sent, "Signature-Input"))?.[1] ?? "";
    const [path = "", query] = transfer.target.split("?");
    const request = { method: transfer.method, target: { path, query }, headers: [] };
    const fields = await signMessage(
      ['"@method";req', '"@path";req', '"@query";req'],
      (identifier) => valueInRequest(identifier.replace(";req", ""), request),
      credential,
      { now: scene.clock.now() / 1000, nonce: "n", "wimse-req-nonce": nonce },
    );
    const names = ["Signature", "Signature-Input"];
    const rest = signed.headers.filter(([name]) => !names.includes(name));
    const error = await expectProofError(
      () => check.verify({ ...signed, headers: [...rest, ...fields] }),
      "response_invalid",
    );
    expect(error.cause).toMatchObject({ code: "signature_component_missing" });
  });

  it("has one signature of a workload", async () => {
    const { check, signed } = await exchange({ signedResponse: "required" });
    const second = ["Signature-Input", 'b=();tag="x509-svid-workload-to-workload"'] as const;
    const error = await expectProofError(
      () => check.verify({ ...signed, headers: [...signed.headers, second] }),
      "response_invalid",
    );
    expect(error.cause).toMatchObject({ code: "signature_ambiguous" });
  });

  it("has a signature at all", async () => {
    const { sent } = await exchange({ signedResponse: "required" });
    const head = { method: sent.method, target: { path: "/", query: undefined }, headers: [] };
    const unsigned = { status: 200, headers: [], content: new Uint8Array(0) };
    await expectRefusal(
      () =>
        verifyResponse(
          unsigned,
          { format: "http-signature-07", nonce: "n", head },
          {
            identity: scene.ledger,
            algorithms: ["ES256"],
            witProfile: "spiffe",
            clockSkewSeconds: 30,
            maxProofLifetimeSeconds: 120,
            checkSignature: runtime.verify,
            maxCredentialLifetimeSeconds: 86_400,
          },
          { get: () => undefined, set: () => undefined, delete: () => undefined },
          0,
        ),
      "signature_tag_missing",
      token,
    );
  });

  it("fails with its own error where something is broken", async () => {
    const { check, signed } = await exchange({ signedResponse: "required" });
    const broken = { ...signed, content: undefined as never };
    await expect(check.verify(broken)).rejects.toThrow(TypeError);
  });

  it("of a request is not asked for with a broken key", async () => {
    const credentials = () =>
      scene.web.credentials().map((held) => ({ ...held, key: {} as never }));
    const identity = { ...scene.ledger, credentials };
    const made = exchange({ signedResponse: "required" }, { identity });
    await expect(made).rejects.toThrow(TypeError);
  });
});

describe("the parts of a signature", () => {
  it("are a digest, and not none", async () => {
    await expectRefusal(() => parseContentDigest(""), "digest_unsupported", token);
  });

  it("are flags that may be off", () => {
    const parameters = new Map<string, string | number | boolean>([
      ["created", 1],
      ["expires", 2],
      ["nonce", "n"],
      ["wimse-aud", "a"],
      ["wimse-sign-response", false],
    ]);
    expect(parseSignatureParameters(parameters, "request").wantsSignedResponse).toBe(false);
  });

  it("cannot be told apart from a request without a credential", async () => {
    const request = await prove(scene, transfer, peers({ accept: ["http-signature-07"] }));
    const without = removeHeader("Workload-Identity-Token")(request);
    await expectRefusal(
      () => verify(verifierFor("http-signature-07"), without),
      "signature_without_credential",
    );
  });

  it("are read of a certificate field of at most 12 KiB, without parameters", async () => {
    const request = await prove(scene, transfer, peers({ accept: ["svid-signature-1"] }));
    const name = "Workload-Identity-Certificate";
    const change = (value: string) => ({
      ...request,
      headers: request.headers.map(
        ([field, old]) => [field, field === name ? value : old] as const,
      ),
    });
    const verifier = verifierFor("svid-signature-1");
    for (const [value, code] of [
      [`:${"A".repeat(12 * 1024)}:`, "token_too_large"],
      [":AAAA:;a", "signature_malformed"],
      ["text", "signature_malformed"],
    ] as const) {
      await expectRefusal(() => verify(verifier, change(value)), code, token);
    }
  });
});

// Last, since time does not pass backwards.
describe("a signed response, days later", () => {
  it("is signed with a credential that is alive", async () => {
    const { signer, response } = await exchange({ signedResponse: "required" });
    scene.clock.advance(2 * 86_400_000);
    await expect(signer.sign(response)).rejects.toMatchObject({ code: "credential_expired" });
  });
});
