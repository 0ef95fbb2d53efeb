import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { IsthmusError } from '../../errors/index.ts';
import { asTyped } from './as-typed.ts';
import { errorObject, renderError } from './error.ts';
import { renderPlan } from './plan.ts';
import { openProgress } from './progress.ts';
import { cut, formatBytes, formatMilliseconds, formatUntil, styleFor } from './style.ts';
import { renderTable } from './table.ts';

const plain = styleFor({ write: () => {} }, {});

test('a table has columns as wide as their widest cell, colours not counted', () => {
  const red = styleFor({ write: () => {}, isTTY: true }, {})('red', 'no');
  expect(red).not.toBe('no');
  expect(
    stripVTControlCharacters(
      renderTable(
        ['A', 'LONGER', 'C'],
        [
          ['1', red, 'x'],
          ['22', 'yes', ''],
        ],
      ),
    ),
  ).toBe('A   LONGER  C\n1   no      x\n22  yes');
});

test('NO_COLOR, a dumb terminal and a pipe have no colours', () => {
  const terminal = { write: () => {}, isTTY: true };
  expect(styleFor(terminal, {})('red', 'x')).not.toBe('x');
  expect(styleFor(terminal, { NO_COLOR: '1' })('red', 'x')).toBe('x');
  expect(styleFor(terminal, { TERM: 'dumb' })('red', 'x')).toBe('x');
  expect(styleFor({ write: () => {} }, {})('red', 'x')).toBe('x');
});

test.each([
  [5, '5 ms'],
  [1234, '1.2 s'],
  [65_000, '1 min 5 s'],
])('%d ms are written %s', (milliseconds, text) => {
  expect(formatMilliseconds(milliseconds)).toBe(text);
});

test('memory and times are written for people', () => {
  expect(formatBytes(300 * 2 ** 20)).toBe('300 MiB');
  expect(formatBytes(1.5 * 2 ** 30)).toBe('1.50 GiB');
  const now = new Date('2026-01-01T00:00:00Z');
  expect(formatUntil(new Date('2026-01-01T00:30:00Z'), now)).toBe('30 min');
  expect(formatUntil(new Date('2026-01-02T00:00:00Z'), now)).toBe('24 h');
  expect(formatUntil(new Date('2027-01-01T00:00:00Z'), now)).toBe('365 d');
  expect(formatUntil(new Date('2025-01-01T00:00:00Z'), now)).toBe('expired');
});

test('text is cut to the width of the terminal', () => {
  expect(cut('abcdef', 4)).toBe('abc…');
  expect(cut('abc', 4)).toBe('abc');
});

const error = new IsthmusError({
  code: 'x.y',
  what: 'it broke',
  where: 'east/ns/name',
  why: 'one\ntwo',
  fix: 'mend it',
});

test('an error is told once: what, where, why, fix, and no stack', () => {
  expect(renderError(error, plain, false)).toBe(
    'error: it broke\n  where: east/ns/name\n  why:   one\n         two\n  fix:   mend it',
  );
  expect(errorObject(error)).toEqual({
    error: {
      code: 'x.y',
      what: 'it broke',
      where: 'east/ns/name',
      why: 'one\ntwo',
      fix: 'mend it',
      fault: 'environment',
    },
  });
});

test('a fault of ours shows its stack only when asked', () => {
  const fault = new TypeError('x is undefined');
  expect(renderError(fault, plain, false)).not.toContain('render.test');
  expect(renderError(fault, plain, false)).toContain('--verbose');
  expect(renderError(fault, plain, true)).toContain('render.test');
});

test('several errors are told one after the other', () => {
  expect(renderError(new AggregateError([error, new Error('b')]), plain, false)).toMatch(/it broke[\s\S]*error: b/);
});

function capture(isTTY: boolean) {
  let text = '';
  return { isTTY, columns: 40, rows: 10, write: (part: string) => (text += part), text: () => text };
}

test('without a terminal each change is one plain line, and repetition is silent', () => {
  const err = capture(false);
  const progress = openProgress({ err, env: {}, quiet: false, verbose: false });
  progress.update({ stage: 'clusters', item: 'east', state: 'waiting', detail: 'for its API server' });
  progress.update({ stage: 'clusters', item: 'east', state: 'waiting', detail: 'for its API server' });
  progress.update({ stage: 'clusters', item: 'east', state: 'done' });
  progress.update({ stage: 'clusters', state: 'done', detail: 'all started' });
  progress.close();
  progress.update({ stage: 'late', state: 'done' });
  expect(err.text()).toBe(
    'clusters east: waiting: for its API server\nclusters east: done\nclusters: done: all started\n',
  );
});

test('on a terminal the last picture holds each stage, and what failed within it', () => {
  const err = capture(true);
  const progress = openProgress({ err, env: { NO_COLOR: '1' }, quiet: false, verbose: false });
  progress.update({ stage: 'clusters', item: 'east', state: 'done' });
  progress.update({ stage: 'clusters', state: 'done', detail: 'all started' });
  progress.update({
    stage: 'mesh',
    item: 'gateways',
    state: 'failed',
    detail: 'no pool matches, and this is a long line indeed',
  });
  progress.update({ stage: 'mesh', item: 'trust', state: 'done' });
  progress.update({ stage: 'mesh', state: 'failed' });
  progress.close();
  const last = stripVTControlCharacters(err.text().slice(err.text().lastIndexOf('\x1b[J')));
  expect(last).toMatch(/^✓ clusters all started \d+ ms\n✗ mesh \d+ ms\n {2}✗ gateways {2}no pool matches.*…\n/);
  expect(last).not.toContain('trust');
  expect(err.text().endsWith('\x1b[?25h')).toBe(true);
});

test('quiet writes nothing', () => {
  const err = capture(true);
  const progress = openProgress({ err, env: {}, quiet: true, verbose: false });
  progress.update({ stage: 'a', state: 'done' });
  progress.close();
  expect(err.text()).toBe('');
});

test('a plan tells what is run for a cluster, as it can be typed', () => {
  const about = { part: 'control-plane', cluster: 'east', why: 'renders it', changes: false };
  const object = { part: 'control-plane', cluster: 'east', object: 'Secret istio-system/a' };
  const commands = [{ ...about, command: ['/opt/my tools/istioctl', 'manifest', 'generate'] }];
  const plan = { starts: [], ends: [], commands, changes: true };
  const changing = renderPlan({ ...plan, objects: [{ ...object, action: 'create' }] }, plain, false);
  expect(changing).toContain("  $ '/opt/my tools/istioctl' manifest generate  # renders it\n  + Secret");
  const standing = { ...plan, objects: [{ ...object, action: 'leave' as const }], changes: false };
  expect(renderPlan(standing, plain, false)).not.toContain('istioctl');
  expect(renderPlan(standing, plain, true)).toContain('istioctl');
  const making = { ...about, part: 'cluster', command: ['minikube', 'start'], changes: true };
  const made = renderPlan({ ...standing, starts: ['east'], commands: [making] }, plain, false);
  expect(made).toContain('$ minikube start');
  expect(made).not.toContain('processes of this machine');
});

test('commands are named as they were typed', () => {
  const typed = (text: string) => asTyped(text, { ISTHMUS_COMMAND: './isthmus' });
  expect(typed('run `isthmus up`, or isthmus down')).toBe('run `./isthmus up`, or ./isthmus down');
  expect(typed('the isthmus command; /x/isthmus up')).toBe('the isthmus command; /x/isthmus up');
  expect(asTyped('isthmus up', {})).toBe('isthmus up');
});
