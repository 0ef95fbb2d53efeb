import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { defaultMesh, renderExample } from '../spec/index.ts';
import { commands } from './commands/index.ts';
import { stateFolder } from './context.ts';
import { runCommandLine } from './index.ts';
import { loadStandingMesh } from './load-mesh.ts';
import { ensureHome, recordMesh } from './state.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function isthmus(args: string[], options: { signal?: AbortSignal } = {}) {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    write(text: string) {
      written[name] += text;
    },
  });
  const code = await runCommandLine(args, {
    env: { ISTHMUS_HOME: join(folder, 'home'), PATH: process.env['PATH'] },
    cwd: folder,
    out: stream('out'),
    err: stream('err'),
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, ...written };
}

test('help names every command and the exit codes, and is no mistake', async () => {
  const { code, out } = await isthmus(['--help']);
  expect(code).toBe(0);
  for (const command of commands) expect(out).toMatch(new RegExp(`^ {2}${command.name}\\b`, 'm'));
  expect(out).toContain('Exit codes: 0');
});

test('a misspelt command is bad input, and the nearest one is named', async () => {
  const { code, err } = await isthmus(['verfy']);
  expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean verify?') });
});

test.each([
  [['up', '--fast']],
  [['-o', 'xml', 'status']],
  [['logs']],
  [['init', '-o', 'json']],
  [['logs', 'east', '-n', 'x']],
])('mistakes in the arguments end with 2 and a sentence: %j', async (args) => {
  const { code, err, out } = await isthmus(args);
  expect(code).toBe(2);
  expect(err + out).toMatch(/^error: /m);
  expect(err).not.toMatch(/at .*\.ts/);
});

test('global options stand before or behind the command', async () => {
  for (const args of [
    ['-o', 'json', 'version'],
    ['version', '-o', 'json'],
    ['--output=json', 'version'],
  ])
    expect(JSON.parse((await isthmus(args)).out)).toMatchObject({ node: process.versions.node });
  expect(parse((await isthmus(['version', '-o', 'yaml'])).out)).toMatchObject({ node: process.versions.node });
});

describe('init', () => {
  test('writes a file that is the built-in mesh, and does not replace one', async () => {
    expect(await isthmus(['init'])).toMatchObject({ code: 0, out: expect.stringContaining('isthmus up') });
    expect(readFileSync(join(folder, 'mesh.yaml'), 'utf8')).toBe(renderExample());
    writeFileSync(join(folder, 'mesh.yaml'), 'mine');
    const second = await isthmus(['init']);
    expect(second).toMatchObject({ code: 2, err: expect.stringContaining('--force') });
    expect(readFileSync(join(folder, 'mesh.yaml'), 'utf8')).toBe('mine');
    expect((await isthmus(['init', '--force'])).code).toBe(0);
  });
});

describe('a mesh file with mistakes', () => {
  beforeEach(() => writeFileSync(join(folder, 'mesh.yaml'), renderExample().replace('role: primary', 'role: primry')));

  test('ends up with 2, tells each with its place, and starts nothing', async () => {
    const { code, err } = await isthmus(['up']);
    expect(code).toBe(2);
    expect(err).toContain(
      'mesh.yaml:20:13: spec.clusters[0].role: "primry" is not one of the choices; did you mean primary?',
    );
    expect(err).toContain('mesh.yaml has 1 mistake; nothing was started');
    expect(existsSync(join(folder, 'home'))).toBe(false);
  });

  test('is told to machines with every field', async () => {
    const { code, out } = await isthmus(['up', '-o', 'json']);
    expect(code).toBe(2);
    expect(JSON.parse(out).error).toMatchObject({
      code: 'spec.invalid',
      problems: [{ line: 20, column: 13, text: 'primry' }],
    });
  });

  test('is not looked at where another one is named', async () => {
    const { err } = await isthmus(['up', '-f', 'other.yaml']);
    expect(err).toContain('where: other.yaml');
  });
});

test.each([['status'], ['verify'], ['kubeconfig'], ['logs', 'east']])(
  '%s without a mesh says how to make one',
  async (...args) => {
    const { code, err } = await isthmus(args);
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('fix:   make one: isthmus up') });
  },
);

test('down where nothing is does nothing, leaves nothing, and is no failure', async () => {
  expect(await isthmus(['down'])).toMatchObject({ code: 0, out: 'There was nothing to take down.\n' });
  expect(existsSync(join(folder, 'home'))).toBe(false);
});

test('down removes what an up has written, also half of it, and keeps what is not ours', async () => {
  const home = join(folder, 'home');
  await ensureHome(home);
  await recordMesh(home, defaultMesh());
  writeFileSync(join(home, 'world.log'), 'started\n');
  writeFileSync(join(home, 'notes.txt'), 'mine');
  const { code, out } = await isthmus(['down']);
  expect(code).toBe(0);
  expect(out).toContain(`Removed ${join(home, 'mesh.json')}`);
  expect(out).toContain(`Removed ${join(home, 'world.log')}`);
  expect(readFileSync(join(home, 'notes.txt'), 'utf8')).toBe('mine');
  rmSync(join(home, 'notes.txt'));
  await isthmus(['down']);
  expect(existsSync(home)).toBe(false);
});

test('the state folder and what is in it are for their owner only', async () => {
  const home = join(folder, 'home');
  await ensureHome(home);
  await recordMesh(home, defaultMesh());
  expect(statSync(home).mode & 0o777).toBe(0o700);
  expect(statSync(join(home, 'mesh.json')).mode & 0o777).toBe(0o600);
});

test('the record of the last up is the mesh that it was given', async () => {
  const home = join(folder, 'home');
  await ensureHome(home);
  const mesh = defaultMesh();
  await recordMesh(home, mesh);
  expect(await loadStandingMesh({ cwd: folder, file: undefined, home })).toEqual(mesh);
});

test('an interruption ends with 130 and says how to go on', async () => {
  const interruption = new AbortController();
  interruption.abort(new Error('interrupted'));
  const { code, err } = await isthmus(['up', '-f', 'nowhere.yaml'], { signal: interruption.signal });
  expect(code).toBe(130);
  expect(err).toMatch(/go on: +isthmus up\n +take down: isthmus down/);
});

test('a state folder that cannot be made is told with the way to choose another', async () => {
  writeFileSync(join(folder, 'file'), '');
  const { code, err } = await isthmus(['up', '--home', 'file/home']);
  expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('ISTHMUS_HOME') });
});

test('the state folder follows the variables', () => {
  expect(stateFolder({ ISTHMUS_HOME: 'x' }, '/cwd')).toBe('/cwd/x');
  expect(stateFolder({ ISTHMUS_HOME: '/x' }, '/cwd', 'y')).toBe('/cwd/y');
  expect(stateFolder({ XDG_STATE_HOME: '/s', HOME: '/h' }, '/')).toBe('/s/isthmus');
  expect(stateFolder({ HOME: '/h' }, '/')).toBe('/h/.local/state/isthmus');
});
