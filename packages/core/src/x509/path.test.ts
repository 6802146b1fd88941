import { describe, expect, it } from "vitest";
import type { VerificationCode } from "../refusal-codes.js";
import { concat } from "../runtime/concat.js";
import { loadX509Authority } from "./authority.js";
import { parseCertificateChain } from "./certificate-chain.js";
import {
  authorityKeyId,
  basicConstraints,
  bytes,
  ca,
  ecdsa,
  ecKey,
  hour,
  type Issuer,
  identifier,
  keyUsage,
  leaf,
  nameConstraints,
  now,
  refusal,
  rsaKey,
  rsaPkcs1,
  type Spec,
  subjectAltName,
  subjectKeyId,
  tlv,
  unknownExtension,
  uris,
  usage,
} from "./certificate-fixtures.test-support.js";
import { verifyPath } from "./path.js";

const root = ca("root");
const key = ecKey();
const idA = bytes("aaaa");
const idB = bytes("bbbb");

async function verify(
  chain: readonly Issuer[],
  authorities: readonly Issuer[] = [root],
  check = { now, skewSeconds: 30 },
): Promise<number> {
  const anchors = await Promise.all(authorities.map(({ der }) => loadX509Authority(der)));
  return verifyPath(parseCertificateChain(chain.map(({ der }) => der)), anchors, check);
}

const intermediate = (spec: Spec = {}, subject = "intermediate") =>
  ca(subject, { key, issuer: root, ...spec });

describe("verifyPath", () => {
  it("returns the earliest notAfter of the path", async () => {
    const authority = ca("short", { notAfter: now + 10 });
    const middle = intermediate({ notAfter: now + 20 });
    expect(await verify([leaf(root)])).toBe(now + hour);
    expect(await verify([leaf(middle), middle])).toBe(now + 20);
    expect(await verify([leaf(authority)], [authority])).toBe(now + 10);
  });

  it("validates as many intermediates as a chain may have", async () => {
    const one = intermediate();
    const two = ca("two", { issuer: one });
    const three = ca("three", { issuer: two });
    expect(await verify([leaf(three), three, two, one])).toBe(now + hour);
  });

  it("stops at the first authority: what is presented beyond it is not read", async () => {
    const unrelated = ca("unrelated", { extensions: { unknown: unknownExtension(true) } });
    expect(await verify([leaf(root), root])).toBe(now + hour);
    expect(await verify([leaf(root), unrelated])).toBe(now + hour);
    const middle = intermediate();
    expect(await verify([leaf(middle), root], [middle])).toBe(now + hour);
  });

  it("refuses certificates in another order than that of the path", async () => {
    const one = intermediate();
    const two = ca("two", { issuer: one });
    await expect(verify([leaf(two), one, two])).rejects.toEqual(refusal("certificate_untrusted"));
  });

  it("refuses without authorities and with none of the name", async () => {
    const untrusted = refusal("certificate_untrusted");
    await expect(verify([leaf(root)], [])).rejects.toEqual(untrusted);
    await expect(verify([leaf(root)], [ca("other")])).rejects.toEqual(untrusted);
  });

  it("compares names byte by byte", async () => {
    const shouting = ca("ROOT", { key: root.key });
    await expect(verify([leaf(root)], [shouting])).rejects.toEqual(
      refusal("certificate_untrusted"),
    );
  });
});

describe("the search for an authority", () => {
  const withId = (subject: string, id: Uint8Array, spec: Spec = {}) =>
    ca(subject, { ...spec, extensions: { id: subjectKeyId(id) } });
  const naming = (issuer: Issuer, id: Uint8Array) =>
    leaf(issuer, { extensions: { authority: authorityKeyId(id) } });

  it("tries every authority of the name", async () => {
    expect(await verify([leaf(root)], [ca("root"), ca("root"), root])).toBe(now + hour);
  });

  it("passes over an authority with another key identifier", async () => {
    const authority = withId("root", idA, { key: root.key });
    expect(await verify([naming(root, idA)], [authority])).toBe(now + hour);
    await expect(verify([naming(root, idB)], [authority])).rejects.toEqual(
      refusal("certificate_untrusted"),
    );
  });

  it("accepts an authority when only one side has a key identifier", async () => {
    expect(await verify([naming(root, idA)], [root])).toBe(now + hour);
    expect(await verify([leaf(root)], [withId("root", idA, { key: root.key })])).toBe(now + hour);
  });

  it("tries at most ten", async () => {
    const others = Array.from({ length: 10 }, () => ca("root"));
    expect(await verify([leaf(root)], [...others.slice(1), root])).toBe(now + hour);
    await expect(verify([leaf(root)], [...others, root])).rejects.toEqual(
      refusal("certificate_untrusted"),
    );
  });

  it("goes on with the presented issuer when an authority has its name and not its key", async () => {
    const nested = ca("root", { issuer: root });
    expect(await verify([leaf(nested), nested])).toBe(now + hour);
  });

  it("prefers a valid authority to another one with the same name and key", async () => {
    const expired = ca("root", { key: root.key, notAfter: now - hour });
    const future = ca("root", { key: root.key, notBefore: now + hour });
    expect(await verify([leaf(root)], [expired, future, root])).toBe(now + hour);
    expect(await verify([leaf(root)], [root, expired, future])).toBe(now + hour);
  });
});

