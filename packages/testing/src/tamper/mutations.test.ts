import {
  allow,
  createProver,
  createVerifier,
  memoryReplayGuard,
  staticSource,
  type VerificationCode,
  VerificationError,
} from "@firsthand/core";
import { beforeAll, describe, expect, it } from "vitest";
import { createTestClock } from "../clock.js";
import type { SpiffeAlgorithm } from "../keys.js";
import type { SigningKey } from "../token/signing-key.js";
import { createTrustDomain, type TestTrustDomain } from "../trust-domain.js";
import type { IssuedX509Svid } from "../x509/issue-x509-svid.js";
import { x509SvidMaterial } from "../x509/issue-x509-svid.js";
import { type CertificateMutationName, certificateMutations } from "./certificate-mutations.js";
import { type JwtMutationName, jwtMutations } from "./jwt-mutations.js";
import { mintLeaf } from "./mint.js";
import { replaceCertificates } from "./replace-certificates.js";
import { type RequestData, toProofRequest } from "./request-data.js";
import {
  addHeader,
  type RequestMutation,
  type RequestMutationName,
  removeHeader,
  repeatHeader,
  replaceHeader,
  requestMutations,
} from "./request-mutations.js";

const origin = "https://orders.internal";
const clock = createTestClock();

let domain: TestTrustDomain;
let checkout: IssuedX509Svid;
let good: RequestData;

beforeAll(async () => {
  domain = await createTrustDomain("shop.example", { clock });
  checkout = await domain.issueX509Svid("/checkout");
  const prover = createProver({
    identity: staticSource({ credentials: [checkout.credential], bundles: [] }),
    peers: { [origin]: "spiffe://shop.example/orders" },
    clock,
  });
  const url = new URL("/orders?dry=1&limit=2", origin);
  const body = Buffer.from('{"amount":1}');
  const { headers } = await prover.prove({ method: "POST", url, headers: [], content: body });
  good = { method: "POST", target: url.pathname + url.search, headers, body };
});

/** The SPIFFE ID of an accepted caller, or the code of the refusal. */
async function outcome(request: RequestData): Promise<string> {
  const verifier = createVerifier({
    identity: staticSource({ bundles: [await domain.bundle()] }),
    origin,
    policy: allow("spiffe://shop.example/checkout"),
    replay: memoryReplayGuard({ clock }),
    clock,
  });
  try {
    return (await verifier.verify(toProofRequest(request))).id.toString();
  } catch (error) {
    if (error instanceof VerificationError) return error.code;
    throw error;
  }
}

function withProof(change: (proof: string) => string): RequestData {
  return replaceHeader("SVID-Proof", change)(good);
}

it("accepts the request that the mutations start from", async () => {
  expect(await outcome(good)).toBe("spiffe://shop.example/checkout");
});

it("accepts a minted chain with nothing wrong in it", async () => {
  const leaf = await mintLeaf(domain, "/checkout", { extendedKeyUsage: undefined });
  const svid = x509SvidMaterial(leaf, domain.authorities.x509.intermediate);
  const request = withProof((proof) => replaceCertificates(proof, svid));
  expect(await outcome(request)).toBe("spiffe://shop.example/checkout");
});

