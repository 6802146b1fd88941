import { createHash, X509Certificate } from "node:crypto";
import {
  allow,
  type Caller,
  createVerifier,
  type ReplayGuard,
  type RequestContent,
} from "@firsthand/core";
import { createTrustDomain, type TestIdentity } from "@firsthand/testing";
import { expect } from "vitest";
import { header, headerValues, type RecordedRequest } from "./recording-server.js";

/** A trust domain with a caller, `checkout`, and a service, `orders`. */
const domain = await createTrustDomain("shop.example");

export const orders = "spiffe://shop.example/orders";
export const checkout = "spiffe://shop.example/checkout";

export const checkoutIdentity: TestIdentity = await domain.identity("/checkout");
export const witIdentity: TestIdentity = await domain.identity("/checkout", {
  credentials: ["wit-svid"],
});
const ordersIdentity = await domain.identity("/orders");

/** A certificate for https://localhost, and the authority to trust for it. */
const server = await domain.issueX509Svid("/orders", { dnsNames: ["localhost"] });
export const serverTls = { cert: server.chainPem, key: server.privateKeyPem };
export const serverCa = new X509Certificate(domain.authorities.x509.root.certificate).toString();

/** The options of a caller for whom these origins are `orders`. */
export function knowing(...origins: readonly string[]) {
  return {
    identity: checkoutIdentity,
    peers: Object.fromEntries(origins.map((origin) => [origin, orders])),
  };
}

/** The claims of the one proof that a request carries. */
export function claimsOf(request: RecordedRequest | undefined): Record<string, unknown> {
  const token = header(request, "svid-proof");
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

/** The claims without those that differ from proof to proof. */
export function bindingsOf(request: RecordedRequest | undefined): Record<string, unknown> {
  const { jti: _jti, iat: _iat, exp: _exp, ...bindings } = claimsOf(request);
  return bindings;
}

export function hash(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64url");
}

/** Compares the proof with what came over the wire, byte for byte, and has it verified. */
export async function expectProved(
  request: RecordedRequest | undefined,
  origin: string,
): Promise<void> {
  if (request === undefined) throw new Error("no request arrived");
  const { method, target, body } = request;
  const [path, query] = target.split("?");
  expect(bindingsOf(request)).toEqual({
    sub: checkout,
    aud: `${origin}${path}`,
    htm: method,
    ...(query !== undefined && { htq: hash(query) }),
    ...(body.length > 0 && { htb: hash(body) }),
    ...(headerValues(request, "authorization").length > 0 && { ath: expect.any(String) }),
  });
  expect((await verify(request, origin)).id.toString()).toBe(checkout);
}

/** What a verifier with this origin says about a recorded request. */
export function verify(
  request: RecordedRequest,
  origin: string,
  options: Partial<Parameters<typeof createVerifier>[0]> = {},
): Promise<Caller> {
  const verifier = createVerifier({
    identity: ordersIdentity,
    origin,
    policy: allow(checkout),
    ...options,
  });
  const { method, target, headers, body } = request;
  const content = body.length === 0 ? undefined : contentOf(body);
  return verifier.verify({ method, target, headers, content });
}

/** A replay guard for several calls of {@link verify}, which otherwise remember nothing. */
export function rememberingGuard(): ReplayGuard {
  const seen = new Set<string>();
  return {
    claim({ key }) {
      if (seen.has(key)) return "replayed";
      seen.add(key);
      return "first";
    },
  };
}

function contentOf(body: Buffer): RequestContent {
  return {
    buffered: async (_limit, accept) => accept(hash(body)),
    streaming: (accept) => accept(hash(body)),
  };
}

/** Expects a rejection with this code. */
export async function expectCode(work: Promise<unknown>, code: string): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code });
  return error as Error;
}
