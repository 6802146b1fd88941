import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { gzipSync } from "node:zlib";
import {
  allow,
  type TokenFormat,
  type VerificationCode,
  type VerifierOptions,
} from "@firsthand/core";
import { requireCaller } from "@firsthand/core/http";
import {
  addHeader,
  claimsOf,
  headerOf,
  type JwtChange,
  type RequestData,
  removeHeader,
  replaceHeader,
  tamperJwt,
  toProofRequest,
} from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { bindingNames } from "../../packages/core/src/proof/binding-names.js";
import {
  allFormats,
  callerId,
  createScene,
  keyOf,
  ledger,
  origin,
  proofOf,
  prove,
  resigned,
  type Scene,
  T,
  transfer,
  withProof,
} from "../support/scene.js";

let scene: Scene;

beforeAll(async () => {
  scene = await createScene();
});

const proofHeader: Record<TokenFormat, string> = {
  "svid-proof-1": "SVID-Proof",
  "wpt-02": "Authorization",
  "wpt-01": "Workload-Proof-Token",
};
const wptFormats: readonly TokenFormat[] = ["wpt-02", "wpt-01"];

function namesOf(format: TokenFormat) {
  return bindingNames[format === "svid-proof-1" ? "svid-proof" : "wpt"];
}

/** A request with a good proof, which an attack turns into a bad one. */
interface Proved {
  readonly format: TokenFormat;
  readonly request: RequestData;
  /** The request with a proof that says something else, rightly signed. */
  readonly resigned: (change: JwtChange) => RequestData;
}

interface Attack {
  readonly title: string;
  readonly formats?: readonly TokenFormat[];
  /** What the request is before it is proved, where it is not the baseline. */
  readonly request?: Partial<RequestData>;
  readonly tokenHeaders?: readonly string[];
  readonly verifier?: Partial<VerifierOptions>;
  readonly change: (proved: Proved) => RequestData | Promise<RequestData>;
  readonly code: VerificationCode | Record<TokenFormat, VerificationCode>;
}

const hash = createHash("sha256").update("token").digest("base64url");

