import { createPrivateKey, sign } from "node:crypto";
import type { SignatureFormat, VerificationCode } from "@firsthand/core";
import {
  addHeader,
  type RequestData,
  removeHeader,
  replaceHeader,
  toProofRequest,
} from "@firsthand/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { contentDigest, type SignatureChange, signHead } from "../generator/message-signature.js";
import {
  callerId,
  createScene,
  keyOf,
  ledger,
  origin,
  prove,
  type Scene,
  signatureFormats,
  T,
  transfer,
} from "../support/scene.js";

let scene: Scene;

beforeAll(async () => {
  scene = await createScene();
});

interface Attack {
  readonly title: string;
  /** How the signature differs from the good one. */
  readonly signed?: SignatureChange;
  /** Fields of the message before it is signed. */
  readonly fields?: readonly (readonly [string, string])[];
  readonly digest?: string;
  /** What happens on the way. */
  readonly sent?: (request: RequestData, format: SignatureFormat) => RequestData;
  readonly code: VerificationCode | Partial<Record<SignatureFormat, VerificationCode>>;
}

const attacks: readonly Attack[] = [
  {
    title: "HS-009 without Signature",
    sent: removeHeader("Signature"),
    code: "signature_unpaired",
  },
  {
    title: "HS-012 with two signatures of which no label tells the right one",
    sent: (request) => {
      const copy = (name: string) => [name, fieldOf(request, name).replace("sig1", "b")] as const;
      return {
        ...request,
        headers: [...request.headers, copy("Signature-Input"), copy("Signature")],
      };
    },
    code: "signature_ambiguous",
  },
  {
    title: "HS-017 that does not cover its target",
    signed: {
      components: (good) => good.filter((name) => !/"@(path|query|request-target)"/.test(name)),
    },
    code: {
      "http-signature-07": "signature_component_missing",
      "http-signature-06": "proof_kind_not_accepted",
      "svid-signature-1": "signature_component_missing",
    },
  },
  {
    title: "HS-018 that does not cover its digest",
    signed: { components: (good) => good.filter((name) => name !== '"content-digest"') },
    code: "signature_component_missing",
  },
  {
    title: "HS-025 that covers an unknown derived component",
    signed: { components: (good) => [...good, '"@evil"'] },
    code: "signature_component_unsupported",
  },
  {
    title: "HS-030 without created",
    signed: { parameters: { created: undefined } },
    code: "signature_parameter_missing",
  },
  {
    title: "HS-032 without nonce",
    signed: { parameters: { nonce: undefined } },
    code: "signature_parameter_missing",
  },
  {
    title: "HS-033 without tag",
    signed: { parameters: { tag: undefined } },
    code: "signature_tag_missing",
  },
  {
    title: "HS-037 that names hmac-sha256 as its algorithm",
    signed: { parameters: { alg: "hmac-sha256" } },
    code: "signature_parameter_forbidden",
  },
  {
    title: "HS-040 that has expired",
    signed: { parameters: { created: T - 90, expires: T - 31 } },
    code: "proof_expired",
  },
  {
    title: "HS-042 that would live for an hour",
    signed: { parameters: { expires: T + 3600 } },
    code: "proof_lifetime_exceeded",
  },
  {
    title: "HS-046 with a nonce of 5,000 characters",
    signed: { parameters: { nonce: "n".repeat(5000) } },
    code: "proof_id_invalid",
  },
  {
    title: "HS-047 with the names of two covered fields swapped",
    fields: [
      ["X-From", "alice"],
      ["X-To", "bob"],
    ],
    sent: (request) => ({
      ...request,
      headers: request.headers.map(([name, value]) => [swapped[name] ?? name, value]),
    }),
    code: "signature_invalid",
  },
  {
    title: "HS-048 with a second Content-Type",
    sent: addHeader("Content-Type", "text/plain"),
    code: "header_duplicate",
  },
  {
    title: "HS-049 with a second credential",
    sent: (request, format) => {
      const name = credentialField(format);
      return addHeader(name, fieldOf(request, name))(request);
    },
    code: "header_duplicate",
  },
  {
    title: "HS-050 with another body and the digest of the old one",
    sent: (request) => ({ ...request, body: Buffer.from('{"amount":9}') }),
    code: "proof_body_mismatch",
  },
  {
    title: "HS-053 with nothing but the obsolete Digest",
    digest: "",
    fields: [["Digest", "SHA-256=AAAA"]],
    code: "proof_body_unbound",
  },
  { title: "HS-054 with a digest of md5", digest: "md5=:AAAA:", code: "digest_unsupported" },
  {
    title: "HS-055 with a right sha-256 and a wrong sha-512",
    digest: `${contentDigest('{"amount":1}')}, sha-512=:AAAA:`,
    code: "digest_unsupported",
  },
  {
    title: "HS-056 with a second Content-Digest",
    sent: addHeader("Content-Digest", contentDigest("{}")),
    code: "header_duplicate",
  },
  {
    title: "HS-060 with a line break in a covered value",
    fields: [["X-Note", "a"]],
    sent: replaceHeader("X-Note", () => 'a\r\n"@method": GET'),
    code: "header_invalid",
  },
  {
    title: "HS-061 with a target in absolute form",
    sent: (request) => ({ ...request, target: `http://evil${request.target}` }),
    code: "target_invalid",
  },
];

