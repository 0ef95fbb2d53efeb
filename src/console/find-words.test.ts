import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { edgeFields, edgeFlags, nodeFields, nodeFlags } from './web/graph/find-words.ts';

test.each([
  ['nodes', nodeFields, nodeFlags],
  ['edges', edgeFields, edgeFlags],
])('docs/console-pages.md has all words by which %s are found, and no others', (kind, fields, flags) => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/console-pages.md'), 'utf8');
  const row = text.split('\n').find((line) => line.startsWith(`| ${kind} |`)) ?? '';
  const [, , ofFields = '', ofFlags = ''] = row.split('|');
  const words = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!).sort();
  expect(words(ofFields)).toEqual(Object.keys(fields).sort());
  expect(words(ofFlags)).toEqual(Object.keys(flags).sort());
});