describe("certificateMutations", () => {
  const expected: Record<CertificateMutationName, VerificationCode> = {
    uriMissing: "certificate_uri_missing",
    uriOnlyAsDnsName: "certificate_uri_missing",
    uriOnlyAsEmail: "certificate_uri_missing",
    uriInsideDnsName: "certificate_uri_missing",
    uriTwice: "certificate_uri_multiple",
    uriOfAnotherWorkloadAdded: "certificate_uri_multiple",
    uriOfAnotherSchemeAdded: "certificate_uri_multiple",
    uriOfAnotherScheme: "certificate_id_invalid",
    uriWithoutPath: "certificate_id_invalid",
    uriWithNul: "certificate_id_invalid",
    uriWithSecondInside: "certificate_id_invalid",
    leafIsCa: "certificate_is_ca",
    keyUsageMissing: "certificate_key_usage_invalid",
    keyUsageNotCritical: "certificate_key_usage_invalid",
    keyUsageWithoutSignature: "certificate_key_usage_invalid",
    keyUsageCertSign: "certificate_key_usage_invalid",
    keyUsageCrlSign: "certificate_key_usage_invalid",
    purposeEmail: "certificate_extended_key_usage_invalid",
    purposeCodeSigning: "certificate_extended_key_usage_invalid",
    purposeWithoutClient: "certificate_extended_key_usage_invalid",
    purposeWithoutServer: "certificate_extended_key_usage_invalid",
    leafExpired: "certificate_expired",
    leafNotYetValid: "certificate_not_yet_valid",
    extensionCriticalUnknown: "certificate_extension_unsupported",
    extensionDuplicate: "certificate_extension_duplicate",
    versionOne: "certificate_version_invalid",
    serialNumberZero: "certificate_malformed",
    serialNumberNegative: "certificate_malformed",
    serialNumberTooLong: "certificate_malformed",
    signatureAlgorithmsDiffer: "certificate_algorithm_mismatch",
    keyRsa1024: "certificate_key_weak",
    keySecp256k1: "certificate_algorithm_unsupported",
    namesTooLarge: "token_too_large",
    chainEmpty: "certificate_chain_empty",
    chainWithoutIntermediate: "certificate_untrusted",
    chainReversed: "certificate_id_invalid",
    chainTooLong: "token_too_large",
    leafWithTrailingByte: "certificate_trailing_data",
    leafTruncated: "certificate_malformed",
    leafSignatureBitFlipped: "certificate_signature_invalid",
    leafSelfSigned: "certificate_untrusted",
    impostorOfSameName: "certificate_untrusted",
    issuerOfSameName: "certificate_untrusted",
    issuersInCircle: "certificate_untrusted",
    intermediateNotCa: "certificate_issuer_not_ca",
    intermediateWithoutBasicConstraints: "certificate_issuer_not_ca",
    intermediateWithoutCertSign: "certificate_issuer_not_ca",
    intermediateExpired: "certificate_expired",
    intermediateNotYetValid: "certificate_not_yet_valid",
    intermediateCriticalUnknown: "certificate_extension_unsupported",
    intermediateExcludesName: "certificate_name_constrained",
    pathLengthExceeded: "certificate_path_length_exceeded",
    neighbourAsIssuer: "certificate_issuer_not_ca",
    expiredNeighbourAsIssuer: "certificate_issuer_not_ca",
    foreignTrustDomain: "trust_domain_unknown",
  };

  it.each(Object.entries(certificateMutations))("%s is refused", async (name, mutate) => {
    const svid = await mutate(domain, "/checkout");
    const request = withProof((proof) => replaceCertificates(proof, svid));
    expect(await outcome(request)).toBe(expected[name as CertificateMutationName]);
  });
});

