import { beforeAll, describe, expect, it } from "vitest";
import { describeShared } from "../support/describe-shared.js";
import { acceptsJws, type Jwk, readsHmacJws } from "./accept-jws.js";
import { explainedIds } from "./explained.js";
import { type Answer, acceptedInvalid, refusedOthers, type Wycheproof } from "./wycheproof.js";

interface Group {
  readonly comment: string;
  readonly public?: Jwk;
  readonly private: Jwk;
}

interface Test {
  readonly jws: string;
}

type JoseVectors = Wycheproof<Group, Test>;

describeShared<JoseVectors>(
  "JSON Web Signature of Wycheproof",
  "wycheproof/json_web_signature_test.json",
  ({ testGroups }) => {
    let answers: readonly Answer[];

    beforeAll(async () => {
      answers = await answersTo(testGroups, ({ jws }, group) => acceptsJws(jws, keysOf(group)));
    });

    it("gives 401 answers", () => expect(answers).toHaveLength(401));
    it("accepts nothing invalid", () => expect(acceptedInvalid(answers)).toEqual([]));
    it("refuses only the valid ones with a written reason", () =>
      expect(refusedOthers(answers)).toEqual(explainedIds("refused-valid", "json_web_signature")));

    describe("with a MAC", () => {
      beforeAll(async () => {
        const symmetric = testGroups.filter((group) => keysOf(group)[0]?.kty === "oct");
        answers = await answersTo(symmetric, ({ jws }, group) => readsHmacJws(jws, group.private));
      });

      it("gives 40 answers", () => expect(answers).toHaveLength(40));
      it("accepts only the invalid ones with a written reason", () =>
        expect(acceptedInvalid(answers)).toEqual(
          explainedIds("accepted-invalid", "json_web_signature_by_hmac"),
        ));
      it("refuses only the valid ones with a written reason", () =>
        expect(refusedOthers(answers)).toEqual(
          explainedIds("refused-valid", "json_web_signature_by_hmac"),
        ));
    });
  },
);

describeShared<JoseVectors>(
  "JSON Web Key of Wycheproof",
  "wycheproof/json_web_key_test.json",
  ({ testGroups }) => {
    let answers: readonly Answer[];

    beforeAll(async () => {
      answers = await answersTo(testGroups, ({ jws }, group) => acceptsJws(jws, keysOf(group)));
    });

    it("gives 26 answers", () => expect(answers).toHaveLength(26));
    it("accepts only the invalid ones with a written reason", () =>
      expect(acceptedInvalid(answers)).toEqual(explainedIds("accepted-invalid", "json_web_key")));
    it("refuses only the valid ones with a written reason", () =>
      expect(refusedOthers(answers)).toEqual(explainedIds("refused-valid", "json_web_key")));
  },
);

async function answersTo(
  groups: JoseVectors["testGroups"],
  accepts: (test: Test, group: Group) => Promise<boolean>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const group of groups) {
    for (const test of group.tests) {
      answers.push({ test, accepted: await accepts(test, group) });
    }
  }
  return answers;
}

function keysOf(group: Group): readonly Jwk[] {
  const key = group.public ?? group.private;
  return Array.isArray(key.keys) ? key.keys : [key];
}
