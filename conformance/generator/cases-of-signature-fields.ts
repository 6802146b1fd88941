import type { VerificationCode } from "@firsthand/core";
import { T } from "../support/scene.js";
import { adding, replacing } from "./cases-of-tokens.js";
import { fixedKey } from "./fixed-key.js";
import type { SignatureCase } from "./signature-cases.js";
import type { Members } from "./token.js";

/** What can be wrong with a signature itself. */
export const casesOfSignatureFields: readonly SignatureCase[] = [
  ...parameters([
    ["created-missing", { created: undefined }, "signature_parameter_missing"],
    ["created-text", { created: "now" }, "signature_parameter_invalid"],
    ["created-in-the-future", { created: T + 31, expires: T + 60 }, "proof_not_yet_valid"],
    ["created-after-expires", { created: T + 20, expires: T + 10 }, "proof_lifetime_exceeded"],
    ["expires-missing", { expires: undefined }, "signature_parameter_missing"],
    ["expires-fraction", { expires: 2e9 + 0.5 }, "signature_parameter_invalid"],
    ["expires-passed", { created: T - 60, expires: T - 30 }, "proof_expired"],
    ["expires-too-late", { expires: T + 121 }, "proof_lifetime_exceeded"],
    ["nonce-missing", { nonce: undefined }, "signature_parameter_missing"],
    ["nonce-number", { nonce: 1 }, "signature_parameter_invalid"],
    ["nonce-empty", { nonce: "" }, "proof_id_invalid"],
    ["nonce-too-long", { nonce: "n".repeat(257) }, "proof_id_invalid"],
    ["nonce-with-space", { nonce: "a b" }, "proof_id_invalid"],
    ["keyid-present", { keyid: "mine" }, "signature_parameter_forbidden"],
    ["alg-present", { alg: "ecdsa-p256-sha256" }, "signature_parameter_forbidden"],
    ["alg-hmac", { alg: "hmac-sha256" }, "signature_parameter_forbidden"],
    ["aud-missing", { "wimse-aud": undefined }, "signature_parameter_missing"],
    ["aud-flag", { "wimse-aud": true }, "signature_parameter_invalid"],
    [
      "aud-of-another-service",
      { "wimse-aud": "https://other.example/v1/transfers" },
      "proof_audience_mismatch",
    ],
    [
      "aud-of-another-path",
      { "wimse-aud": "https://ledger.pay.svc:8443/v1/refunds" },
      "proof_target_mismatch",
    ],
    ["aud-service-name", { "wimse-aud": "ledger" }, "proof_audience_mismatch"],
    ["response-demand-text", { "wimse-sign-response": "yes" }, "signature_parameter_invalid"],
    ["response-demanded", { "wimse-sign-response": true }, "response_unsignable"],
  ]),
  ...uncovered(["@method", "content-type", "content-digest"]),
  ...covered([
    ["covers-twice", '"x-tenant"', "signature_component_duplicate"],
    ["covers-authority", '"@authority"', "signature_component_unsupported"],
    ["covers-unknown-derived", '"@evil"', "signature_component_unsupported"],
    ["covers-status", '"@status"', "signature_component_unsupported"],
    ["covers-request-of-request", '"@method";req', "signature_component_unsupported"],
    ["covers-with-sf", '"x-tenant";sf', "signature_component_unsupported"],
    ["covers-with-bs", '"x-tenant";bs', "signature_component_unsupported"],
    ["covers-query-param", '"@query-param";name="dry"', "signature_component_unsupported"],
    ["covers-upper-case", '"X-Other"', "signature_component_unsupported"],
    ["covers-a-token", "x-tenant", "signature_component_unsupported"],
    ["covers-no-name", '"x tenant"', "signature_component_unsupported"],
    ["covers-what-is-not-there", '"x-missing"', "signature_component_absent"],
  ]),
  {
    name: "signed-by-another",
    note: "signed with another key",
    signWith: fixedKey("somebody else"),
    refuse: "signature_invalid",
  },
  {
    name: "signature-truncated",
    note: "the last byte is gone",
    signature: (good) => good.subarray(0, -1),
    refuse: "signature_invalid",
  },
  {
    name: "signature-zero",
    note: "a signature of zeros",
    signature: (good) => new Uint8Array(good.length),
    refuse: "signature_invalid",
  },
  ...fields("Signature-Input", [
    ["input-malformed", (value) => value.replace("(", "[("), "signature_malformed"],
    ["input-label-twice", (value) => `${value}, ${value}`, "signature_malformed"],
    ["input-parameter-twice", (value) => `${value};created=1`, "signature_malformed"],
    ["input-two-spaces", (value) => value.replace(" ", "  "), "signature_malformed"],
    ["input-no-list", (value) => value.replace(/\(.*\)/, "x"), "signature_malformed"],
    ["input-another-label", (value) => value.replace("sig1", "sig2"), "signature_unpaired"],
    ["input-twice-tagged", (value) => `${value}, sig2=${value.slice(5)}`, "signature_unpaired"],
  ]),
  ...fields("Signature", [
    ["signature-malformed", () => "sig1", "signature_malformed"],
    ["signature-text", () => 'sig1="x"', "signature_malformed"],
    ["signature-label-twice", (value) => `${value}, ${value}`, "signature_malformed"],
    ["signature-padding-missing", (value) => value.replace("=:", ":"), "signature_malformed"],
    ["signature-empty", () => "sig1=::", "signature_invalid"],
  ]),
  {
    name: "two-tagged",
    note: "two signatures with the tag of a workload",
    sent: (request) => {
      const [, input = ""] = request.headers.find(([name]) => name === "Signature-Input") ?? [];
      const [, signature = ""] = request.headers.find(([name]) => name === "Signature") ?? [];
      return adding(["Signature-Input", input.replace("sig1", "sig2")])(
        adding(["Signature", signature.replace("sig1", "sig2")])(request),
      );
    },
    refuse: "signature_ambiguous",
  },
  {
    name: "two-tags",
    note: "a second signature with the tag of the other kind of credential",
    sent: (request) =>
      adding(["Signature-Input", `sig2=();tag="${otherTag(request.headers)}"`])(
        adding(["Signature", "sig2=:AAAA:"])(request),
      ),
    refuse: "proof_ambiguous",
  },
];

