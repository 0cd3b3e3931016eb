// One line about all tests, from the reports of both runners; a report that is missing or holds no test counts as one failure.
//   node scripts/sum-up.mjs <vitest's JSON> <pytest's JUnit XML>
import { existsSync, readFileSync } from "node:fs";

const [vitestFile, pytestFile] = process.argv.slice(2);
const sums = [vitest(read(vitestFile)), pytest(read(pytestFile))].map(({ passed, failed }) =>
  passed + failed === 0 ? { passed, failed: 1 } : { passed, failed },
);
const passed = sums.reduce((sum, { passed }) => sum + passed, 0);
const failed = sums.reduce((sum, { failed }) => sum + failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

function read(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

/** A file that could not be loaded has no tests, and is one failure. */
function vitest(text) {
  if (text === "") return { passed: 0, failed: 0 };
  const { numPassedTests = 0, numFailedTests = 0, testResults = [] } = JSON.parse(text);
  const unloaded = testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  return { passed: numPassedTests, failed: numFailedTests + unloaded.length };
}

/** Skipped ones are neither passed nor failed; a module that could not be loaded counts as an error. */
function pytest(text) {
  const sum = (name) =>
    [...text.matchAll(/<testsuite\b[^>]*>/g)].reduce(
      (total, [tag]) => total + Number(new RegExp(` ${name}="(\\d+)"`).exec(tag)?.[1] ?? 0),
      0,
    );
  const failed = sum("failures") + sum("errors");
  return { passed: Math.max(0, sum("tests") - failed - sum("skipped")), failed };
}
