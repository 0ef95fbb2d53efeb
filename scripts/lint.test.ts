import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tryRun } from '../src/process/index.ts';

const root = join(import.meta.dirname, '..');

/** The arrows of docs/architecture.md, said again: a border that is moved must be moved here too. */
const base = ['errors', 'process'];
const clients = [...base, 'pki', 'kube'];
const arrows: Record<string, string[]> = {
  errors: [],
  process: ['errors'],
  pki: base,
  kube: [...base, 'pki'],
  spec: ['errors'],
  artifacts: base,
  providers: [...clients, 'spec', 'embedded/world'],
  mesh: [...clients, 'spec'],
  verify: [...clients, 'spec', 'mesh'],
  cli: [...clients, 'spec', 'artifacts', 'providers', 'mesh', 'verify', 'embedded/world'],
  'embedded/world': [...clients, 'embedded/apiserver', 'embedded/controllers', 'embedded/node'],
  'embedded/apiserver': clients,
  'embedded/controllers': clients,
  'embedded/node': [...clients, 'embedded/proto'],
  'embedded/istiod': [...clients, 'embedded/proto'],
  'embedded/proto': base,
};
const rooms = Object.keys(arrows);

let folder = '';

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** An import of each other room by its door, one file each, and of one file behind each door. */
function plantArrows(): void {
  for (const from of rooms)
    for (const to of rooms.filter((room) => room !== from)) {
      const up = '../'.repeat(from.split('/').length);
      const short = to.replace('/', '-');
      plant(
        `src/${from}/planted/to-${short}.ts`,
        `export const seen = await import('${up}../${doorOf(to)}');\n`.replace('../', ''),
      );
      plant(
        `src/${from}/planted/behind-${short}.ts`,
        `import { hidden } from '${up}${to}/hidden.ts';\nexport const seen = hidden;\n`,
      );
    }
  for (const room of rooms) plant(`src/${room}/hidden.ts`, 'export const hidden = 1;\n');
}

const doorOf = (room: string): string => `${room}/index.ts`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-lint-'));
  for (const name of ['biome.json', 'knip.json', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(folder, name));
  for (const name of [
    'scripts/lint.ts',
    'src/process/index.ts',
    'src/errors/index.ts',
    'src/console/web/tsconfig.json',
  ])
    cpSync(join(root, name), join(folder, name));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const biome = (args: string[]) =>
  tryRun(process.execPath, [join(root, 'node_modules/@biomejs/biome/bin/biome'), ...args], { cwd: folder });

describe('the borders of the rooms', () => {
  let objections: string[] = [];

  beforeAll(async () => {
    await tryRun('git', ['init', '--quiet', folder]);
    plantArrows();
    const only = ['lint', '--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none', '.'];
    const { stdout } = await biome(only);
    objections = JSON.parse(stdout).diagnostics.map((one: any) => one.location.path.path ?? one.location.path);
    for (const room of rooms) rmSync(join(folder, 'src', room, 'planted'), { recursive: true });
  });

  test.each(rooms)('%s imports what the arrows permit, and nothing else', (from) => {
    for (const to of rooms.filter((room) => room !== from)) {
      const path = `src/${from}/planted/to-${to.replace('/', '-')}.ts`;
      expect({ to, refused: objections.includes(path) }).toEqual({ to, refused: !arrows[from]!.includes(to) });
    }
  });

  test.each(rooms)('%s is entered by its door only', (to) => {
    for (const from of rooms.filter((room) => room !== to))
      expect(objections).toContain(`src/${from}/planted/behind-${to.replace('/', '-')}.ts`);
  });
});

test('the web application imports the types of the API, and nothing that a browser does not have', async () => {
  const imports: [string, string, boolean][] = [
    ['api', '../../api.ts', false],
    ['sibling', '../common/format.ts', false],
    ['server', '../../server/index.ts', true],
    ['bundle', '../../bundle.ts', true],
    ['observe', '../../../observe/index.ts', true],
    ['mesh', '../../../mesh/index.ts', true],
    ['node', 'node:fs', true],
  ];
  for (const [name, from] of imports)
    plant(`src/console/web/planted/${name}.ts`, `import { one } from '${from}';\n\nexport const two = one;\n`);
  const { stdout } = await biome([
    'lint',
    '--only=style/noRestrictedImports',
    '--reporter=json',
    '--max-diagnostics=none',
    'src/console',
  ]);
  rmSync(join(folder, 'src/console/web/planted'), { recursive: true });
  const refused: string[] = JSON.parse(stdout).diagnostics.map(
    (one: any) => one.location.path.path ?? one.location.path,
  );
  for (const [name, from, isRefused] of imports)
    expect({ from, refused: refused.includes(`src/console/web/planted/${name}.ts`) }).toEqual({
      from,
      refused: isRefused,
    });
});

test('lint ends with 1 and names what is planted: a border, a cycle, a type, a forgotten promise, a dead file', async () => {
  plant('src/spec/index.ts', "import { hidden } from '../kube/hidden.ts';\n\nexport const value: string = hidden;\n");
  plant('src/cli/one.ts', "import { two } from './two.ts';\n\nexport const one = (): number => two();\n");
  plant('src/cli/two.ts', "import { one } from './one.ts';\n\nexport const two = (): number => one();\n");
  plant('src/cli/main.ts', "import { one } from './one.ts';\n\none();\nPromise.resolve(1);\n");
  plant('src/console/web/main.tsx', 'export const one = document.titel;\n');
  const { code, stdout } = await tryRun(process.execPath, ['scripts/lint.ts'], { cwd: folder, timeoutMs: 60_000 });
  expect(code).toBe(1);
  expect(stdout).toMatch(/FAILED tsc of the web application[\s\S]*main\.tsx\(1,29\): error TS2551/);
  expect(stdout).toContain('FAILED biome');
  expect(stdout).toContain('src/spec may import only errors');
  expect(stdout).toContain('noImportCycles');
  expect(stdout).toContain('noFloatingPromises');
  expect(stdout).toMatch(/src\/spec\/index\.ts\(3,14\): error TS2322/);
  expect(stdout).toMatch(/Unused files[\s\S]*src\/mesh\/hidden\.ts/);
}, 60_000);

test('lint ends with 0 where nothing is planted', async () => {
  rmSync(join(folder, 'src'), { recursive: true });
  for (const name of ['src/process/index.ts', 'src/errors/index.ts', 'src/console/web/tsconfig.json'])
    cpSync(join(root, name), join(folder, name));
  plant('src/console/web/main.tsx', "document.title = 'planted';\n");
  plant(
    'src/cli/main.ts',
    "import { messageOf } from '../errors/index.ts';\nimport { run } from '../process/index.ts';\n\nawait run('true', []).catch(messageOf);\n",
  );
  plant('package.json', '{\n  "name": "planted",\n  "type": "module"\n}\n');
  const { code, stdout } = await tryRun(process.execPath, ['scripts/lint.ts'], { cwd: folder, timeoutMs: 60_000 });
  expect(stdout).toMatch(/ok {5}biome.*\nok {5}tsc/);
  expect({ code, stdout }).toMatchObject({ code: 0 });
}, 60_000);
