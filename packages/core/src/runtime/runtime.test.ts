import { constants, createHash, createPrivateKey, type KeyObject, sign, verify } from "node:crypto";
import { inspect } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { utf8 } from "../encoding.js";
import { ConfigurationError } from "../errors.js";
import { expectError } from "../expect-error.test-support.js";
import { newKeyPair } from "../key-pair.test-support.js";
import { runtime as nodeRuntime } from "./node.js";
import type { HashName, KeyShape, SignatureScheme } from "./port.js";
import { runtime as webRuntime } from "./web.js";

const data = utf8("firsthand");
const hashes: readonly HashName[] = ["SHA-256", "SHA-384", "SHA-512"];
const families = ["rsa-pss", "rsa-pkcs1"] as const;

const ec = (namedCurve: "P-256" | "P-384" | "P-521") => ({
  ...newKeyPair("ec", { namedCurve }),
  shape: { kind: "ec", curve: namedCurve } as const satisfies KeyShape,
});
const p256 = ec("P-256");
const p384 = ec("P-384");
const rsa = {
  ...newKeyPair("rsa", { modulusLength: 2048 }),
  shape: { kind: "rsa", bits: 2048 } as const satisfies KeyShape,
};
const ed25519 = {
  ...newKeyPair("ed25519"),
  shape: { kind: "ed25519" } as const satisfies KeyShape,
};

interface Row {
  readonly name: string;
  readonly pair: { publicKey: KeyObject; privateKey: KeyObject; shape: KeyShape };
  readonly scheme: SignatureScheme;
}

const rows: readonly Row[] = [
  { name: "ES256", pair: p256, scheme: { family: "ecdsa", hash: "SHA-256" } },
  { name: "ES384", pair: p384, scheme: { family: "ecdsa", hash: "SHA-384" } },
  { name: "ES512", pair: ec("P-521"), scheme: { family: "ecdsa", hash: "SHA-512" } },
  ...families.flatMap((family) =>
    hashes.map((hash) => ({ name: `${family} ${hash}`, pair: rsa, scheme: { family, hash } })),
  ),
  { name: "Ed25519", pair: ed25519, scheme: { family: "ed25519" } },
];