const forged = (issuer: Pick<Issuer, "subject">): Issuer =>
  leaf({ subject: issuer.subject, key: ecKey() });

describe("refusals", () => {
  const middle = intermediate();
  const constrained = (base: string) =>
    intermediate({
      extensions: { constraints: nameConstraints([{ uniformResourceIdentifier: base }]) },
    });
  const below = (issuer: Issuer, spec: Spec = {}) => [leaf(issuer, spec), issuer];
  const expiredRoot = ca("expired", { notAfter: now - 1 });
  const futureRoot = ca("future", { notBefore: now + 31 });
  const flatRoot = ca("flat", { extensions: { basicConstraints: basicConstraints(true, 0) } });
  const constrainedRoot = ca("constrained", {
    extensions: { constraints: nameConstraints([{ uniformResourceIdentifier: "other.example" }]) },
  });
  const named = ca("named", {
    issuer: constrainedRoot,
    extensions: { names: subjectAltName(uris("spiffe://td.example")) },
  });
  const rsaRoot = ca("rsa", { key: rsaKey(), algorithm: rsaPkcs1 });

  it.each<[string, VerificationCode, readonly Issuer[], (readonly Issuer[])?]>([
    ["an expired leaf", "certificate_expired", [leaf(root, { notAfter: now - 1 })]],
    ["a leaf of the future", "certificate_not_yet_valid", [leaf(root, { notBefore: now + 31 })]],
    ["an expired intermediate", "certificate_expired", below(intermediate({ notAfter: now - 1 }))],
    [
      "an intermediate of the future",
      "certificate_not_yet_valid",
      below(intermediate({ notBefore: now + 31 })),
    ],
    ["an expired authority", "certificate_expired", [leaf(expiredRoot)], [expiredRoot]],
    ["an authority of the future", "certificate_not_yet_valid", [leaf(futureRoot)], [futureRoot]],
    [
      "an issuer that is no CA",
      "certificate_issuer_not_ca",
      below(intermediate({ extensions: { basicConstraints: basicConstraints(false) } })),
    ],
    [
      "an issuer without basicConstraints",
      "certificate_issuer_not_ca",
      below(intermediate({ extensions: { basicConstraints: undefined } })),
    ],
    [
      "an issuer without keyUsage",
      "certificate_issuer_not_ca",
      below(intermediate({ extensions: { keyUsage: undefined } })),
    ],
    [
      "an issuer without keyCertSign",
      "certificate_issuer_not_ca",
      below(intermediate({ extensions: { keyUsage: keyUsage(usage.cRLSign) } })),
    ],
    [
      "an issuer that is no CA before it is expired",
      "certificate_issuer_not_ca",
      below(intermediate({ notAfter: now - 1, extensions: { keyUsage: undefined } })),
    ],
    [
      "an unknown critical extension of an issuer",
      "certificate_extension_unsupported",
      below(intermediate({ extensions: { unknown: unknownExtension(true) } })),
    ],
    [
      "an intermediate below a CA that allows none",
      "certificate_path_length_exceeded",
      below(ca("below", { issuer: flatRoot })),
      [flatRoot],
    ],
    [
      "a presented issuer that did not sign",
      "certificate_signature_invalid",
      [forged(middle), middle],
    ],
    ["an authority that did not sign", "certificate_untrusted", [forged(root)]],
    [
      "an intermediate that the authority did not sign",
      "certificate_untrusted",
      below(intermediate({ issuer: { subject: "root", key: ecKey() } })),
    ],
    [
      "a name that an intermediate does not permit",
      "certificate_name_constrained",
      below(constrained("other.example")),
    ],
    [
      "a name that the authority does not permit",
      "certificate_name_constrained",
      [leaf(constrainedRoot)],
      [constrainedRoot],
    ],
    [
      "a name of an intermediate that the authority does not permit",
      "certificate_name_constrained",
      below(named, { extensions: { names: subjectAltName(uris("spiffe://other.example/web")) } }),
      [constrainedRoot],
    ],
    [
      "an ECDSA signature under the name of an RSA authority",
      "certificate_untrusted",
      [leaf({ subject: "rsa", key: ecKey() })],
      [rsaRoot],
    ],
    [
      "an RSA signature under the name of an ECDSA authority",
      "certificate_untrusted",
      [leaf({ subject: "root", key: rsaRoot.key }, { algorithm: rsaPkcs1 })],
    ],
    [
      "an RSA signature that says it is an ECDSA signature",
      "certificate_malformed",
      [leaf({ subject: "root", key: rsaRoot.key })],
    ],
  ])("%s", async (_, code, chain, authorities) => {
    await expect(verify(chain, authorities)).rejects.toEqual(refusal(code));
  });

  it("judges names only after signatures: who is not vouched for cannot make work", async () => {
    const issuer = constrained("other.example");
    await expect(verify([forged(issuer), issuer])).rejects.toEqual(
      refusal("certificate_signature_invalid"),
    );
  });

  it("accepts names that every CA of the path permits", async () => {
    const issuer = constrained("td.example");
    expect(await verify(below(issuer))).toBe(now + hour);
  });

  it("does not use a key off its curve", async () => {
    const point = bytes(`04${"01".repeat(64)}`);
    const algorithm = bytes("301306072a8648ce3d020106082a8648ce3d030107");
    const spki = tlv(0x30, algorithm, tlv(0x03, concat(Uint8Array.of(0), point)));
    const issuer = { ...intermediate({ spki }), key };
    await expect(verify(below(issuer))).rejects.toEqual(refusal("certificate_malformed"));
    await expect(loadX509Authority(issuer.der)).rejects.toEqual(refusal("certificate_malformed"));
  });
});

