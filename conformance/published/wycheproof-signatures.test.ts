import { beforeAll, describe, expect, it } from "vitest";
import { runtime as node } from "../../packages/core/src/runtime/node.js";
import type { KeyShape, Runtime, SignatureScheme } from "../../packages/core/src/runtime/port.js";
import { runtime as web } from "../../packages/core/src/runtime/web.js";
import { describeShared } from "../support/describe-shared.js";
import { explainedIds } from "./explained.js";
import { type Answer, acceptedInvalid, refusedOthers, type Wycheproof } from "./wycheproof.js";

interface Group {
  readonly publicKeyDer: string;
}

interface Test {
  readonly msg: string;
  readonly sig: string;
}

type Subject = readonly [file: string, tests: number, shape: KeyShape, scheme: SignatureScheme];

const rsa = { kind: "rsa", bits: 2048 } as const;

const subjects: readonly Subject[] = [
  [
    "ecdsa_secp256r1_sha256_p1363",
    262,
    { kind: "ec", curve: "P-256" },
    { family: "ecdsa", hash: "SHA-256" },
  ],
  [
    "ecdsa_secp384r1_sha384_p1363",
    280,
    { kind: "ec", curve: "P-384" },
    { family: "ecdsa", hash: "SHA-384" },
  ],
  [
    "ecdsa_secp521r1_sha512_p1363",
    318,
    { kind: "ec", curve: "P-521" },
    { family: "ecdsa", hash: "SHA-512" },
  ],
  ["rsa_pss_2048_sha256_mgf1_32", 108, rsa, { family: "rsa-pss", hash: "SHA-256" }],
  ["rsa_signature_2048_sha256", 259, rsa, { family: "rsa-pkcs1", hash: "SHA-256" }],
  ["ed25519", 151, { kind: "ed25519" }, { family: "ed25519" }],
];

const runtimes: readonly (readonly [string, Runtime])[] = [
  ["node:crypto", node],
  ["WebCrypto", web],
];

describe.each(runtimes)("verify of %s against Wycheproof", (_, runtime) => {
  for (const [file, count, shape, scheme] of subjects) {
    const path = `wycheproof/${file}_test.json`;
    describeShared<Wycheproof<Group, Test>>(file, path, ({ testGroups }) => {
      let answers: readonly Answer[];

      beforeAll(async () => {
        const all: Answer[] = [];
        for (const { publicKeyDer, tests } of testGroups) {
          const key = await runtime.importSpki(bytes(publicKeyDer), shape);
          for (const test of tests) {
            const accepted = await runtime.verify(scheme, key, bytes(test.msg), bytes(test.sig));
            all.push({ test, accepted });
          }
        }
        answers = all;
      });

      it(`gives ${count} answers`, () => expect(answers).toHaveLength(count));
      it("accepts nothing invalid", () => expect(acceptedInvalid(answers)).toEqual([]));
      it("refuses only the valid ones with a written reason", () =>
        expect(refusedOthers(answers)).toEqual(explainedIds("refused-valid", file)));
    });
  }
});

function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}