const attacks: readonly Attack[] = [
  {
    title: "PV-017 without its proof",
    change: ({ request, format }) => removeHeader(proofHeader[format])(request),
    code: {
      "svid-proof-1": "proof_missing",
      "wpt-02": "wit_without_proof",
      "wpt-01": "wit_without_proof",
    },
  },
  {
    title: "PV-018 with two proofs",
    change: async ({ request, format }) => {
      const other = await prove(scene, format);
      const [name = "", value = ""] =
        other.headers.find(([field]) => field === proofHeader[format]) ?? [];
      return addHeader(name, value)(request);
    },
    code: "header_duplicate",
  },
  {
    title: "PV-019 with two proofs in one field, as a proxy joins them",
    change: ({ request }) => withProof(request, (proof) => `${proof}, x.y.z`),
    code: "header_duplicate",
  },
  {
    title: "PV-022 with alg ES384 under a key that is pinned to ES256",
    change: (proved) => proved.resigned({ header: { alg: "ES384" }, algorithm: "ES384" }),
    code: "token_algorithm_mismatch",
  },
  {
    title: "PV-026 signed with the key of another workload",
    change: ({ resigned, format }) =>
      resigned({ claims: { extra: 1 }, resignWith: keyOf(scene.neighbour, format) }),
    code: "token_signature_invalid",
  },
  {
    title: "PV-027 with one changed byte in the claims",
    change: ({ request }) =>
      withProof(request, (proof) =>
        tamperJwt(proof, { claimsText: (json) => json.replace("POST", "POSU") }),
      ),
    code: "token_signature_invalid",
  },
  {
    title: "PV-028 beside another valid WIT of the same key",
    formats: wptFormats,
    change: async ({ request }) => {
      const { token } = await scene.domain.issueWitSvid(callerId, { claims: { jti: "other" } });
      const others = removeHeader("Workload-Identity-Token")(request);
      return addHeader("Workload-Identity-Token", token)(others);
    },
    code: "proof_credential_mismatch",
  },
  {
    title: "PV-032 without aud",
    change: (proved) => proved.resigned({ claims: { aud: undefined } }),
    code: "proof_audience_missing",
  },
  {
    title: "PV-034 made for the host that the request names",
    request: {
      headers: [
        ["Host", "evil.example"],
        ["X-Forwarded-Host", "evil.example"],
      ],
    },
    change: (proved) => proved.resigned({ claims: { aud: "https://evil.example/v1/transfers" } }),
    code: "proof_audience_mismatch",
  },
  {
    title: "PV-035 made for http:",
    change: (proved) =>
      proved.resigned({ claims: { aud: "http://ledger.pay.svc:8443/v1/transfers" } }),
    code: "proof_audience_mismatch",
  },
  {
    title: "PV-040 made for two services",
    change: (proved) =>
      proved.resigned({
        claims: { aud: [`${origin}/v1/transfers`, "https://reports.pay.svc/v1/transfers"] },
      }),
    code: {
      "svid-proof-1": "token_claim_invalid", // where aud is never a list
      "wpt-02": "proof_audience_multiple",
      "wpt-01": "proof_audience_multiple",
    },
  },
  {
    title: "PV-042 that expired 31 seconds ago",
    change: (proved) => proved.resigned({ claims: { exp: T - 31 } }),
    code: "proof_expired",
  },
  {
    title: "PV-046 that is ten minutes old",
    change: (proved) => proved.resigned({ claims: { iat: T - 600 } }),
    code: "proof_lifetime_exceeded",
  },
  {
    title: "PV-047 that was issued after it expires",
    change: (proved) => proved.resigned({ claims: { iat: T + 20, exp: T + 10 } }),
    code: "proof_lifetime_exceeded",
  },
  {
    title: "PV-055 used for another method",
    change: ({ request }) => ({ ...request, method: "GET" }),
    code: "proof_method_mismatch",
  },
  {
    title: "PV-057 used for a reordered query",
    request: { target: "/v1/transfers?dry=1&page=2" },
    change: ({ request }) => ({ ...request, target: "/v1/transfers?page=2&dry=1" }),
    code: "proof_query_mismatch",
  },
  {
    title: "PV-059 used for another body",
    change: ({ request }) => ({ ...request, body: Buffer.from('{"amount":9}') }),
    code: "proof_body_mismatch",
  },
  {
    title: "PV-061 that does not bind the body",
    change: ({ resigned, format }) => resigned({ claims: { [namesOf(format).htb]: undefined } }),
    code: "proof_body_unbound",
  },
  {
    title: "PV-062 whose body was removed",
    change: ({ request: { body: _, ...request } }) => request,
    code: "proof_body_mismatch",
  },
  {
    title: "PV-064 whose body was compressed on the way",
    change: ({ request }) => ({
      ...addHeader("Content-Encoding", "gzip")(request),
      body: gzipSync(request.body ?? ""),
    }),
    code: "proof_body_mismatch",
  },
  {
    title: "PV-069 beside a Txn-Token that it does not bind",
    request: { headers: [["Txn-Token", "token"]] },
    change: (proved) => proved.resigned({ claims: { tth: undefined } }),
    code: "proof_transaction_token_unbound",
  },
  {
    title: "PV-070 that binds a header which the verifier does not know",
    change: (proved) => proved.resigned({ claims: { oth: { "x-user-token": hash } } }),
    code: "proof_token_header_unknown",
  },
  {
    title: "PV-071 whose bound token header occurs twice",
    request: { headers: [["X-User-Token", "token"]] },
    tokenHeaders: ["x-user-token"],
    change: ({ request }) => addHeader("x-user-token", "token")(request),
    code: "proof_token_header_ambiguous",
  },
  {
    title: "PV-079 with 12 certificates",
    formats: ["svid-proof-1"],
    change: ({ request, resigned }) =>
      resigned({ header: { x5c: [leafOf(request), ...Array.from({ length: 11 }, () => "MAA=")] } }),
    code: "certificate_chain_too_long",
  },
  {
    title: "PV-079 with 40 KiB of certificates",
    formats: ["svid-proof-1"],
    change: ({ request, resigned }) =>
      resigned({ header: { x5c: [leafOf(request), Buffer.alloc(40 * 1024).toString("base64")] } }),
    code: "token_too_large",
  },
  {
    title: "WV-042 as a WIT without proof",
    formats: wptFormats,
    change: ({ request, format }) => removeHeader(proofHeader[format])(request),
    code: "wit_without_proof",
  },
  {
    title: "WV-043 as a WIT that is a bearer token",
    formats: wptFormats,
    change: ({ request: { headers, ...request } }) => ({
      ...request,
      headers: [["Authorization", `Bearer ${witOf({ ...request, headers })}`]],
    }),
    code: "wit_as_bearer",
  },
  {
    title: "WV-044 beside two WITs",
    formats: wptFormats,
    change: async ({ request }) => {
      const { token } = await scene.domain.issueWitSvid("/ns/pay/sa/neighbour");
      return addHeader("Workload-Identity-Token", token)(request);
    },
    code: "header_duplicate",
  },
];

