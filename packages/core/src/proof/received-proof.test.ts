import { describe, expect, it } from "vitest";
import { base64url, utf8 } from "../encoding.js";
import { expectRefusal } from "../expect-error.test-support.js";
import type { VerificationCode } from "../refusal-codes.js";
import { type ProofFormat, proofFormats } from "./format.js";
import { findProof, type ReceivedProof } from "./received-proof.js";
import { readSecurityHeaders } from "./security-headers.js";

type Headers = Readonly<Record<string, string>>;

const find = (headers: Headers, accept: readonly ProofFormat[] = proofFormats) =>
  findProof(readSecurityHeaders(Object.entries(headers)), accept);

const svidProof = { "SVID-Proof": "proof" };
const wit = { "Workload-Identity-Token": "wit" };
const wpt02 = { Authorization: "WPT proof" };
const wpt01 = { "Workload-Proof-Token": "proof" };
const tokenOfType = (typ: string) => `${base64url(utf8(JSON.stringify({ typ })))}.b.c`;

describe("findProof", () => {
  it.each<[headers: Headers, proof: ReceivedProof]>([
    [svidProof, { format: "svid-proof-1", token: "proof" }],
    [
      { ...svidProof, Authorization: "Bearer x" },
      { format: "svid-proof-1", token: "proof" },
    ],
    [
      { ...wit, ...wpt02 },
      { format: "wpt-02", token: "proof", wit: "wit" },
    ],
    [
      { ...wit, ...wpt01 },
      { format: "wpt-01", token: "proof", wit: "wit" },
    ],
    [
      { ...wit, ...wpt01, Authorization: "Bearer x" },
      { format: "wpt-01", token: "proof", wit: "wit" },
    ],
    [{ "SVID-Proof": "" }, { format: "svid-proof-1", token: "" }],
  ])("finds it in %j", (headers, proof) => {
    expect(find(headers)).toEqual(proof);
  });

  it.each<[title: string, headers: Headers, code: VerificationCode]>([
    ["nothing", {}, "proof_missing"],
    ["a bearer token", { Authorization: "Bearer x" }, "proof_missing"],
    ["a JWT as bearer token", { Authorization: `Bearer ${tokenOfType("JWT")}` }, "proof_missing"],
    ["a bearer token that is no JSON", { Authorization: "Bearer AAAA.b.c" }, "proof_missing"],
    ["a bearer token that is no base64url", { Authorization: "Bearer =.b.c" }, "proof_missing"],
    [
      "a WIT under another scheme",
      { Authorization: `Basic ${tokenOfType("wit+jwt")}` },
      "proof_missing",
    ],
    ["headers of proxies", { "Client-Cert": "x", "X-Forwarded-Client-Cert": "x" }, "proof_missing"],
    ["a WPT without WIT", wpt02, "wpt_without_wit"],
    ["an old WPT without WIT", wpt01, "wpt_without_wit"],
    ["a WIT alone", wit, "wit_without_proof"],
    ["a WIT beside a bearer token", { ...wit, Authorization: "Bearer x" }, "wit_without_proof"],
    [
      "a WIT as bearer token",
      { Authorization: `Bearer ${tokenOfType("wit+jwt")}` },
      "wit_as_bearer",
    ],
    ["two kinds of WPT", { ...wit, ...wpt01, ...wpt02 }, "proof_ambiguous"],
    ["an SVID-Proof and a WPT", { ...svidProof, ...wpt02 }, "proof_ambiguous"],
    ["an SVID-Proof and an old WPT", { ...svidProof, ...wpt01 }, "proof_ambiguous"],
    ["an SVID-Proof and a WIT", { ...svidProof, ...wit }, "proof_ambiguous"],
  ])("refuses %s", async (_, headers, code) => {
    await expectRefusal(() => find(headers), code);
  });

  it.each<[headers: Headers, format: ProofFormat]>([
    [svidProof, "svid-proof-1"],
    [{ ...wit, ...wpt02 }, "wpt-02"],
    [{ ...wit, ...wpt01 }, "wpt-01"],
  ])("refuses %j where it is not accepted", async (headers, format) => {
    const others = proofFormats.filter((other) => other !== format);
    await expectRefusal(() => find(headers, others), "proof_kind_not_accepted");
    expect(find(headers, [format]).format).toBe(format);
  });

  it("refuses two kinds also where one is accepted only", async () => {
    const headers = { ...svidProof, ...wit, ...wpt02 };
    await expectRefusal(() => find(headers, ["svid-proof-1"]), "proof_ambiguous");
  });
});
