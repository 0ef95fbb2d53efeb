import { expect, test } from 'vitest';
import { awayText, bytesText, durationText, millisecondsText, percentText, quantity, rateText } from './format.ts';

test('rates keep the figures that matter', () => {
  expect([0, 0.004, 0.1, 2.345, 10, 45.67, 100, 1234, 2_500_000].map(rateText)).toEqual([
    '0',
    '<0.01',
    '0.1',
    '2.35',
    '10',
    '45.7',
    '100',
    '1.2k',
    '2.5M',
  ]);
});

test('quantities, bytes and percentages', () => {
  expect(quantity(999)).toBe('999');
  expect(quantity(10_000)).toBe('10k');
  expect(bytesText(12.34)).toBe('12.3B');
  expect(bytesText(1500)).toBe('1.5kB');
  expect([0, 0.01, 0.5, 12.34, 100].map(percentText)).toEqual(['0 %', '<0.1 %', '0.5 %', '12 %', '100 %']);
});

test('times', () => {
  expect([0.4, 3.14, 250, 1500].map(millisecondsText)).toEqual(['0.4 ms', '3.1 ms', '250 ms', '1.5 s']);
  expect([0, 45, 60, 90, 3600, 90_061].map(durationText)).toEqual([
    '0 s',
    '45 s',
    '1 min',
    '1 min 30 s',
    '1 h',
    '1 d 1 h',
  ]);
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(awayText('2025-12-31T23:57:00Z', now)).toBe('3 min ago');
  expect(awayText('2036-01-01T00:00:00Z', now)).toBe('in 9 y');
  expect(awayText('2026-01-01T00:00:00Z', now)).toBe('now');
});
