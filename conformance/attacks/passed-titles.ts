/** What is used of the JSON report of vitest. */
export interface TestResults {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** The full names of the tests that ran and passed. */
export function passedTitles({ testResults }: TestResults): readonly string[] {
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === "passed")
    .map(({ fullName }) => fullName);
}
