import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type PlantedObserved, plantObserved } from '../../../test/support/planted-observed.ts';
import type { DoctorReport } from '../api.ts';
import { StandingDoctor } from './doctor.ts';
import { localViewer, type Viewer } from './viewer.ts';

let planted: PlantedObserved;
let doctor: StandingDoctor;
let changes: number;
let isWatched: boolean;

beforeEach(async () => {
  planted = await plantObserved();
  changes = 0;
  isWatched = false;
  doctor = new StandingDoctor(planted.observer, { isWatched: () => isWatched, onChange: () => changes++, graceMs: 10 });
});
afterEach(async () => {
  vi.useRealTimers();
  await doctor.close();
  await planted[Symbol.asyncDispose]();
});

const codes = ({ findings }: DoctorReport): string[] => [...new Set(findings.map((one) => one.code))].sort();
const stray = (): void => {
  planted.west.put('Secret', {
    metadata: { name: 'stray', namespace: 'sample', labels: { 'istio/multiCluster': 'true' } },
    data: {},
  });
};
const seesNot = (cluster: string, ...namespaces: string[]): Viewer => ({
  ...localViewer,
  canSee: (where) => where.cluster !== cluster || !['', ...namespaces].includes(where.namespace),
});

test('what is wrong is told with its object, by the name that the mesh has for the cluster', async () => {
  const before = await doctor.report(localViewer);
  expect(codes(before)).not.toContain('ISM601');
  expect(before.checks.find((one) => one.code === 'ISM601')?.state).toBe('passed');
  stray();
  await planted.settle();
  await vi.waitFor(
    async () => {
      const { findings, healthy, counts } = await doctor.report(localViewer);
      expect(findings.find((one) => one.code === 'ISM601')).toMatchObject({
        id: 'ISM601/Secret/west/sample/stray',
        severity: 'warning',
        title: 'remote secrets lie where istiod reads them',
        object: { cluster: 'west', kind: 'Secret', namespace: 'sample', name: 'stray' },
        fix: expect.stringContaining('delete secret stray'),
      });
      expect(healthy).toBe(false);
      expect(counts.warning).toBeGreaterThan(0);
    },
    { timeout: 20_000, interval: 100 },
  );
  expect(changes).toBe(2);
}, 30_000);

describe('API servers are asked', () => {
  test('for nothing that is watched, and once however many ask', async () => {
    const before = planted.east.lists;
    await Promise.all([1, 2, 3].map(() => doctor.report(localViewer)));
    const first = planted.east.lists - before;
    const kindsNotWatched = 7;
    expect(first).toBeLessThanOrEqual(kindsNotWatched);
    await doctor.report(localViewer);
    expect(planted.east.lists - before).toBe(first);
  });

  test('not at all when nobody looks, and again when a page does', async () => {
    await doctor.report(localViewer);
    vi.useFakeTimers();
    vi.setSystemTime(Date.now() + 300_000);
    const before = planted.east.lists;
    stray();
    await vi.advanceTimersByTimeAsync(300_000);
    expect(planted.east.lists).toBe(before);
    isWatched = true;
    planted.east.put('Namespace', { metadata: { name: 'another' } });
    await vi.advanceTimersByTimeAsync(2_000);
    vi.useRealTimers();
    await vi.waitFor(() => expect(changes).toBe(2), { timeout: 10_000 });
    expect(planted.east.lists).toBeGreaterThan(before);
  });
});

describe('a viewer is told', () => {
  test('nothing of namespaces that are not theirs', async () => {
    stray();
    await planted.settle();
    expect(codes(await doctor.report(localViewer))).toContain('ISM601');
    const blind = await doctor.report(seesNot('west', 'sample'));
    expect(codes(blind)).not.toContain('ISM601');
    expect(JSON.stringify(blind)).not.toContain('stray');
    expect(blind.checks.find((one) => one.code === 'ISM601')?.state).not.toBe('found');
  });

  test('nothing that compares an object with one that is not theirs', async () => {
    planted.west.put('Service', {
      metadata: { name: 'helloworld', namespace: 'sample' },
      spec: { selector: { app: 'helloworld' }, ports: [{ name: 'http', port: 6000 }] },
    });
    await planted.settle();
    expect(codes(await doctor.report(localViewer))).toContain('ISM702');
    expect(codes(await doctor.report(seesNot('east', 'sample')))).not.toContain('ISM702');
  });
});

test('a cluster that gives no answer is not asked, and named', async () => {
  planted.west.silent = 'connection refused';
  await vi.waitFor(() => expect(planted.observer.model.cluster('west')?.api.reachable).toBe(false), {
    timeout: 15_000,
  });
  const { examined, unread, healthy } = await doctor.report(localViewer);
  expect([examined, healthy]).toEqual([['east'], false]);
  expect(unread).toContainEqual({ cluster: 'west', what: 'all', why: expect.stringContaining('refused') });
}, 20_000);
