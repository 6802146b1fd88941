/** What is used of a file of Wycheproof test vectors. */
export interface Wycheproof<Group, Test> {
  readonly testGroups: readonly (Group & { readonly tests: readonly (WycheproofTest & Test)[] })[];
}

export interface WycheproofTest {
  readonly tcId: number;
  readonly comment: string;
  /** `acceptable` is left to the implementation. */
  readonly result: "valid" | "invalid" | "acceptable";
}

/** What an implementation answered for a test. */
export interface Answer {
  readonly test: WycheproofTest;
  readonly accepted: boolean;
}

/** The ids of the tests that are invalid and were accepted all the same. */
export function acceptedInvalid(answers: readonly Answer[]): readonly number[] {
  return answers
    .filter(({ test, accepted }) => test.result === "invalid" && accepted)
    .map(({ test }) => test.tcId);
}

/** The ids of the tests that are valid, or left to us, and were refused. */
export function refusedOthers(answers: readonly Answer[]): readonly number[] {
  return answers
    .filter(({ test, accepted }) => test.result !== "invalid" && !accepted)
    .map(({ test }) => test.tcId);
}