const rows = attacks.flatMap((attack) =>
  (attack.formats ?? allFormats).map(
    (format) => [`${attack.title} (${format})`, format, attack] as const,
  ),
);

describe("a proof is refused", () => {
  it.each(rows)("%s", async (_, format, attack) => {
    const { change, verifier, tokenHeaders, code } = attack;
    const options = { tokenHeaders, ...verifier };
    const request = await prove(
      scene,
      format,
      { ...transfer, ...attack.request },
      { tokenHeaders },
    );
    const control = await ledger(scene, options).verify(toProofRequest(request));
    expect(String(control.id)).toBe(callerId);
    const attacked = await change({
      format,
      request,
      resigned: (jwtChange) => resigned(scene, format, request, jwtChange),
    });
    await expect(ledger(scene, options).verify(toProofRequest(attacked))).rejects.toMatchObject({
      name: "VerificationError",
      code: typeof code === "string" ? code : code[format],
    });
  });

  const otherAlgorithms = [
    ["ES256", "P-384", "ES384"],
    ["RS256", "RSA-2048", "PS256"],
  ] as const;

  it.each(otherAlgorithms)(
    "PV-080 with alg %s under a leaf with a key of %s",
    async (other, keyType, alg) => {
      const caller = await scene.domain.identity(callerId, { x509Svid: { keyType } });
      const request = await prove(scene, "svid-proof-1", transfer, { identity: caller });
      expect(headerOf(proofOf(request))).toMatchObject({ alg });
      await ledger(scene).verify(toProofRequest(request));
      const attacked = resigned({ caller }, "svid-proof-1", request, {
        header: { alg: other },
        algorithm: other,
      });
      await expect(ledger(scene).verify(toProofRequest(attacked))).rejects.toMatchObject({
        code: "token_algorithm_mismatch",
      });
    },
  );

  it.each(allFormats)(
    "PV-054 after it expired, although it was accepted before (%s)",
    async (format) => {
      const later = await createScene();
      const request = await prove(later, format);
      const verifier = ledger(later);
      await verifier.verify(toProofRequest(request));
      later.clock.advance({ seconds: 89 });
      await expect(verifier.verify(toProofRequest(request))).rejects.toMatchObject({
        code: "proof_replayed",
      });
      later.clock.advance({ seconds: 1 });
      await expect(verifier.verify(toProofRequest(request))).rejects.toMatchObject({
        code: "proof_expired",
      });
    },
  );

  it.each(wptFormats)("WV-045 beside a WIT of 8,193 bytes (%s)", async (format) => {
    const longest = await besideWitOf(8192, format);
    await ledger(scene).verify(toProofRequest(longest));
    const tooLong = await besideWitOf(8193, format);
    await expect(ledger(scene).verify(toProofRequest(tooLong))).rejects.toMatchObject({
      code: "token_too_large",
      token: "wit-svid",
    });
  });

  it("PV-065 when its body passes the limit, before the rest of it arrives", async () => {
    const body = Buffer.alloc(2000, "a");
    const { headers } = await prove(scene, "svid-proof-1", { ...transfer, body });
    const handled: string[] = [];
    const listener = requireCaller(
      {
        identity: scene.callee,
        origin,
        policy: allow(callerId),
        clock: scene.clock,
        contentLimitBytes: 1000,
      },
      (_request, _response, caller) => void handled.push(String(caller.id)),
    );
    const server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write(
      [
        "POST /v1/transfers?dry=1 HTTP/1.1",
        ...headers.map(([name, value]) => `${name}: ${value}`),
        `Content-Length: ${body.length}`,
        "",
        body.subarray(0, 1001).toString(),
      ].join("\r\n"),
    );
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
    expect(handled).toEqual([]);
    socket.destroy();
    server.close();
  });
});

