/** All figures, in one run: prints the tables of RESULTS.md. Traffic stays in namespaces that the run makes. `--cold` adds the cold start. */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tryRun } from '../src/process/index.ts';
import { isthmus, root } from '../test/support/isthmus.ts';
import { consoleGraph } from './console-graph.ts';
import { endpointChange } from './endpoint-change.ts';
import { graphFigures } from './graph.ts';
import { latency } from './latency.ts';
import { meshAt, timed } from './mesh.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-bench-'));
const home = join(folder, 'home');
const print = (title: string, lines: string[]): void => console.log(`\n## ${title}\n\n${lines.join('\n')}`);
try {
  console.log(`# Measured on ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}`);
  const starts: string[] = [];
  if (process.argv.includes('--cold'))
    starts.push(`| fresh clone, empty caches, downloads included | ${(await coldStart()).toFixed(1)} s |`);
  await timed(['up'], home);
  await timed(['down'], home);
  const warm = [await timed(['up'], home)];
  for (let round = 0; round < 2; round++) {
    await timed(['down'], home);
    warm.push(await timed(['up'], home));
  }
  starts.push(
    `| warm, from nothing to verified (three runs) | ${warm.map((one) => `${one.toFixed(1)} s`).join(', ')} |`,
  );
  starts.push(`| again on the standing mesh, verified | ${(await timed(['up'], home)).toFixed(1)} s |`);
  print('Time of `isthmus up`', ['| start | time |', '|---|---|', ...starts]);
  print('Memory (sum of PSS)', await memory());
  print('Endpoint change in west to the first answer in east', await endpointChange(meshAt(home)));
  print('Latency of a request', await latency(meshAt(home)));
  await isthmus(['down'], { home });
  print('Questions of the console to a large mesh', await graphFigures());
  print('The traffic graph in a browser', await consoleGraph());
} finally {
  await isthmus(['down'], { home });
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

async function memory(): Promise<string[]> {
  const { stdout } = await isthmus(['status', '-o', 'json'], { home });
  const { memory: list, memoryTotal } = JSON.parse(stdout);
  const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  return [
    '| processes | number | memory |',
    '|---|---|---|',
    ...list.map((one: any) => `| ${one.name} | ${one.processes} | ${mib(one.bytes)} |`),
    `| all | | ${mib(memoryTotal)} |`,
  ];
}

/** A clone of the committed state, with caches of its own. */
async function coldStart(): Promise<number> {
  const clone = join(folder, 'clone');
  await run('git', ['clone', '--quiet', root, clone]);
  const env = {
    ...process.env,
    HOME: folder,
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_STATE_HOME: join(folder, 'state'),
    npm_config_cache: join(folder, 'npm'),
    PIP_NO_CACHE_DIR: '1',
  };
  const begun = performance.now();
  const result = await tryRun(join(clone, 'isthmus'), ['up'], { cwd: folder, env, timeoutMs: 600_000 });
  const seconds = (performance.now() - begun) / 1000;
  await tryRun(join(clone, 'isthmus'), ['down'], { cwd: folder, env });
  if (result.code !== 0) throw new Error(`the cold start failed:\n${result.stdout}${result.stderr}`);
  return seconds;
}
