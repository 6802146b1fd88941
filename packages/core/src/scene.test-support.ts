import {
  createTestClock,
  createTrustDomain,
  type IdentityOptions,
  type RequestData,
  type TestClock,
  type TestIdentity,
  type TestTrustDomain,
  tamperJwt,
  toProofRequest,
} from "@firsthand/testing";
import { expect } from "vitest";
import type { Caller, SignedProof } from "./caller.js";
import { allow } from "./policy/allow.js";
import { createProver } from "./prover.js";
import type { ProverOptions } from "./prover-options.js";
import { SpiffeId } from "./spiffe/spiffe-id.js";
import { createVerifier, type Verifier } from "./verifier.js";
import {
  parseVerifierOptions,
  type VerifierOptions,
  type VerifierRules,
} from "./verifier-options.js";

/** The second that a new test clock shows. */
export const now = 1_800_000_000;
export const webId = "spiffe://td.example/ns/pay/sa/web";
export const ledgerId = "spiffe://td.example/ns/pay/sa/ledger";
export const origin = "https://ledger.pay.svc:8443";

/** What is proved when a test says nothing else. */
export const transfer: RequestData = {
  method: "POST",
  target: "/v1/transfers?dry=1",
  headers: [["content-type", "application/json"]],
  body: Buffer.from('{"amount":1}'),
};

/** A caller, a callee and their trust domain, at a time that stands still. */
export interface Scene {
  readonly clock: TestClock;
  readonly domain: TestTrustDomain;
  readonly web: TestIdentity;
  readonly ledger: TestIdentity;
}

export async function createScene(options: IdentityOptions = {}): Promise<Scene> {
  const clock = createTestClock();
  const domain = await createTrustDomain("td.example", { clock });
  const [web, ledger] = await Promise.all([
    domain.identity(webId, options),
    domain.identity(ledgerId),
  ]);
  return { clock, domain, web, ledger };
}

/** The callee's verifier, which allows the caller. */
export function verifierOf(
  { clock, ledger }: Pick<Scene, "clock" | "ledger">,
  options: Partial<VerifierOptions> = {},
): Verifier {
  return createVerifier({ identity: ledger, origin, policy: allow(webId), clock, ...options });
}

/** The request with the caller's proof added. */
export async function prove(
  { clock, web }: Pick<Scene, "clock"> & { readonly web: ProverOptions["identity"] },
  request: RequestData = transfer,
  options: Partial<ProverOptions> = {},
): Promise<RequestData> {
  const prover = createProver({ identity: web, peers: { [origin]: ledgerId }, clock, ...options });
  const { method, target, headers, body: content } = request;
  const proof = await prover.prove({ method, url: new URL(target, origin), headers, content });
  return { ...request, headers: [...headers, ...proof.headers] };
}

/** Verifies a request that is given as data. */
export function verify(verifier: Verifier, request: RequestData): Promise<Caller> {
  return verifier.verify(toProofRequest(request));
}

/** The value of a header that has to be there once. */
export function header(request: RequestData, name: string): string {
  const values = request.headers.filter(([other]) => other.toLowerCase() === name.toLowerCase());
  expect(values).toHaveLength(1);
  return (values as [[string, string]])[0][1];
}

/** The private key of an identity's first credential of a kind. */
export function privateKeyOf(identity: TestIdentity, kind: "x509-svid" | "wit-svid") {
  const material = identity.material().credentials.find((credential) => credential.kind === kind);
  if (material?.kind === "wit-svid") return material.privateKey;
  if (material?.kind === "x509-svid") return Buffer.from(material.privateKey, "base64");
  return expect.fail(`the identity has no ${kind}`);
}

/** Changes one claim, or a few, of the request's SVID-Proof or WPT, and signs it again. */
export function withProofClaims(
  request: RequestData,
  identity: TestIdentity,
  claims: Readonly<Record<string, unknown>>,
): RequestData {
  return withProof(request, (token, kind) =>
    tamperJwt(token, { claims, resignWith: privateKeyOf(identity, kind) }),
  );
}

/** Replaces the SVID-Proof or WPT of a request. */
export function withProof(
  request: RequestData,
  change: (token: string, kind: "x509-svid" | "wit-svid") => string,
): RequestData {
  const headers = request.headers.map(([name, value]) => {
    if (name === "SVID-Proof") return [name, change(value, "x509-svid")] as const;
    if (name === "Workload-Proof-Token") return [name, change(value, "wit-svid")] as const;
    if (name === "Authorization")
      return [name, `WPT ${change(value.slice(4), "wit-svid")}`] as const;
    return [name, value] as const;
  });
  return { ...request, headers };
}

/** An answer that never comes, while the time for it passes. */
export function silence(clock: TestClock, milliseconds = 2000): Promise<never> {
  queueMicrotask(() => clock.advance(milliseconds));
  return new Promise(() => {});
}

/** A caller that was verified, for what only looks at one. */
export function callerOf(id: string, proof: Partial<SignedProof> = {}): Caller {
  return {
    id: SpiffeId.parse(id, ["spiffe", "wimse"]),
    credential: {
      kind: "x509-svid",
      thumbprint: "thumbprint",
      notBefore: now - 10,
      expiresAt: now + 3600,
      issuer: undefined,
    },
    proof: {
      format: "svid-proof-1",
      binding: "full",
      idHash: "hash",
      issuedAt: now,
      expiresAt: now + 60,
      ...proof,
    },
    onBehalfOf: undefined,
  };
}

/** Checked verifier options, for what only needs some of them. */
export function rulesOf(options: Partial<VerifierOptions> = {}): VerifierRules {
  const identity = { trustBundle: () => undefined };
  return parseVerifierOptions({ identity, origin, policy: () => true, ...options });
}
