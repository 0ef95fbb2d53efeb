import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { printFile } from './follow-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-follow-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function print(content: string, lines: number): Promise<string> {
  let text = '';
  writeFileSync(join(folder, 'log'), content);
  const out = { write: (part: string) => (text += part) };
  await printFile(join(folder, 'log'), { lines, follow: false, out, signal: new AbortController().signal });
  return text;
}

test.each([
  ['a\nb\nc\n', 2, 'b\nc\n'],
  ['a\nb\nc', 2, 'b\nc'],
  ['a\nb\n', 10, 'a\nb\n'],
  ['a\nb\n', 0, ''],
  ['', 5, ''],
  ['\n\n\n', 2, '\n\n'],
])('of %j the last %d lines are %j', async (content, lines, expected) => {
  expect(await print(content, lines)).toBe(expected);
});

test('lines are counted across blocks of reading', async () => {
  const long = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`);
  expect(await print(long.join(''), 15_000)).toBe(long.slice(-15_000).join(''));
});

test('a file that grows is followed until the signal', async () => {
  const path = join(folder, 'log');
  writeFileSync(path, 'first\n');
  const end = new AbortController();
  let text = '';
  const out = {
    write(part: string) {
      text += part;
      if (text === 'first\n') appendFileSync(path, 'second\n');
      if (text.endsWith('second\n')) end.abort();
    },
  };
  await printFile(path, { lines: 10, follow: true, out, signal: end.signal });
  expect(text).toBe('first\nsecond\n');
});

test('a log that is not there is told with its path', async () => {
  const options = { lines: 1, follow: false, out: { write: () => {} }, signal: new AbortController().signal };
  await expect(printFile(join(folder, 'none'), options)).rejects.toMatchObject({ code: 'cli.no-log' });
});
