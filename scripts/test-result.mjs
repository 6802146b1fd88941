// Prints what a JSON report of vitest says, in one line; a run that left no report has failed.
import { existsSync, readFileSync } from "node:fs";

const [file] = process.argv.slice(2);
if (existsSync(file)) {
  const { success, numPassedTests, numFailedTests } = JSON.parse(readFileSync(file, "utf8"));
  console.log(`${numPassedTests} passed, ${numFailedTests} failed`);
  process.exitCode = success ? 0 : 1;
} else {
  console.log("no test result");
  process.exitCode = 1;
}
