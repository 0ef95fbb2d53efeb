import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readLines } from './lines.ts';

async function* pieces(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

it('gives the same lines however the stream is cut, even inside a character', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' })), fc.integer({ min: 1, max: 7 }), async (texts, size) => {
      const lines = texts.map((text) => text.replaceAll('\n', ' ')).filter((text) => text.trim() !== '');
      const received: string[] = [];
      for await (const line of readLines(pieces(lines.map((line) => `${line}\n`).join(''), size))) received.push(line);
      expect(received).toEqual(lines.map((line) => Buffer.from(line).toString('utf8')));
    }),
  );
});

it('gives a last line that has no line end', async () => {
  const received: string[] = [];
  for await (const line of readLines(pieces('a\nb', 1))) received.push(line);
  expect(received).toEqual(['a', 'b']);
});
