import type { CaseSpec, ProfileNames } from "./case-spec.js";
import { adding, replacing, without } from "./cases-of-tokens.js";

/** What can be wrong with the message around a proof of any profile. */
export function casesOfMessages({ header }: ProfileNames): readonly CaseSpec[] {
  return [
    {
      name: "good",
      note: "everything is as it should be",
    },
    {
      name: "replayed",
      note: "the same request again",
      after: "good",
      refuse: "proof_replayed",
    },
    {
      name: "unknown-claim",
      note: "a claim that nobody knows is ignored",
      claims: { "https://example.org/extra": { nested: [1, 2] } },
    },
    {
      name: "header-names-lower-case",
      note: "the header fields are in lower case",
      sent: ({ headers, ...request }) => ({
        ...request,
        headers: headers.map(([name, value]) => [name.toLowerCase(), value]),
      }),
    },
    {
      name: "header-duplicate",
      note: "the field of the proof occurs twice, with the same value",
      sent: (request) => {
        const found = request.headers.find(([name]) => name === header);
        return adding(found ?? ["", ""])(request);
      },
      refuse: "header_duplicate",
    },
    {
      name: "header-joined",
      note: "the field of the proof holds two proofs, as a proxy joins repeated fields",
      sent: replacing(header, (value) => `${value}, ${value}`),
      refuse: "header_duplicate",
    },
    {
      name: "header-not-ascii",
      note: "the field of the proof has a character that is not ASCII",
      sent: replacing(header, (value) => `${value}\u00e9`),
      refuse: "header_invalid",
    },
    {
      name: "target-absolute",
      note: "the request target is in absolute form, and names another host",
      sent: ({ target, ...request }) => ({ ...request, target: `http://evil.example${target}` }),
      refuse: "target_invalid",
    },
    {
      name: "target-of-two-slashes",
      note: "the path has a second slash at its start",
      sent: ({ target, ...request }) => ({ ...request, target: `/${target}` }),
      refuse: "proof_target_mismatch",
    },
    {
      name: "target-changed",
      note: "sent to another path",
      sent: ({ target, ...request }) => ({
        ...request,
        target: target.replace("transfers", "refunds"),
      }),
      refuse: "proof_target_mismatch",
    },
    {
      name: "proof-missing",
      note: "the field of the proof is gone",
      sent: without(header),
      refuse: header === "SVID-Proof" ? "proof_missing" : "wit_without_proof",
    },
  ];
}
