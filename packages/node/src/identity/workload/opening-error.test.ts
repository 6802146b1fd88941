import { CredentialError } from "@firsthand/core";
import { createTestClock } from "@firsthand/testing";
import { describe, expect, it } from "vitest";
import { openingError } from "./opening-error.js";
import { type Feed, ProfileBoard } from "./profile-board.js";
import { parseWorkloadIdentityOptions } from "./workload-identity-options.js";

const clock = createTestClock();
const address = "unix:///run/api.sock";
const rules = parseWorkloadIdentityOptions({ address, clock });

function board(...failures: readonly (readonly [Feed, CredentialError])[]): ProfileBoard {
  const made = new ProfileBoard(rules.profiles, clock);
  for (const [feed, error] of failures) made.fail("x509", feed, error);
  return made;
}

const invalid = new CredentialError("response_invalid", { detail: "it has no SVID" });
const unreachable = new CredentialError("endpoint_unreachable", { detail: `${address} (ENOENT)` });
const bare = new CredentialError("endpoint_stalled");

describe("openingError", () => {
  it.each<[string, ProfileBoard, CredentialError, string]>([
    [
      "the rule that is broken",
      board(["x509-svids", invalid]),
      invalid,
      `it has no SVID, ${address}, tried once`,
    ],
    [
      "an address that is named",
      board(["x509-svids", unreachable]),
      unreachable,
      `${address} (ENOENT), tried once`,
    ],
    ["nothing more", board(["x509-svids", bare]), bare, `${address}, tried once`],
    [
      "how often in succession",
      board(["x509-svids", bare], ["x509-svids", invalid]),
      invalid,
      `it has no SVID, ${address}, tried 2 times`,
    ],
    [
      "the latest of several",
      board(["x509-svids", invalid], ["jwt-bundles", bare], ["x509-svids", invalid]),
      invalid,
      `it has no SVID, ${address}, tried 2 times`,
    ],
  ])("says after the code: %s", (_, board, cause, detail) => {
    const error = openingError(board, rules);
    const { message } = new CredentialError(cause.code);
    expect(error).toMatchObject({
      code: cause.code,
      cause,
      message: `${message}: ${detail} in 30 s`,
    });
  });

  it("names the profiles that nothing was heard of", () => {
    const error = openingError(board(), rules);
    expect(error.code).toBe("endpoint_stalled");
    expect(error.message).toMatch(
      /: unix:\/\/\/run\/api.sock said nothing about x509, jwt, wit in 30 s$/,
    );
  });
});