/** How Node's own API is told the same scheme. */
function parametersOf(scheme: SignatureScheme, key: KeyObject) {
  const digest = scheme.family === "ed25519" ? null : scheme.hash.replace("-", "").toLowerCase();
  const padding =
    scheme.family === "rsa-pss" ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const rsaParameters = { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const input = scheme.family.startsWith("rsa")
    ? rsaParameters
    : { key, dsaEncoding: "ieee-p1363" as const };
  return { digest, input };
}

function signWithNode({ pair, scheme }: Row): Buffer {
  const { digest, input } = parametersOf(scheme, pair.privateKey);
  return sign(digest, data, input);
}

describe.each([
  ["node:crypto", nodeRuntime],
  ["node:crypto and its threads", { ...nodeRuntime, verify: nodeRuntime.verifyInThreadPool }],
  ["WebCrypto", webRuntime],
])("the runtime over %s", (_, runtime) => {
  const publicKeyOf = ({ pair }: Row) =>
    runtime.importPublicJwk(pair.publicKey.export({ format: "jwk" }), pair.shape);

  it("computes SHA-256", async () => {
    const expected = createHash("sha256").update(data).digest();
    expect(Buffer.from(await runtime.sha256(data))).toEqual(expected);
  });

  it("computes SHA-256 piece by piece", async () => {
    const hasher = runtime.createSha256();
    for (const at of data.keys()) hasher.update(data.subarray(at, at + 1));
    expect(Buffer.from(await hasher.digest())).toEqual(createHash("sha256").update(data).digest());
  });

  it("computes SHA-256 of nothing", async () => {
    const expected = createHash("sha256").digest();
    expect(Buffer.from(await runtime.createSha256().digest())).toEqual(expected);
  });

  it("makes random bytes", () => {
    const [a, b] = [runtime.randomBytes(16), runtime.randomBytes(16)];
    expect(a).toHaveLength(16);
    expect(a).not.toEqual(b);
  });

  it("makes no random bytes twice, however many are asked for", () => {
    const lengths = [...Array.from({ length: 300 }, () => 16), 1000, 1500, 2048, 2049, 5000];
    const drawn = lengths.map((length) => runtime.randomBytes(length));
    expect(drawn.map(({ length }) => length)).toEqual(lengths);
    const starts = drawn.map((bytes) => Buffer.from(bytes.subarray(0, 16)).toString("hex"));
    expect(new Set(starts).size).toBe(lengths.length);
  });

  it.each([
    ["no", ""],
    ["an ASCII", "header.claims"],
    ["any", "grüß € 😀 \ud800"],
    ["a long", "ab€".repeat(50_000)],
  ])("takes %s text for its UTF-8 bytes", async (_, text) => {
    const [row] = rows as [Row];
    const bytes = Buffer.from(text);
    const key = await publicKeyOf(row);
    const jwk = row.pair.privateKey.export({ format: "jwk" });
    const privateKey = await runtime.importPrivateJwk(jwk, row.pair.shape);
    const signature = await runtime.sign(row.scheme, privateKey, text);
    expect(await runtime.verify(row.scheme, key, bytes, signature)).toBe(true);
    expect(await runtime.verify(row.scheme, key, text, signature)).toBe(true);
    expect(runtime.base64url(text)).toBe(bytes.toString("base64url"));
    expect(Buffer.from(runtime.utf8(text))).toEqual(bytes);
    expect(await runtime.hashText(text)).toBe(
      createHash("sha256").update(bytes).digest("base64url"),
    );
  });

  it.each(rows)("verifies $name as Node signs it, with each form of the key", async (row) => {
    const { pair, scheme } = row;
    const spki = pair.publicKey.export({ format: "der", type: "spki" });
    const signature = signWithNode(row);
    for (const key of [await publicKeyOf(row), await runtime.importSpki(spki, pair.shape)]) {
      expect(key.shape).toBe(pair.shape);
      expect(await runtime.verify(scheme, key, data, signature)).toBe(true);
    }
  });

  it.each(rows)("signs $name as Node verifies it, with each form of the key", async (row) => {
    const { pair, scheme } = row;
    const pkcs8 = pair.privateKey.export({ format: "der", type: "pkcs8" });
    const jwk = pair.privateKey.export({ format: "jwk" });
    const { digest, input } = parametersOf(scheme, pair.publicKey);
    for (const key of [
      await runtime.importPkcs8(pkcs8, pair.shape),
      await runtime.importPrivateJwk(jwk, pair.shape),
    ]) {
      expect(key.shape).toBe(pair.shape);
      const signature = await runtime.sign(scheme, key, data);
      expect(verify(digest, data, input, signature)).toBe(true);
    }
  });

  it.each(rows)("answers no to what $name does not verify", async (row) => {
    const key = await publicKeyOf(row);
    const good = new Uint8Array(signWithNode(row));
    const bad: Record<string, Uint8Array> = {
      altered: good.with(-1, (good.at(-1) as number) ^ 1),
      empty: new Uint8Array(),
      zero: new Uint8Array(good.length),
      ones: new Uint8Array(good.length).fill(0xff),
      short: good.subarray(1),
      long: Uint8Array.of(...good, 0),
    };
    for (const [name, signature] of Object.entries(bad)) {
      const answer = await runtime.verify(row.scheme, key, data, signature);
      expect([name, answer]).toEqual([name, false]);
    }
    expect(await runtime.verify(row.scheme, key, utf8("other"), good)).toBe(false);
  });

  it("answers of many signatures at once what is true of each", async () => {
    const [row] = rows as [Row];
    const key = await publicKeyOf(row);
    const texts = Array.from({ length: 40 }, (_, at) => `text ${at}`);
    const signatures = await Promise.all(
      texts.map((text) =>
        sign("sha256", utf8(text), { key: p256.privateKey, dsaEncoding: "ieee-p1363" }),
      ),
    );
    const answers = texts.map((text, at) =>
      runtime.verify(row.scheme, key, text, signatures[at - (at % 3 === 0 ? 0 : 1)] as Buffer),
    );
    expect(await Promise.all(answers)).toEqual(texts.map((_, at) => at % 3 === 0));
  });

  it.each(families)("answers no to a signature of %s without its leading zero", async (family) => {
    const scheme = { family, hash: "SHA-256" } as const;
    const row: Row = { name: "", pair: rsa, scheme };
    const key = await publicKeyOf(row);
    const { digest, input } = parametersOf(scheme, rsa.privateKey);
    let signed = data;
    let signature = sign(digest, signed, input);
    for (let at = 0; signature[0] !== 0; at++) {
      signed = utf8(`${at}`);
      signature = sign(digest, signed, input);
    }
    expect(await runtime.verify(scheme, key, signed, signature)).toBe(true);
    expect(await runtime.verify(scheme, key, signed, signature.subarray(1))).toBe(false);
  });

  it("answers no to an ECDSA signature in DER", async () => {
    const [row] = rows as [Row];
    const signature = sign("sha256", data, p256.privateKey);
    expect(await runtime.verify(row.scheme, await publicKeyOf(row), data, signature)).toBe(false);
  });

  it("answers no under another hash or padding of the same key", async () => {
    const row = { name: "", pair: rsa, scheme: { family: "rsa-pss", hash: "SHA-256" } } as const;
    const key = await publicKeyOf(row);
    const signature = signWithNode(row);
    for (const scheme of [
      { family: "rsa-pss", hash: "SHA-384" },
      { family: "rsa-pkcs1", hash: "SHA-256" },
    ] as const) {
      expect(await runtime.verify(scheme, key, data, signature)).toBe(false);
    }
    expect(await runtime.verify(row.scheme, key, data, signature)).toBe(true);
  });

  it("FC-008 answers no where the cryptography throws", async () => {
    const scheme = { family: "ecdsa", hash: "SHA-256" } as const;
    const row: Row = { name: "", pair: ed25519, scheme };
    const signature = new Uint8Array(64);
    expect(() => verify("sha256", data, ed25519.publicKey, signature)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_OSSL_/) }),
    );
    expect(await runtime.verify(scheme, await publicKeyOf(row), data, signature)).toBe(false);
  });

  it.each(rows)("exports the public key of $name, however it came in", async (row) => {
    const { pair } = row;
    const jwk = pair.publicKey.export({ format: "jwk" });
    const spki = pair.publicKey.export({ format: "der", type: "spki" });
    for (const key of [await publicKeyOf(row), await runtime.importSpki(spki, pair.shape)]) {
      expect(await runtime.exportPublicJwk(key)).toMatchObject(jwk);
    }
  });

  it("refuses a public key that is none", async () => {
    const jwk = p256.publicKey.export({ format: "jwk" });
    const offCurve = { ...jwk, y: jwk.x };
    const spki = p256.publicKey.export({ format: "der", type: "spki" });
    const { shape } = p256;
    const acts = [
      async () => runtime.importPublicJwk(offCurve as typeof jwk, shape),
      async () => runtime.importSpki(spki.subarray(1), shape),
      async () => runtime.importSpki(new Uint8Array(), shape),
    ];
    for (const act of acts) await expectError(act, Error, {});
  });

  it("refuses a private key that is none", async () => {
    const { shape } = p256;
    const publicJwk = p256.publicKey.export({ format: "jwk" });
    const encrypted = p256.privateKey.export({
      format: "der",
      type: "pkcs8",
      cipher: "aes-128-cbc",
      passphrase: "x",
    });
    const acts = [
      async () => runtime.importPrivateJwk(publicJwk, shape),
      async () => runtime.importPkcs8(encrypted, shape),
      async () => runtime.importPkcs8(Uint8Array.of(0x30, 0x00), shape),
    ];
    for (const act of acts) await expectError(act, Error, {});
  });

  it("shows nothing of a private key", async () => {
    const jwk = p256.privateKey.export({ format: "jwk" });
    const key = await runtime.importPrivateJwk(jwk, p256.shape);
    const shown = `${inspect(key, { depth: 9, showHidden: true })} ${JSON.stringify(key)}`;
    expect(shown).toContain("P-256");
    expect(shown).not.toContain(jwk.d);
    expect(shown).not.toContain(Buffer.from(jwk.d as string, "base64url").toString("hex"));
  });
});

