import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { buildWeb } from './bundle.ts';

const cache = mkdtempSync(join(tmpdir(), 'isthmus-web-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

test('the web application is built once, of files only', async () => {
  const [{ folder }, other] = await Promise.all([buildWeb({ cache }), buildWeb({ cache })]);
  expect(other.folder).toBe(folder);
  expect(readdirSync(cache).filter((name) => name.includes('.part'))).toEqual([]);
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  expect(html).not.toMatch(/<style|style="|<script(?![^>]*\bsrc=)|\son\w+=|javascript:/);
  for (const [, path] of html.matchAll(/(?:src|href)="\/([^"]+)"/g))
    expect(readFileSync(join(folder, path!)).length).toBeGreaterThan(0);
  const sheet = readFileSync(join(folder, 'assets/app.css'), 'utf8');
  expect(sheet).not.toMatch(/url\(["']?https?:/);
  // Ours, PatternFly's base, a component that is used, the chart's; and not one that is not used.
  for (const rule of ['.ist-graph', ':root', '.pf-v6-c-card', '.u-legend']) expect(sheet).toContain(rule);
  expect(sheet).not.toContain('.pf-v6-c-wizard');
  expect(gunzipSync(readFileSync(join(folder, 'assets/app.css.gz'))).toString()).toBe(sheet);
  const old = new Date(0);
  utimesSync(join(folder, 'index.html'), old, old);
  await buildWeb({ cache });
  expect(statSync(join(folder, 'index.html')).mtimeMs).toBe(0);
});