describe("validity", () => {
  it("is inclusive at both ends and grants skew to notBefore only", async () => {
    const svid = [leaf(root, { notBefore: now, notAfter: now + 60 })];
    const at = (time: number) => verify(svid, [root], { now: time, skewSeconds: 30 });
    expect(await at(now - 30)).toBe(now + 60);
    expect(await at(now + 60)).toBe(now + 60);
    await expect(at(now - 31)).rejects.toEqual(refusal("certificate_not_yet_valid"));
    await expect(at(now + 61)).rejects.toEqual(refusal("certificate_expired"));
  });
});

describe("path length", () => {
  const flat = (pathLength: number) => ({ basicConstraints: basicConstraints(true, pathLength) });

  it("XV-011 does not count the leaf", async () => {
    const issuer = intermediate({ extensions: flat(0) });
    expect(await verify([leaf(issuer), issuer])).toBe(now + hour);
  });

  it("counts the intermediates between a CA and the leaf", async () => {
    const one = intermediate({ extensions: flat(1) });
    const two = ca("two", { issuer: one });
    const three = ca("three", { issuer: two });
    expect(await verify([leaf(two), two, one])).toBe(now + hour);
    await expect(verify([leaf(three), three, two, one])).rejects.toEqual(
      refusal("certificate_path_length_exceeded"),
    );
  });

  it("does not count self-issued certificates", async () => {
    const authority = ca("self", { extensions: flat(0) });
    const rolled = ca("self", { issuer: authority });
    expect(await verify([leaf(rolled), rolled], [authority])).toBe(now + hour);
  });
});

/** r and s of an ECDSA signature over P-256, of 32 octets each. */
function numbersOf(signature: Uint8Array): [r: Uint8Array, s: Uint8Array] {
  const endOfR = 4 + (signature[3] ?? 0);
  const padded = (octets: Uint8Array) => concat(new Uint8Array(32), octets).slice(-32);
  return [padded(signature.slice(4, endOfR)), padded(signature.slice(endOfR + 2))];
}

function integer(octets: Uint8Array): Uint8Array {
  const value = octets.slice(octets.findIndex((octet) => octet > 0));
  return tlv(0x02, (value[0] ?? 0) < 0x80 ? value : concat(bytes("00"), value));
}

