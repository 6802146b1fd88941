import {
  allow,
  createProver,
  createVerifier,
  type ProofFormat,
  type ProverOptions,
  type SignatureFormat,
  type TokenFormat,
  type Verifier,
  type VerifierOptions,
} from "@firsthand/core";
import {
  createTestClock,
  createTrustDomain,
  generateKey,
  type IdentityOptions,
  type JwtChange,
  type PrivateKeyInput,
  type RequestData,
  type TestClock,
  type TestIdentity,
  type TestTrustDomain,
  tamperJwt,
} from "@firsthand/testing";

/** The baseline of the catalogue of attacks. */
export const T = 1_800_000_000;
export const origin = "https://ledger.pay.svc:8443";
export const callerId = "spiffe://td.example/ns/pay/sa/web";
export const calleeId = "spiffe://td.example/ns/pay/sa/ledger";
export const allFormats: readonly TokenFormat[] = ["svid-proof-1", "wpt-02", "wpt-01"];
export const signatureFormats: readonly SignatureFormat[] = [
  "http-signature-07",
  "http-signature-06",
  "svid-signature-1",
];

/** The request of the baseline, not proved yet. */
export const transfer: RequestData = {
  method: "POST",
  target: "/v1/transfers?dry=1",
  headers: [["Host", "ledger.pay.svc:8443"]],
  body: Buffer.from('{"amount":1}'),
};

/** Two trust domains that federate, a caller, its neighbour and a callee, at second T. */
export interface Scene {
  readonly clock: TestClock;
  readonly domain: TestTrustDomain;
  readonly partner: TestTrustDomain;
  readonly caller: TestIdentity;
  readonly neighbour: TestIdentity;
  readonly callee: TestIdentity;
}

const bothKinds: IdentityOptions = { credentials: ["x509-svid", "wit-svid"] };

export async function createScene(): Promise<Scene> {
  const clock = createTestClock(T * 1000);
  const callerWitKey = await generateKey("P-256");
  const domain = await createTrustDomain("td.example", {
    clock,
    keys: (role) => (role === `wit-svid/${callerId}` ? callerWitKey : undefined),
  });
  const partner = await createTrustDomain("partner.example", { clock });
  domain.federate(partner);
  return {
    clock,
    domain,
    partner,
    caller: await domain.identity(callerId, bothKinds),
    neighbour: await domain.identity("/ns/pay/sa/neighbour", bothKinds),
    callee: await domain.identity(calleeId),
  };
}

/** The verifier of the callee, which has seen no proof yet. */
export function ledger(scene: Scene, options: Partial<VerifierOptions> = {}): Verifier {
  return createVerifier({
    identity: scene.callee,
    origin,
    policy: allow(callerId),
    accept: allFormats,
    clock: scene.clock,
    ...options,
  });
}

/** A request with a new proof of an identity, by default the caller's. */
export async function prove(
  scene: Scene,
  format: ProofFormat,
  request: RequestData = transfer,
  options: Partial<ProverOptions> = {},
): Promise<RequestData> {
  const prover = createProver({
    identity: scene.caller,
    peers: { [origin]: { id: calleeId, accept: [format] } },
    clock: scene.clock,
    ...options,
  });
  const { method, target, headers, body } = request;
  const url = new URL(`${origin}${target}`);
  const proof = await prover.prove({ method, url, headers, content: body });
  return { ...request, headers: [...headers, ...proof.headers] };
}

/** The proof token of a request. */
export function proofOf({ headers }: RequestData): string {
  for (const [name, value] of headers) {
    const found = proofIn(name, value);
    if (found !== undefined) return found;
  }
  throw new Error("the request has no proof");
}

/** The request with another proof token in the place of its own. */
export function withProof(request: RequestData, change: (proof: string) => string): RequestData {
  const headers = request.headers.map(([name, value]): [string, string] => {
    const proof = proofIn(name, value);
    return [name, proof === undefined ? value : value.replace(proof, change(proof))];
  });
  return { ...request, headers };
}

/** The request with a proof that differs and is signed with the key of the caller's credential. */
export function resigned(
  { caller }: Pick<Scene, "caller">,
  format: ProofFormat,
  request: RequestData,
  change: JwtChange,
): RequestData {
  const resignWith = keyOf(caller, format);
  return withProof(request, (proof) => tamperJwt(proof, { resignWith, ...change }));
}

/** The private key that an identity makes proofs of a format with. */
export function keyOf(identity: TestIdentity, format: ProofFormat): PrivateKeyInput {
  const isX509 = format === "svid-proof-1" || format === "svid-signature-1";
  const kind = isX509 ? "x509-svid" : "wit-svid";
  const credential = identity.material().credentials.find((held) => held.kind === kind);
  if (credential === undefined) throw new Error(`the identity has no ${kind}`);
  return credential.kind === "wit-svid"
    ? credential.privateKey
    : new Uint8Array(Buffer.from(credential.privateKey, "base64"));
}

function proofIn(name: string, value: string): string | undefined {
  switch (name.toLowerCase()) {
    case "svid-proof":
    case "workload-proof-token":
      return value;
    case "authorization":
      return value.startsWith("WPT ") ? value.slice("WPT ".length) : undefined;
    default:
      return undefined;
  }
}
