import { expect, test } from 'vitest';
import type { MeshLink } from '../../api.ts';
import { apart, shownLinks } from './links.ts';

const link = (kind: MeshLink['kind'], from: string, to: string, state: MeshLink['state'] = 'ok'): MeshLink => ({
  id: `${kind} ${from} ${to}`,
  kind,
  from,
  to,
  state,
  since: '2026-01-01T00:00:00Z',
  ...(state === 'ok' ? {} : { why: 'because' }),
});
const links = [
  link('east-west', 'west', 'east', 'broken'),
  link('trust', 'east', 'west'),
  link('trust', 'west', 'east'),
  link('remote-secret', 'east', 'west'),
  link('federation', 'north', 'west'),
];
const ids = (choice: Partial<Parameters<typeof shownLinks>[1]>): string[] =>
  shownLinks(links, { kinds: [], all: true, focus: '', ...choice }).map((one) => one.id);

test('trust is drawn once, broken links last', () => {
  expect(ids({})).toEqual([
    'trust east west',
    'remote-secret east west',
    'federation north west',
    'east-west west east',
  ]);
});

test('sound links are left out unless they are of the cluster in focus', () => {
  expect(ids({ all: false })).toEqual(['east-west west east']);
  expect(ids({ all: false, focus: 'north' })).toEqual(['federation north west', 'east-west west east']);
});

test('kinds are chosen', () => {
  expect(ids({ kinds: ['remote-secret'] })).toEqual(['remote-secret east west']);
});

test('labels are moved apart only where they touch', () => {
  const size = { width: 100, height: 20 };
  const placed = apart([
    { id: 'a', x: 0, y: 0, ...size },
    { id: 'b', x: 50, y: 10, ...size },
    { id: 'c', x: 200, y: 10, ...size },
    { id: 'd', x: 0, y: 12, ...size },
  ]);
  expect(placed.map(({ id, y }) => [id, y])).toEqual([
    ['a', 0],
    ['b', 26],
    ['c', 10],
    ['d', 52],
  ]);
});
