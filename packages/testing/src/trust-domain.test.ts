import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import { ConfigurationError, CredentialError, SpiffeIdError } from "@firsthand/core";
import { createLocalJWKSet, decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { createTestClock } from "./clock.js";
import type { KeyType, SpiffeAlgorithm } from "./keys.js";
import { claimsOf, headerOf } from "./tamper/tamper-jwt.js";
import { createTrustDomain, type TestTrustDomain } from "./trust-domain.js";

const T = 1_800_000_000;
const algorithms = [
  ...(["ES256", "ES384", "ES512"] as const),
  ...(["PS256", "PS384", "PS512"] as const),
  ...(["RS256", "RS384", "RS512"] as const),
] satisfies SpiffeAlgorithm[];

function openDomain(options: Parameters<typeof createTrustDomain>[1] = {}) {
  return createTrustDomain("shop.example", { clock: createTestClock(), ...options });
}

function certificates(chain: readonly Uint8Array[]): X509Certificate[] {
  return chain.map((der) => new X509Certificate(der));
}

/** Whether OpenSSL agrees that each certificate is issued by the next, and the last by a root. */
function isPathTo(root: Uint8Array, chain: readonly Uint8Array[]): boolean {
  const path = certificates([...chain, root]);
  return path.slice(0, -1).every((subject, i) => {
    const issuer = path[i + 1];
    return issuer && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
  });
}

function rootOf(domain: TestTrustDomain): Uint8Array {
  return domain.authorities.x509.root.certificate;
}

/** The keys of one use in a bundle document, for an independent JOSE library. */
function keySet(domain: TestTrustDomain, use: string) {
  const document: { keys: { use: string }[] } = JSON.parse(domain.bundleDocument());
  const keys = document.keys.filter((key) => key.use === use);
  return createLocalJWKSet({ keys: keys.map(({ use: _, ...key }) => key) as never });
}

describe("X.509-SVIDs", () => {
  it("chain to the root over the intermediate", async () => {
    const domain = await openDomain();
    const { chain } = await domain.issueX509Svid("/checkout");
    expect(chain).toHaveLength(2);
    expect(isPathTo(rootOf(domain), chain)).toBe(true);
  });

  it("look like those of SPIRE", async () => {
    const domain = await openDomain();
    const { chain, credential } = await domain.issueX509Svid("/checkout");
    const [leaf, intermediate] = certificates(chain);
    expect(leaf?.subjectAltName).toBe("URI:spiffe://shop.example/checkout");
    expect(leaf?.ca).toBe(false);
    expect(leaf?.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(Date.parse(leaf?.validFrom ?? "")).toBe((T - 10) * 1000);
    expect(Date.parse(leaf?.validTo ?? "")).toBe((T + 3600) * 1000);
    // critical; digitalSignature, keyEncipherment, keyAgreement
    expect(leaf?.raw.toString("hex")).toContain("0603551d0f0101ff0404030203a8");
    expect(intermediate?.ca).toBe(true);
    expect(intermediate?.subjectAltName).toBe("URI:spiffe://shop.example");
    // critical; keyCertSign, cRLSign
    expect(intermediate?.raw.toString("hex")).toContain("0603551d0f0101ff040403020106");
    expect(credential).toMatchObject({
      kind: "x509-svid",
      algorithm: "ES256",
      notBefore: T - 10,
      expiresAt: T + 3600,
    });
    expect(credential.id.toString()).toBe("spiffe://shop.example/checkout");
  });

  it("take their times and DNS names from the options", async () => {
    const domain = await openDomain();
    const options = { notBefore: T - 500, ttlSeconds: 100, dnsNames: ["a.example", "b.example"] };
    const { chain, credential } = await domain.issueX509Svid("/checkout", options);
    expect(credential).toMatchObject({ notBefore: T - 500, expiresAt: T - 400 });
    expect(certificates(chain)[0]?.subjectAltName).toBe(
      "URI:spiffe://shop.example/checkout, DNS:a.example, DNS:b.example",
    );
  });

  it.each<[KeyType, string]>([
    ["P-256", "ES256"],
    ["P-384", "ES384"],
    ["P-521", "ES512"],
    ["RSA-2048", "PS256"],
  ])("can have a %s key under authorities of that kind", async (keyType, algorithm) => {
    const domain = await openDomain({ keyType });
    const { chain, privateKey, credential } = await domain.issueX509Svid("/web", { keyType });
    expect(isPathTo(rootOf(domain), chain)).toBe(true);
    expect(credential.algorithm).toBe(algorithm);
    const key = createPrivateKey({ key: Buffer.from(privateKey), format: "der", type: "pkcs8" });
    expect(certificates(chain)[0]?.checkPrivateKey(key)).toBe(true);
  });

  it("come as PEM too", async () => {
    const domain = await openDomain();
    const issued = await domain.issueX509Svid("/checkout");
    const blocks = issued.chainPem.split(/(?<=-----END CERTIFICATE-----\n)/);
    expect(blocks.map((block) => new X509Certificate(block).raw)).toEqual(
      issued.chain.map((der) => Buffer.from(der)),
    );
    const key = createPrivateKey(issued.privateKeyPem);
    expect(new X509Certificate(issued.chainPem).checkPrivateKey(key)).toBe(true);
  });

  it("have serial numbers of their own", async () => {
    const domain = await openDomain();
    const issued = await Promise.all(Array.from({ length: 20 }, () => domain.issueX509Svid("/a")));
    const numbers = issued.map(({ chain }) => certificates(chain)[0]?.serialNumber);
    expect(new Set(numbers).size).toBe(20);
  });

  it("are made for any SPIFFE ID, and for nothing else", async () => {
    const domain = await openDomain();
    const { credential } = await domain.issueX509Svid("spiffe://other.example/web");
    expect(credential.id.trustDomain).toBe("other.example");
    await expect(domain.issueX509Svid("checkout")).rejects.toThrow(ConfigurationError);
    await expect(domain.issueX509Svid("/a//b")).rejects.toThrow(SpiffeIdError);
    await expect(domain.issueX509Svid("spiffe://shop.example")).rejects.toThrow(CredentialError);
  });
});

describe("tokens", () => {
  let capable: TestTrustDomain;

  beforeAll(async () => {
    capable = await openDomain({ tokenAlgorithms: algorithms });
  });

  it.each(algorithms)("WIT-SVID of and under a key for %s", async (algorithm) => {
    const options = { algorithm, issuerAlgorithm: algorithm };
    const { token, privateKey, credential } = await capable.issueWitSvid("/checkout", options);
    const { payload } = await jwtVerify(token, keySet(capable, "wit-svid"), {
      typ: "wit+jwt",
      algorithms: [algorithm],
      currentDate: new Date(T * 1000),
    });
    expect(payload).toEqual({
      sub: "spiffe://shop.example/checkout",
      iat: T,
      exp: T + 3600,
      cnf: { jwk: expect.objectContaining({ alg: algorithm }) },
    });
    expect(payload["cnf"]).not.toHaveProperty("jwk.d");
    await expect(importJWK({ ...privateKey }, algorithm)).resolves.toBeDefined();
    expect(credential).toMatchObject({ kind: "wit-svid", algorithm, expiresAt: T + 3600, token });
  });

  it.each(algorithms)("JWT-SVID under %s", async (algorithm) => {
    const token = await capable.issueJwtSvid("/checkout", { audience: "orders", algorithm });
    const { payload, protectedHeader } = await jwtVerify(token, keySet(capable, "jwt-svid"), {
      audience: "orders",
      subject: "spiffe://shop.example/checkout",
      currentDate: new Date(T * 1000),
    });
    expect(protectedHeader).toEqual({ alg: algorithm, kid: expect.any(String), typ: "JWT" });
    expect(payload.exp).toBe(T + 300);
  });

  it("take additions and omissions from the options", async () => {
    const domain = await openDomain();
    const token = await domain.issueJwtSvid("/checkout", {
      audience: ["a", "b"],
      ttlSeconds: 10,
      claims: { iat: undefined, extra: 1 },
      header: { typ: undefined, extra: true },
    });
    expect(claimsOf(token)).toEqual({
      sub: "spiffe://shop.example/checkout",
      aud: ["a", "b"],
      exp: T + 10,
      extra: 1,
    });
    expect(headerOf(token)).toEqual({ alg: "ES256", kid: expect.any(String), extra: true });
  });

  it("have algorithms of their own for issuer and workload", async () => {
    const domain = await openDomain({ tokenAlgorithms: ["ES256", "ES384"] });
    const options = { algorithm: "PS256", issuerAlgorithm: "ES384" } as const;
    const { token, credential } = await domain.issueWitSvid("/checkout", options);
    expect(decodeProtectedHeader(token).alg).toBe("ES384");
    expect(credential.algorithm).toBe("PS256");
  });

  it("are refused where the domain has no authority for the algorithm", async () => {
    const domain = await openDomain();
    const options = { audience: "orders", algorithm: "ES384" } as const;
    await expect(domain.issueJwtSvid("/checkout", options)).rejects.toThrow(ConfigurationError);
  });

  it("are refused where the options break the profile", async () => {
    const domain = await openDomain();
    const options = { claims: { cnf: undefined } };
    await expect(domain.issueWitSvid("/checkout", options)).rejects.toThrow(CredentialError);
  });
});

describe("bundles", () => {
  it("hold a root and a key for each kind of token", async () => {
    const domain = await openDomain();
    const bundle = await domain.bundle();
    expect(bundle.trustDomain).toBe("shop.example");
    expect(bundle.x509Authorities).toHaveLength(1);
    expect(bundle.jwtAuthorities.size).toBe(1);
    expect(bundle.witAuthorities.size).toBe(1);
    expect(bundle.sequence).toBe(1);
    expect(bundle.refreshHintSeconds).toBe(300);
  });

  it("have JWKs of the form that SPIFFE asks for", async () => {
    const domain = await openDomain();
    const { keys } = JSON.parse(domain.bundleDocument());
    expect(keys.map(({ use }: { use: string }) => use)).toEqual([
      "x509-svid",
      "jwt-svid",
      "wit-svid",
    ]);
    expect(keys[0]).not.toHaveProperty("kid");
    expect(keys[0].x5c).toEqual([Buffer.from(rootOf(domain)).toString("base64")]);
    for (const key of keys) expect(key).not.toHaveProperty("d");
  });

  it("keep old authorities over a rotation, and lose them when they are revoked", async () => {
    const domain = await openDomain();
    const oldRoot = rootOf(domain);
    const oldToken = await domain.issueJwtSvid("/checkout", { audience: "orders" });
    await domain.rotateAuthorities();
    const between = keySet(domain, "jwt-svid");
    const newToken = await domain.issueJwtSvid("/checkout", { audience: "orders" });
    const { chain } = await domain.issueX509Svid("/checkout");
    expect(isPathTo(rootOf(domain), chain)).toBe(true);
    expect(isPathTo(oldRoot, chain)).toBe(false);
    const options = { currentDate: new Date(T * 1000) };
    await expect(jwtVerify(oldToken, between, options)).resolves.toBeDefined();
    await expect(jwtVerify(newToken, between, options)).resolves.toBeDefined();
    expect(await domain.bundle()).toMatchObject({ sequence: 2, x509Authorities: { length: 2 } });

    domain.revokeOldAuthorities();
    const after = keySet(domain, "jwt-svid");
    await expect(jwtVerify(oldToken, after, options)).rejects.toThrow();
    await expect(jwtVerify(newToken, after, options)).resolves.toBeDefined();
    expect(await domain.bundle()).toMatchObject({ sequence: 3, x509Authorities: { length: 1 } });
  });
});

describe("deviating authorities", () => {
  it("come from the options", async () => {
    const domain = await openDomain({
      root: { basicConstraints: { ca: true, pathLength: 0 } },
      intermediate: { subject: "someone else" },
    });
    const { root, intermediate } = domain.authorities.x509;
    // basic constraints: critical; cA, pathLenConstraint 0
    const constraint = "0603551d130101ff040830060101ff020100";
    expect(Buffer.from(root.certificate).toString("hex")).toContain(constraint);
    expect(new X509Certificate(intermediate.certificate).subject).toBe("CN=someone else");
  });
});

describe("fixed keys and a fixed clock", () => {
  it("make the same content again, down to serial numbers and key IDs", async () => {
    const keys = new Map<string, KeyObject>();
    const provider = (role: string, type: KeyType) => {
      const name = `${role} ${type}`;
      const key = keys.get(name) ?? generateKeyPairSync("ec", { namedCurve: type }).privateKey;
      keys.set(name, key);
      return key;
    };
    const [first, second] = await Promise.all([
      openDomain({ keys: provider }),
      openDomain({ keys: provider }),
    ]);
    expect(second.bundleDocument().replaceAll(/"x5c":\[[^\]]*\]/g, "")).toBe(
      first.bundleDocument().replaceAll(/"x5c":\[[^\]]*\]/g, ""),
    );
    const [a, b] = await Promise.all([first.issueX509Svid("/web"), second.issueX509Svid("/web")]);
    expect(certificates(b.chain).map(contentOf)).toEqual(certificates(a.chain).map(contentOf));
    expect(b.privateKeyPem).toBe(a.privateKeyPem);
    const [c, d] = await Promise.all([first.issueWitSvid("/web"), second.issueWitSvid("/web")]);
    expect(headerOf(d.token)).toEqual(headerOf(c.token));
    expect(claimsOf(d.token)).toEqual(claimsOf(c.token));
    expect([...keys.keys()].sort()).toEqual([
      "jwt-authority/1 P-256",
      "wit-authority/1 P-256",
      "wit-svid/spiffe://shop.example/web P-256",
      "x509-intermediate/1 P-256",
      "x509-root/1 P-256",
      "x509-svid/spiffe://shop.example/web P-256",
    ]);
  });
});

/** The part of a certificate that is signed: what its outer SEQUENCE starts with. */
function contentOf({ raw }: X509Certificate): string {
  const start = 4;
  return raw.subarray(start, start + 4 + raw.readUInt16BE(start + 2)).toString("hex");
}
