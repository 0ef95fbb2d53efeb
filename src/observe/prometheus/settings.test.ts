import { expect, test } from 'vitest';
import { settingsOf } from './settings.ts';

test.each([
  ['global:\n  scrape_interval: 15s\n', '15d', { scrapeInterval: 15, retention: 1_296_000 }],
  ['global: {scrape_interval: 1m30s}', '6h or 10GiB', { scrapeInterval: 90, retention: 21_600 }],
  ['global: {scrape_interval: 500ms}', '10GiB', { scrapeInterval: 0.5 }],
  ['a: [', '1h30m', { retention: 5400 }],
  [undefined, undefined, {}],
])('%j and %j', (configuration, retention, expected) => {
  expect(settingsOf(configuration, retention)).toEqual(expected);
});
