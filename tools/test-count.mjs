// Prints the one line that continuous integration reads. Plain JavaScript: it runs on any Node.
import { readFileSync } from 'node:fs';

const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// A file that did not load ran no test, and still failed.
const failed = numFailedTests || (numFailedTestSuites > 0 ? 1 : 0);
if (numPendingTests > 0) process.stdout.write(`Skipped: ${numPendingTests}\n`);
process.stdout.write(`${numPassedTests} passed, ${failed} failed\n`);
