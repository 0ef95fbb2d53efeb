import { expect, it } from 'vitest';
import { seconds } from './durations.ts';

it.each([
  ['1m', '60s'],
  ['1h1m1s', '3661s'],
  ['100ms', '0.1s'],
  ['2.5s', '2.5s'],
  ['0s', '0s'],
  ['1500us', '0.0015s'],
  ['5', undefined],
  ['soon', undefined],
  [undefined, undefined],
])('%s is %s', (written, expected) => {
  expect(seconds(written)).toBe(expected);
});
