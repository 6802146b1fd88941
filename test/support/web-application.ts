import {
  allow,
  createProver,
  createVerifier,
  loadX509Svid,
  parseTrustBundle,
  staticSource,
  type VerificationCode,
  VerificationError,
} from "@firsthand/core";

/** What {@link proveAndVerify} needs: an X.509-SVID in base64, and the bundle of its domain. */
export interface WebMaterial {
  readonly trustDomain: string;
  readonly bundle: string;
  readonly workload: string;
  readonly chain: readonly string[];
  readonly privateKey: string;
}

export interface WebOutcome {
  readonly caller: string;
  readonly replay: VerificationCode | undefined;
  /** Who signed a message. */
  readonly signer: string;
}

const origin = "https://orders.example";

/** An application of core that knows nothing but the web platform: proves a request and verifies it. */
export async function proveAndVerify(material: WebMaterial): Promise<WebOutcome> {
  const identity = staticSource({
    bundles: [await parseTrustBundle(material.trustDomain, material.bundle)],
    credentials: [
      await loadX509Svid({
        chain: material.chain.map(bytes),
        privateKey: bytes(material.privateKey),
      }),
    ],
  });
  const prover = createProver({ identity, peers: { [origin]: material.workload } });
  const { headers } = await prover.prove({
    method: "GET",
    url: new URL("/orders?dry=1", origin),
    headers: [],
  });
  const verifier = createVerifier({ identity, origin, policy: allow(material.workload) });
  const request = { method: "GET", target: "/orders?dry=1", headers };
  const caller = await verifier.verify(request);
  const replay = await verifier.verify(request).then(() => undefined, codeOf);
  const peers = { [origin]: { id: material.workload, accept: ["svid-signature-1"] as const } };
  const signed = await createProver({ identity, peers }).prove({
    method: "GET",
    url: new URL("/orders?dry=1", origin),
    headers: [],
  });
  const { id: signer } = await verifier.verify({ ...request, headers: signed.headers });
  return { caller: caller.id.toString(), replay, signer: signer.toString() };
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function codeOf(error: unknown): VerificationCode {
  if (error instanceof VerificationError) return error.code;
  throw error;
}
