import { expect, test } from 'vitest';
import { canonicalQuantity, compareQuantities, isQuantity } from './quantity.ts';

test.each([
  ['0.5', '500m'],
  [1, '1'],
  [0.1, '100m'],
  ['1000m', '1'],
  ['1500', '1500'],
  ['2000', '2k'],
  ['100k', '100k'],
  ['128Mi', '128Mi'],
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['0.5Ki', '512'],
  ['1e3', '1e3'],
  ['0', '0'],
  ['-5m', '-5m'],
  ['1n', '1n'],
  ['0.1n', '1n'],
])('%s is written as %s', (value, expected) => {
  expect(canonicalQuantity(value)).toBe(expected);
});

test.each(['many', '', '1 Gi', '1gi', '1.2.3', null, true])('%s is no quantity', (value) => {
  expect(isQuantity(value)).toBe(false);
});

test('amounts are compared, not texts', () => {
  expect(compareQuantities('1Gi', '1G')).toBe(1);
  expect(compareQuantities('1000m', 1)).toBe(0);
  expect(compareQuantities('900m', '1')).toBe(-1);
});