describe("a proof is accepted", () => {
  describe.each(allFormats)("as %s", (format) => {
    it("PV-004 by a clock that is 20 seconds behind", async () => {
      const behind = await createScene();
      const request = await prove(behind, format);
      behind.clock.stepWallClock(-20);
      await ledger(behind).verify(toProofRequest(request));
    });

    it("PV-006 for a GET without content, which it does not bind", async () => {
      const { body: _, ...get } = { ...transfer, method: "GET" };
      const request = await prove(scene, format, get);
      expect(claimsOf(proofOf(request))).not.toHaveProperty([namesOf(format).htb]);
      const caller = await ledger(scene).verify(toProofRequest(request));
      expect(caller.proof.binding).toBe("full");
    });

    it("PV-007 for a POST with content of no bytes", async () => {
      const request = await prove(scene, format, { ...transfer, body: new Uint8Array() });
      expect(claimsOf(proofOf(request))).toHaveProperty(
        [namesOf(format).htb],
        createHash("sha256").digest("base64url"),
      );
      const { body: _, ...unframed } = request;
      await ledger(scene).verify(toProofRequest(request));
      await ledger(scene).verify(toProofRequest(unframed));
    });

    it("PV-013 under header names in upper case", async () => {
      const request = await prove(scene, format);
      const headers = request.headers.map(([name, value]) => [name.toUpperCase(), value] as const);
      const caller = await ledger(scene).verify(toProofRequest({ ...request, headers }));
      expect(caller.proof.format).toBe(format);
    });

    it("PV-014 with a claim named __proto__, which changes nobody", async () => {
      const request = resigned(scene, format, await prove(scene, format), {
        claimsText: (json) =>
          json.replace("{", '{"__proto__":{"sub":"spiffe://td.example/admin"},'),
      });
      expect(claimsOf(proofOf(request))).toHaveProperty("__proto__");
      const caller = await ledger(scene).verify(toProofRequest(request));
      expect(String(caller.id)).toBe(callerId);
      expect({}).not.toHaveProperty("sub");
    });
  });
});

function leafOf(request: RequestData): unknown {
  const { x5c } = headerOf(proofOf(request));
  return (x5c as readonly unknown[])[0];
}

function witOf({ headers }: RequestData): string {
  const [, wit = ""] = headers.find(([name]) => name === "Workload-Identity-Token") ?? [];
  return wit;
}

/** The baseline with a good proof beside a good WIT of exactly this many bytes. */
async function besideWitOf(bytes: number, format: TokenFormat): Promise<RequestData> {
  const request = await prove(scene, format);
  const wit = padded(witOf(request), bytes);
  const wth = createHash("sha256").update(wit).digest("base64url");
  const proved = resigned(scene, format, request, { claims: { wth } });
  return replaceHeader("Workload-Identity-Token", () => wit)(proved);
}

/** The WIT with as much in it, and signed by its authority. */
function padded(wit: string, bytes: number): string {
  const resignWith = scene.domain.authorities.wit[0]?.key;
  const pad = (header: number, claims: number) =>
    tamperJwt(wit, {
      header: { pad: "a".repeat(header) },
      claims: { pad: "a".repeat(claims) },
      resignWith,
    });
  // base64url has no text of 4n + 1 characters, so some lengths need padding in the header too.
  for (const header of [0, 1, 2]) {
    const claims = Math.floor(((bytes - pad(header, 0).length) * 3) / 4);
    const found = [claims - 1, claims, claims + 1]
      .map((length) => pad(header, length))
      .find(({ length }) => length === bytes);
    if (found !== undefined) return found;
  }
  throw new Error(`no WIT has ${bytes} bytes`);
}