describe("the runtime over WebCrypto", () => {
  it("keeps a private key to itself", async () => {
    const pkcs8 = p256.privateKey.export({ format: "der", type: "pkcs8" });
    const key = await webRuntime.importPkcs8(pkcs8, p256.shape);
    const act = () => webRuntime.exportPkcs8(key);
    await expectError(act, ConfigurationError, { code: "key_not_exportable" });
  });

  it("does work without a context", () => {
    const storage = webRuntime.createContextStorage<string>();
    expect(storage.run("a", () => [storage.current(), "done"])).toEqual([undefined, "done"]);
  });

  it("never makes a key that can be exported", async () => {
    const imported = vi.spyOn(globalThis.crypto.subtle, "importKey");
    const pkcs8 = p256.privateKey.export({ format: "der", type: "pkcs8" });
    await webRuntime.importPkcs8(pkcs8, p256.shape);
    await webRuntime.importPrivateJwk(p256.privateKey.export({ format: "jwk" }), p256.shape);
    expect(imported.mock.calls.map(([, , , isExtractable]) => isExtractable)).toEqual([
      false,
      false,
    ]);
  });
});

describe("the runtime of Node", () => {
  it.each([
    ["an EC key", p256],
    ["an RSA key", rsa],
  ])("exports %s, however it was imported", async (_, { privateKey, shape }) => {
    const pkcs8 = privateKey.export({ format: "der", type: "pkcs8" });
    const jwk = privateKey.export({ format: "jwk" });
    for (const key of [
      await nodeRuntime.importPkcs8(pkcs8, shape),
      await nodeRuntime.importPrivateJwk(jwk, shape),
    ]) {
      expect(
        createPrivateKey({
          key: Buffer.from(nodeRuntime.exportPkcs8(key)),
          format: "der",
          type: "pkcs8",
        }).equals(privateKey),
      ).toBe(true);
    }
  });

  it("keeps a value for all that a piece of work calls and awaits", async () => {
    const storage = nodeRuntime.createContextStorage<string>();
    const work = async () => {
      await new Promise(setImmediate);
      return storage.current();
    };
    const answers = await Promise.all([storage.run("a", work), work(), storage.run("b", work)]);
    expect(answers).toEqual(["a", undefined, "b"]);
  });
});

describe("warnInProduction", () => {
  const message = "something to know";

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("warns once for each code, in production", () => {
    const warnings = vi.spyOn(process, "emitWarning").mockReturnValue();
    vi.stubEnv("NODE_ENV", "development");
    nodeRuntime.warnInProduction("FIRSTHAND_ONE", message);
    expect(warnings).not.toHaveBeenCalled();
    vi.stubEnv("NODE_ENV", "production");
    for (const code of ["FIRSTHAND_ONE", "FIRSTHAND_ONE", "FIRSTHAND_TWO"] as const)
      nodeRuntime.warnInProduction(code, message);
    const type = "FirsthandWarning";
    expect(warnings.mock.calls).toEqual([
      [message, { type, code: "FIRSTHAND_ONE" }],
      [message, { type, code: "FIRSTHAND_TWO" }],
    ]);
  });

  it("is silent on the web platform", () => {
    const warnings = vi.spyOn(process, "emitWarning").mockReturnValue();
    vi.stubEnv("NODE_ENV", "production");
    webRuntime.warnInProduction("FIRSTHAND_THREE", message);
    expect(warnings).not.toHaveBeenCalled();
  });
});
