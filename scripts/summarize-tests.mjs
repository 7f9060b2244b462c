/**
 * Prints `N passed, N failed` from vitest's JSON report as its last line; exits with 1 when a test failed or none ran.
 * A test file that could not be loaded or set up, and a build that never reached the tests, count as one failure.
 */
import { existsSync, readFileSync } from 'node:fs';

const [path = ''] = process.argv.slice(2);
const files = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).testResults : [];
const tests = files.flatMap((file) => file.assertionResults);
const count = (...states) => tests.filter((test) => states.includes(test.status)).length;
const passed = count('passed');
const skipped = count('skipped', 'pending', 'todo', 'disabled');
const failedTests = (file) => file.assertionResults.filter((test) => test.status === 'failed').length;
const broken = files.filter((file) => file.status === 'failed' && failedTests(file) === 0);
const failed = count('failed') + broken.length + (files.length === 0 ? 1 : 0);
for (const file of broken) console.log(`could not be loaded or set up: ${file.name}`);
if (files.length === 0) console.log('no test ran');
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