type Row<T> = readonly [name: string, change: T, refuse: VerificationCode];

function parameters(rows: readonly Row<Members>[]): readonly SignatureCase[] {
  return rows.map(([name, change, refuse]) => ({
    name: `parameter-${name}`,
    note: `signed with ${JSON.stringify(change)}`.slice(0, 80),
    parameters: change,
    refuse,
  }));
}

function uncovered(names: readonly string[]): readonly SignatureCase[] {
  return names.map((name) => ({
    name: `${name.replace("@", "")}-uncovered`,
    note: `${name} is not covered`,
    components: (good) => good.filter((component) => component !== `"${name}"`),
    refuse: "signature_component_missing",
  }));
}

function covered(rows: readonly Row<string>[]): readonly SignatureCase[] {
  return rows.map(([name, component, refuse]) => ({
    name,
    note: `covers ${component} as well`,
    components: (good) => [...good, component],
    refuse,
  }));
}

function fields(
  field: string,
  rows: readonly Row<(value: string) => string>[],
): readonly SignatureCase[] {
  return rows.map(([name, change, refuse]) => ({
    name,
    note: `${field} is another`,
    sent: replacing(field, change),
    refuse,
  }));
}

function otherTag(headers: readonly (readonly [string, string])[]): string {
  const isX509 = headers.some(([name]) => name === "Workload-Identity-Certificate");
  return isX509 ? "wimse-workload-to-workload" : "x509-svid-workload-to-workload";
}