const swapped: Readonly<Record<string, string>> = { "X-From": "X-To", "X-To": "X-From" };

describe.each(signatureFormats)("a request signed as %s", (format) => {
  it("HS-001 is accepted", async () => {
    const request = await prove(scene, format);
    const caller = await verify(format, request);
    expect(String(caller.id)).toBe(callerId);
    expect(caller.proof).toMatchObject({ format, binding: "full" });
  });

  it("HS-001 is accepted when somebody else made the signature by the book", async () => {
    expect(String((await verify(format, await signed(format, {}))).id)).toBe(callerId);
  });

  it("HS-008 is accepted with white space around a covered value", async () => {
    const request = await signed(format, { fields: [["X-Note", "a"]] });
    const sent = replaceHeader("X-Note", (value) => ` ${value}\t`)(request);
    expect((await verify(format, sent)).verifiedHeaders).toEqual({ "x-note": "a" });
  });

  it("HS-045 is refused when its nonce comes again", async () => {
    const verifier = ledger(scene, { accept: [format] });
    await verifier.verify(toProofRequest(await signed(format, {})));
    const again = await signed(format, { signed: { parameters: { created: T - 1 } } });
    await expect(verifier.verify(toProofRequest(again))).rejects.toMatchObject({
      code: "proof_replayed",
    });
  });

  it.each(attacks)("$title is refused", async (attack) => {
    const request = await signed(format, attack);
    const sent = attack.sent?.(request, format) ?? request;
    const code = typeof attack.code === "string" ? attack.code : attack.code[format];
    await expect(verify(format, sent)).rejects.toMatchObject({ code });
  });
});

function verify(format: SignatureFormat, request: RequestData) {
  return ledger(scene, { accept: [format] }).verify(toProofRequest(request));
}

function fieldOf({ headers }: RequestData, name: string): string {
  return headers.find(([field]) => field === name)?.[1] ?? "";
}

function credentialField(format: SignatureFormat): string {
  return format === "svid-signature-1"
    ? "Workload-Identity-Certificate"
    : "Workload-Identity-Token";
}

/** The baseline, signed with the caller's key by other code than ours. */
async function signed(
  format: SignatureFormat,
  { fields = [], digest = contentDigest('{"amount":1}'), signed: change }: Partial<Attack>,
): Promise<RequestData> {
  const name = credentialField(format);
  const credential = [name, fieldOf(await prove(scene, format), name)] as const;
  const type = ["Content-Type", "application/json"] as const;
  const digests = digest === "" ? [] : [["Content-Digest", digest] as const];
  const covered = [type, credential, ...digests, ...fields];
  const request = { ...transfer, headers: [...transfer.headers, ...covered] };
  const target = format === "http-signature-06" ? ['"@request-target"'] : ['"@path"', '"@query"'];
  const components = covered.map(([field]) => `"${field.toLowerCase()}"`);
  const isX509 = format === "svid-signature-1";
  const parameters = {
    created: T,
    expires: T + 60,
    nonce: "n1",
    tag: isX509 ? "x509-svid-workload-to-workload" : "wimse-workload-to-workload",
    "wimse-aud": `${origin}/v1/transfers`,
  };
  const signature = signHead(
    request,
    ['"@method"', ...target, ...components],
    parameters,
    signerOf(format),
    change,
  );
  return { ...request, headers: [...request.headers, ...signature] };
}

function signerOf(format: SignatureFormat) {
  const material = keyOf(scene.caller, format);
  const key =
    material instanceof Uint8Array
      ? createPrivateKey({ key: Buffer.from(material), format: "der", type: "pkcs8" })
      : createPrivateKey({ key: material as never, format: "jwk" });
  return {
    sign: (data: Uint8Array) => sign("sha256", data, { key, dsaEncoding: "ieee-p1363" }),
  };
}
