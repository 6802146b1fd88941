import { constants, createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { type InnerList, serializeInnerList } from "structured-headers";
import { describe, expect, it } from "vitest";
import {
  componentsOf,
  valueInRequest,
  valueInResponse,
} from "../../packages/core/src/signature/component.js";
import type { RequestHead } from "../../packages/core/src/signature/message-head.js";
import { signatureBase } from "../../packages/core/src/signature/signature-base.js";
import { parseDictionary, parseList } from "../../packages/core/src/signature/structured-field.js";
import { describeShared } from "../support/describe-shared.js";

interface Vectors {
  readonly keys: Readonly<Record<string, { readonly jwk?: JsonWebKey }>>;
  readonly signatureCases: readonly SignatureCase[];
  readonly componentCases: readonly ComponentCase[];
}

interface SignatureCase {
  readonly id: string;
  readonly message: string;
  readonly requestMessage?: string;
  readonly label: string;
  readonly keyid: string;
  readonly alg: string;
  readonly signatureBase: string;
  readonly expectValid: boolean;
}

interface ComponentCase {
  readonly message: string;
  readonly componentIdentifier: string;
  readonly expectedValue: string;
}

/** What our profile has no use for: a host is the word of the sender, and parts are ambiguous. */
const unsupported = /"@(authority|target-uri|scheme|query-param)"|;(sf|key|bs|tr)/;

/** A target that is not in origin form is refused before a signature is looked at. */
const otherForm = /^[A-Z]+ (?!\/)/;

describeShared<Vectors>("RFC 9421", "rfc9421.json", (vectors) => {
  const isOurs = ({ message, componentIdentifier }: ComponentCase) =>
    !unsupported.test(componentIdentifier) &&
    !otherForm.test(message) &&
    !componentIdentifier.includes("obs-fold"); // Node refuses such a message

  const ours = vectors.componentCases.filter(isOurs);
  const others = vectors.componentCases.filter((entry) => !isOurs(entry));

  it("has as many components as are looked at here", () => {
    expect([ours.length, others.length]).toEqual([17, 21]);
  });

  it.each(ours)("$componentIdentifier is $expectedValue", (entry) => {
    expect(valueOfComponent(entry)).toBe(entry.expectedValue);
  });

  it.each(others.filter((entry) => unsupported.test(entry.componentIdentifier)))(
    "$componentIdentifier is refused",
    (entry) => {
      expect(() => valueOfComponent(entry)).toThrow(
        expect.objectContaining({ code: "signature_component_unsupported" }),
      );
    },
  );

  const bases = vectors.signatureCases.filter(
    (entry) => !entry.signatureBase.includes("query-param"),
  );

  it("has as many signatures as are looked at here", () => {
    expect([bases.length, vectors.signatureCases.length]).toEqual([19, 20]);
  });

  describe.each(bases)("the signature $id", (published) => {
    it("has the base that is printed", () => {
      expect(baseOf(published)).toBe(published.signatureBase);
    });

    const key = vectors.keys[published.keyid]?.jwk;
    it.runIf(key !== undefined)("holds, or does not, as it is said to", () => {
      const [bytes] = parseDictionary(fieldOf(published.message, "signature")).get(
        published.label,
      ) as unknown as [ArrayBuffer];
      const base = Buffer.from(baseOf(published));
      expect(holds(published.alg, key as JsonWebKey, base, new Uint8Array(bytes))).toBe(
        published.expectValid,
      );
    });
  });
});

function valueOfComponent({ message, componentIdentifier }: ComponentCase): string {
  const [component = ""] = componentsOf([
    parseList(componentIdentifier) as InnerList[0],
    new Map(),
  ]);
  if (!message.startsWith("HTTP/")) return valueInRequest(component, requestOf(message));
  const { headers } = requestOf(message);
  return valueInResponse(component, {
    status: Number(message.split(" ")[1]),
    headers,
    request: requestOf("GET / HTTP/1.1"),
  });
}

/** The base, with `@authority` from the message: the RFC's examples cover it, and ours never do. */
function baseOf({ message, requestMessage = message, label }: SignatureCase): string {
  const member = parseDictionary(fieldOf(message, "signature-input")).get(label) as InnerList;
  const request = requestOf(requestMessage);
  const { headers } = requestOf(message);
  const response = { status: Number(message.split(" ")[1]), headers, request };
  const valueFor = (component: string) => {
    if (component.startsWith('"@authority"')) return fieldOf(requestMessage, "host");
    return message.startsWith("HTTP/")
      ? valueInResponse(component, response)
      : valueInRequest(component, request);
  };
  const base = signatureBase(componentsOf(member), valueFor, serializeInnerList(member));
  return base;
}

function requestOf(message: string): RequestHead {
  const [line = "", ...rest] = message.split("\n\n", 1)[0]?.split("\n") ?? [];
  const hasLine = /^[A-Z]+[ /]/.test(line);
  const [method = "", target = "/"] = line.split(" ");
  const fields = hasLine ? rest : [line, ...rest];
  const [path = "", query] = target.split(/\?(.*)/s);
  return {
    method,
    target: { path, query },
    headers: fields.map((field): [string, string] => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon), field.slice(colon + 1)];
    }),
  };
}

function fieldOf(message: string, name: string): string {
  const found = requestOf(message).headers.filter(([field]) => field.toLowerCase() === name);
  return found.map(([, value]) => value.trim()).join(", ");
}

function holds(alg: string, jwk: JsonWebKey, data: Buffer, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: jwk, format: "jwk" });
  switch (alg) {
    case "rsa-pss-sha512":
      return verify(
        "sha512",
        data,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 },
        signature,
      );
    case "rsa-v1_5-sha256":
      return verify("sha256", data, key, signature);
    case "ecdsa-p256-sha256":
      return verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, signature);
    default:
      return verify(null, data, key, signature);
  }
}
