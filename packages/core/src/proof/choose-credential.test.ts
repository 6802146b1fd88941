import { createTestClock, createTrustDomain } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import type { Credential } from "../credential/credential.js";
import { expectCredentialError, expectProofError } from "../expect-error.test-support.js";
import { chooseCredential } from "./choose-credential.js";
import type { ProofFormat } from "./format.js";

const domain = await createTrustDomain("td.example", { clock: createTestClock() });
const now = domain.now();
const { credential: wit } = await domain.issueWitSvid("/web");
const { credential: shortWit } = await domain.issueWitSvid("/web", { ttlSeconds: 60 });
const { credential: x509 } = await domain.issueX509Svid("/web");
const { credential: otherX509 } = await domain.issueX509Svid("/other");

const both: readonly Credential[] = [x509, wit];
const usual: readonly ProofFormat[] = ["wpt-02", "svid-proof-1"];
const authorization = [["AUTHORIZATION", "Bearer x"]] as const;

describe("chooseCredential", () => {
  it.each<
    [
      title: string,
      credentials: readonly Credential[],
      accept: readonly ProofFormat[],
      headers: readonly (readonly [string, string])[],
      format: ProofFormat,
      credential: Credential,
    ]
  >([
    ["the first kind that is accepted", both, usual, [], "wpt-02", wit],
    ["the order of the peer, not ours", both, ["svid-proof-1", "wpt-02"], [], "svid-proof-1", x509],
    ["the older form", both, ["wpt-01"], [], "wpt-01", wit],
    ["what we have a credential for", [x509], usual, [], "svid-proof-1", x509],
    [
      "our preferred credential of its kind",
      [otherX509, x509],
      usual,
      [],
      "svid-proof-1",
      otherX509,
    ],
    ["what leaves Authorization alone", both, usual, authorization, "svid-proof-1", x509],
    [
      "the older form beside Authorization",
      [wit],
      ["wpt-02", "wpt-01"],
      authorization,
      "wpt-01",
      wit,
    ],
  ])("takes %s", (_, credentials, accept, headers, format, credential) => {
    expect(chooseCredential(credentials, accept, headers, now)).toEqual({ format, credential });
  });

  it("takes what lives when the preferred kind has expired", () => {
    const chosen = chooseCredential([shortWit, x509], usual, [], now + 60);
    expect(chosen).toEqual({ format: "svid-proof-1", credential: x509 });
  });

  it("refuses when there is no credential for what is accepted", async () => {
    const act = () => chooseCredential([x509], ["wpt-02", "wpt-01"], [], now);
    const error = await expectCredentialError(act, "credential_missing");
    expect(error.message).toContain("wpt-02, wpt-01");
    await expectCredentialError(() => chooseCredential([], usual, [], now), "credential_missing");
  });

  it("refuses when all that fit have expired", async () => {
    const act = () => chooseCredential(both, usual, [], now + 3600);
    await expectCredentialError(act, "credential_expired");
  });

  it.each(["SVID-Proof", "workload-identity-token", "Workload-Proof-Token"])(
    "refuses a request that has %s already",
    async (name) => {
      const act = () => chooseCredential(both, usual, [[name, ""]], now);
      const error = await expectProofError(act, "header_conflict");
      expect(error.message).toContain(name.toLowerCase());
    },
  );

  it("refuses a request whose Authorization is taken when nothing else is possible", async () => {
    const act = () => chooseCredential([wit], ["wpt-02"], authorization, now);
    const error = await expectProofError(act, "header_conflict");
    expect(error.message).toContain("authorization");
  });
});