describe("signatures", () => {
  const malformed = refusal("certificate_malformed");
  const withSignature = (change: (signature: Uint8Array) => Uint8Array) =>
    verify([leaf(root, { changeSignature: change })]);

  it.each(["P-256", "P-384", "P-521"])("verifies ECDSA over %s", async (curve) => {
    const authority = ca("ec", { key: ecKey(curve) });
    expect(await verify([leaf(authority)], [authority])).toBe(now + hour);
  });

  it("verifies ECDSA with leading zeros in r or s", async () => {
    const isShort = (signature: Uint8Array) => (signature[3] ?? 0) < 32;
    for (let tries = 0; tries < 5000; tries++) {
      let short = false;
      const svid = leaf(root, {
        key,
        changeSignature: (signature) => {
          short = isShort(signature);
          return signature;
        },
      });
      if (short) return expect(await verify([svid])).toBe(now + hour);
    }
    throw new Error("no signature had a leading zero");
  });

  it("verifies RSASSA-PKCS1-v1_5 and RSASSA-PSS", async () => {
    const rsa = rsaKey();
    const pss = {
      oid: "1.2.840.113549.1.1.10",
      parameters: bytes(
        "3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120",
      ),
      digest: "sha256",
      pss: true,
    };
    for (const algorithm of [rsaPkcs1, pss]) {
      const authority = ca("rsa", { key: rsa, algorithm });
      expect(await verify([leaf(authority, { algorithm })], [authority])).toBe(now + hour);
    }
  });

  it.each<[string, (signature: Uint8Array) => Uint8Array]>([
    ["r‖s", () => new Uint8Array(64).fill(1)],
    ["nothing", () => new Uint8Array()],
    ["one number", () => bytes("3003020101")],
    ["three numbers", () => bytes("3009020101020101020101")],
    ["a zero", () => bytes("3006020100020101")],
    ["a negative number", () => bytes("30060201ff020101")],
    ["a number with a needless zero octet", () => bytes("300702020001020101")],
    ["bytes after the numbers", (signature) => concat(signature, bytes("0500"))],
  ])("refuses an ECDSA signature of %s", async (_, change) => {
    await expect(withSignature(change)).rejects.toEqual(malformed);
  });

  it.each([
    ["r", `3026 0221${"01".repeat(33)} 020101`],
    ["s", `3026 020101 0221${"01".repeat(33)}`],
  ])("refuses an ECDSA signature whose %s is too long for the curve", async (_, signature) => {
    await expect(withSignature(() => bytes(signature))).rejects.toEqual(
      refusal("certificate_untrusted"),
    );
  });

  it("refuses an ECDSA signature whose s would write over the end of a wrong r", async () => {
    const change = (signature: Uint8Array) => {
      const [r, s] = numbersOf(signature);
      const wrong = r.map((octet, at) => (at === 31 ? octet ^ 1 : octet));
      return tlv(0x30, integer(wrong), integer(concat(r.slice(31), s)));
    };
    await expect(withSignature(change)).rejects.toEqual(refusal("certificate_untrusted"));
  });

  it("refuses a signature that says another hash than it was made with", async () => {
    const algorithm = { ...ecdsa, oid: "1.2.840.10045.4.3.3" };
    expect(identifier(algorithm).algorithm).not.toBe(ecdsa.oid);
    await expect(verify([leaf(root, { algorithm })])).rejects.toEqual(
      refusal("certificate_untrusted"),
    );
  });
});

describe("loadX509Authority", () => {
  it.each<[string, VerificationCode, Spec]>([
    [
      "no CA",
      "certificate_issuer_not_ca",
      { extensions: { basicConstraints: basicConstraints(false) } },
    ],
    [
      "without keyCertSign",
      "certificate_issuer_not_ca",
      { extensions: { keyUsage: keyUsage(usage.digitalSignature) } },
    ],
    ["without keyUsage", "certificate_issuer_not_ca", { extensions: { keyUsage: undefined } }],
    [
      "of version 1",
      "certificate_version_invalid",
      {
        change: (tbs) => {
          tbs.version = 0;
          delete tbs.extensions;
        },
      },
    ],
    [
      "with an unknown critical extension",
      "certificate_extension_unsupported",
      { extensions: { unknown: unknownExtension(true) } },
    ],
  ])("refuses a certificate that is %s", async (_, code, spec) => {
    await expect(loadX509Authority(ca("root", spec).der)).rejects.toEqual(refusal(code));
  });

  it("takes an expired authority: its validity counts when it is used", async () => {
    const { certificate, key } = await loadX509Authority(ca("old", { notAfter: now - hour }).der);
    expect(certificate.notAfter).toBe(now - hour);
    expect(key.shape).toEqual({ kind: "ec", curve: "P-256" });
  });
});
