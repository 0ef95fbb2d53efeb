/**
 * Everything that is checked without running anything: format, lint and the borders of the rooms (biome), types (tsc), dead code (knip). All
 * run at the same time. Ends with 1 when any of them objects.
 */
import { join } from 'node:path';
import { tryRun } from '../src/process/index.ts';

const root = join(import.meta.dirname, '..');

interface Check {
  name: string;
  program: string;
  args: string[];
}

const checks: Check[] = [
  // A generated file and a warning are no reasons to fail; everything else is.
  {
    name: 'biome',
    program: '@biomejs/biome/bin/biome',
    args: ['check', '--error-on-warnings', '--max-diagnostics=200', '.'],
  },
  { name: 'tsc', program: 'typescript/bin/tsc', args: ['--noEmit', '--pretty', 'false', '-p', root] },
  {
    // Code of the browser: other libraries, other globals.
    name: 'tsc of the web application',
    program: 'typescript/bin/tsc',
    args: ['--noEmit', '--pretty', 'false', '-p', join(root, 'src/console/web')],
  },
  { name: 'knip', program: 'knip/bin/knip.js', args: ['--no-progress', '--no-config-hints'] },
];

const results = await Promise.all(
  checks.map(async (check) => {
    const begun = performance.now();
    const program = join(root, 'node_modules', check.program);
    const result = await tryRun(process.execPath, [program, ...check.args], {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1' },
    });
    return { ...check, ...result, milliseconds: performance.now() - begun };
  }),
);
for (const { name, code, stdout, stderr, milliseconds } of results) {
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${(milliseconds / 1000).toFixed(1)} s)`);
  if (code !== 0)
    console.log(
      [stdout, stderr]
        .map((text) => text.trim())
        .filter(Boolean)
        .join('\n'),
    );
}
const failed = results.filter((result) => result.code !== 0);
if (failed.length > 0) console.log(`${failed.map((result) => result.name).join(', ')} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
