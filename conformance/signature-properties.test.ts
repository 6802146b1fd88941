import {
  allow,
  createVerifier,
  type SignatureFormat,
  VerificationError,
  type Verifier,
} from "@firsthand/core";
import { type RequestData, replaceHeader, toProofRequest } from "@firsthand/testing";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { byteValue, messageParts, type Part, place, withByte } from "./support/one-byte.js";
import {
  calleeId,
  callerId,
  createScene,
  origin,
  prove,
  type Scene,
  signatureFormats,
  transfer,
} from "./support/scene.js";

const seed = 20_261_128;
const runs = 2000;

let scene: Scene;
let verifier: Verifier;

beforeAll(async () => {
  scene = await createScene();
  verifier = createVerifier({
    identity: scene.callee,
    origin,
    policy: allow(callerId),
    accept: signatureFormats,
    tokenHeaders: ["x-user-token"],
    clock: scene.clock,
    replay: { claim: () => "first" }, // so that no refusal is for having been seen before
  });
});

/** The transfer with everything that a signature can cover. */
function signed(format: SignatureFormat): Promise<RequestData> {
  const headers = [
    ["Content-Type", "application/json"],
    ["Authorization", "Bearer access-token"],
    ["Txn-Token", "txn-token"],
    ["X-User-Token", "user-token"],
    ["X-Tenant", "blue"],
  ] as const;
  const peer = { id: calleeId, accept: [format], boundHeaders: ["x-tenant"] };
  const request = { ...transfer, headers: [...transfer.headers, ...headers] };
  return prove(scene, format, request, {
    peers: { [origin]: peer },
    tokenHeaders: ["x-user-token"],
  });
}

function outcomeOf(request: RequestData): Promise<unknown> {
  return verifier.verify(toProofRequest(request)).then(
    ({ id, proof }) => `${id} by ${proof.format}`,
    (error: unknown) => error,
  );
}

function partsOf({ headers }: RequestData): readonly Part[] {
  return [
    ...messageParts,
    ...headers
      .filter(([name]) => name !== "Host")
      .map(
        ([name, value]): Part => [
          name,
          () => value,
          (request, changed) => replaceHeader(name, () => changed)(request),
        ],
      ),
  ];
}

describe.each(signatureFormats)("a request signed as %s", (format) => {
  it("is refused when one byte of what is covered is another", async () => {
    const request = await signed(format);
    const parts = partsOf(request);
    expect(parts).toHaveLength(12);
    const property = fc.asyncProperty(
      fc.constantFrom(...parts),
      place,
      byteValue,
      async ([, read, write], at, byte) => {
        const changed = withByte(read(request), at, byte);
        // White space around a value is no part of it.
        fc.pre(changed !== undefined && changed.trim() === changed);
        expect(await outcomeOf(write(request, changed))).toBeInstanceOf(VerificationError);
      },
    );
    await fc.assert(property, { seed, numRuns: runs });
  });

  it("is taken for nothing else, whatever stands beside its signature", async () => {
    const request = await signed(format);
    const property = fc.asyncProperty(
      fc.array(member, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      async (others, first) => {
        const headers = others.flatMap(({ label, input, signature }) => [
          ["Signature-Input", `${label}=${input}`] as const,
          ["Signature", `${label}=${signature}`] as const,
        ]);
        const all = first ? [...headers, ...request.headers] : [...request.headers, ...headers];
        const outcome = await outcomeOf({ ...request, headers: all });
        if (!(outcome instanceof VerificationError)) {
          expect(outcome).toBe(`${callerId} by ${format}`);
          expect(others.some(({ input }) => input.includes("workload-to-workload"))).toBe(false);
        }
      },
    );
    await fc.assert(property, { seed, numRuns: runs });
  });

  it("is refused with any parameter added, removed or repeated", async () => {
    const request = await signed(format);
    const parameter = fc.constantFrom(
      ...[";created=1", ";expires=9999999999", ';nonce="n"', ';tag="x"', ';alg="none"'],
      ...[';keyid="k"', ';wimse-aud="https://other.example/"', ";wimse-sign-response", ";x=1"],
    );
    const property = fc.asyncProperty(parameter, place, async (text, at) => {
      const change = (value: string) => {
        const ends = [...value.matchAll(/;|$/g)].map(({ index }) => index);
        const index = ends[Math.floor(at * ends.length)] ?? value.length;
        return value.slice(0, index) + text + value.slice(index);
      };
      const changed = replaceHeader("Signature-Input", change)(request);
      expect(await outcomeOf(changed)).toBeInstanceOf(VerificationError);
    });
    await fc.assert(property, { seed, numRuns: 500 });
  });
});

const tag = fc.constantFrom(
  ...["wimse-workload-to-workload", "x509-svid-workload-to-workload", "gateway", ""],
);

/** A signature that somebody adds: any label, tag, components and bytes. */
const member = fc
  .record({
    label: fc.constantFrom("sig1", "sig2", "wimse", "*", "gateway"),
    tag,
    component: fc.constantFrom('"@method"', '"@method" "@path" "@query"', "", '"@evil"'),
    signature: fc.constantFrom(":AAAA:", "::", ":AAAA", "x", '"AAAA"'),
  })
  .map(({ label, tag: name, component, signature }) => ({
    label,
    signature,
    input: `(${component});created=1;tag="${name}"`,
  }));
