/**
 * The tests beside the code, on a running mesh, of the console in a browser, and with upstream's Kubernetes and Istio. First what tests and
 * meshes run is found or fetched, so that no test waits for a download. Ends with a line that counts the tests of all runners, and with 1
 * when one failed or none ran.
 * Arguments: `unit`, `e2e`, `console` or `real` for one of them, and after it what vitest takes (a part of a file's name, -t ...);
 * `--without-real` for all but those that need a Go toolchain.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findArtifacts } from '../src/artifacts/index.ts';
import { IsthmusError } from '../src/errors/index.ts';
import { installTestTools } from './test-tools.ts';

const root = join(import.meta.dirname, '..');
const suites = [
  { name: 'unit', config: 'vitest.config.ts' },
  { name: 'e2e', config: 'vitest.e2e.config.ts' },
  { name: 'console', config: 'vitest.console.config.ts' },
  // Last: it builds upstream's programs first, which takes a quarter of an hour once.
  { name: 'real', config: 'vitest.real.config.ts' },
];

const [first, ...rest] = process.argv.slice(2);
const withoutReal = first === '--without-real';
const chosen = suites.filter(({ name }) => (withoutReal ? name !== 'real' : first === undefined || name === first));
if (chosen.length === 0) {
  console.error(`"${first}" is no suite; write ${suites.map(({ name }) => name).join(' or ')}, or --without-real`);
  process.exit(2);
}
await installTestTools();
await fetchArtifacts();
const counts = { passed: 0, failed: 0, skipped: 0 };
if (withoutReal) console.log("left out on request: the tests with upstream's Kubernetes and Istio");
const folder = mkdtempSync(join(tmpdir(), 'isthmus-results-'));
try {
  for (const suite of chosen) {
    console.log(`\n--- ${suite.name} tests`);
    const report = join(folder, `${suite.name}.json`);
    const code = await runVitest(suite.config, report, rest);
    const counted = countTests(report);
    counts.passed += counted.passed;
    counts.skipped += counted.skipped;
    // A runner may fail without a failed test: a file that cannot be loaded, an error outside of any test.
    counts.failed += Math.max(counted.failed, code === 0 ? 0 : 1);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
console.log(`\n${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;

async function fetchArtifacts(): Promise<void> {
  try {
    const found = await findArtifacts({ progress: ({ detail }) => console.log(detail) });
    console.log(
      `with ${[found.envoy, found.prometheus, found.nft].map((one) => `${one.name} ${one.version}`).join(', ')}`,
    );
  } catch (error) {
    if (!(error instanceof IsthmusError)) throw error;
    console.error([error.what, error.why, error.fix].filter(Boolean).join('\n'));
    console.log('\n0 passed, 1 failed');
    process.exit(1);
  }
}

function runVitest(config: string, report: string, args: string[]): Promise<number> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn(
    process.execPath,
    [vitest, 'run', '--root', root, '--config', join(root, config), ...reporters, ...args],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      cwd: root,
    },
  );
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}

function countTests(report: string): { passed: number; failed: number; skipped: number } {
  if (!existsSync(report)) return { passed: 0, failed: 0, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'));
  return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
}