describe("jwtMutations", () => {
  const expected: Record<JwtMutationName, VerificationCode> = {
    segmentMissing: "token_malformed",
    segmentAdded: "token_malformed",
    claimsEmpty: "token_malformed",
    jsonSerialization: "header_duplicate",
    headerPadded: "token_encoding_invalid",
    claimsPadded: "token_encoding_invalid",
    signaturePadded: "token_encoding_invalid",
    claimsWithWhitespace: "header_invalid",
    claimsStandardAlphabet: "token_encoding_invalid",
    claimsTrailingBits: "token_encoding_invalid",
    claimsNotJson: "token_json_invalid",
    claimsArray: "token_json_invalid",
    claimsWithBom: "token_json_invalid",
    claimsInvalidUtf8: "token_utf8_invalid",
    claimDuplicate: "token_member_duplicate",
    claimDuplicateEscaped: "token_member_duplicate",
    headerMemberDuplicate: "token_member_duplicate",
    typMissing: "token_type_invalid",
    typOther: "token_type_invalid",
    typOtherCase: "token_type_invalid",
    typNotString: "token_type_invalid",
    algMissing: "token_malformed",
    algNotString: "token_malformed",
    algNone: "token_malformed",
    algNoneMixedCase: "token_malformed",
    algHmacOfPublicKey: "token_algorithm_forbidden",
    algOther: "token_algorithm_mismatch",
    critUnknown: "token_critical_unsupported",
    critEmpty: "token_critical_unsupported",
    critB64: "token_critical_unsupported",
    b64False: "token_header_forbidden",
    zip: "token_header_forbidden",
    kidOther: "token_header_forbidden",
    kidPrototype: "token_header_forbidden",
    kidNotString: "token_header_forbidden",
    jwkOfStranger: "token_header_forbidden",
    claimsEdited: "token_signature_invalid",
    headerEdited: "token_header_forbidden",
    signatureEmpty: "token_malformed",
    signatureZero: "token_signature_invalid",
    signatureBitFlipped: "token_signature_invalid",
    signatureTruncated: "token_signature_invalid",
    signatureExtended: "token_signature_invalid",
    signatureInDer: "token_signature_invalid",
    signedByStranger: "token_signature_invalid",
  };

  it.each(Object.entries(jwtMutations))("%s is refused", async (name, mutate) => {
    const request = withProof((proof) => mutate(proof, checkout.privateKey));
    expect(await outcome(request)).toBe(expected[name as JwtMutationName]);
  });

  it.each<SpiffeAlgorithm>(["ES384", "ES512", "PS256", "RS512"])(
    "apply to %s",
    async (algorithm) => {
      const other = await createTrustDomain("shop.example", { tokenAlgorithms: [algorithm] });
      const token = await other.issueJwtSvid("/checkout", { audience: "orders" });
      const [{ key }] = other.authorities.jwt as [SigningKey];
      const tampered = Object.values(jwtMutations).map((mutate) => mutate(token, key));
      expect(tampered).not.toContain(token);
      expect(new Set(tampered).size).toBe(tampered.length);
    },
  );
});

describe("requestMutations", () => {
  const expected: Record<RequestMutationName, VerificationCode> = {
    methodChanged: "proof_method_mismatch",
    methodLowerCase: "proof_method_mismatch",
    pathChanged: "proof_target_mismatch",
    pathExtended: "proof_target_mismatch",
    pathWithSlash: "proof_target_mismatch",
    pathWithDoubleSlash: "proof_target_mismatch",
    pathWithDotSegment: "proof_target_mismatch",
    pathUpperCase: "proof_target_mismatch",
    pathPercentEncoded: "proof_target_mismatch",
    queryAdded: "proof_query_mismatch",
    queryEmptied: "proof_query_mismatch",
    queryRemoved: "proof_query_mismatch",
    queryReordered: "proof_query_mismatch",
    queryPercentEncoded: "proof_query_mismatch",
    bodyBitFlipped: "proof_body_mismatch",
    bodyTruncated: "proof_body_mismatch",
    bodyExtended: "proof_body_mismatch",
    bodyReplaced: "proof_body_mismatch",
    bodyRemoved: "proof_body_mismatch",
  };

  it.each(Object.entries(requestMutations))("%s is refused", async (name, mutate) => {
    expect(await outcome(mutate(good))).toBe(expected[name as RequestMutationName]);
  });

  it.each<[string, RequestMutation, VerificationCode]>([
    ["without the proof", removeHeader("svid-proof"), "proof_missing"],
    ["with the proof twice", repeatHeader("Svid-Proof"), "header_duplicate"],
    ["with an access token", addHeader("Authorization", "Bearer a"), "proof_access_token_unbound"],
  ])("a request %s is refused", async (_, mutate, code) => {
    expect(await outcome(mutate(good))).toBe(code);
  });
});
