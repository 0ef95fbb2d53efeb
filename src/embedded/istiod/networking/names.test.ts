import { expect, it } from 'vitest';
import { clusterName, parseClusterName, sniName } from './names.ts';

it('forms and takes apart the names of clusters and of SNI', () => {
  expect(clusterName('outbound', 80, 'v1', 'reviews.default.svc.cluster.local')).toBe(
    'outbound|80|v1|reviews.default.svc.cluster.local',
  );
  expect(sniName(80, '', 'reviews.default.svc.cluster.local')).toBe(
    'outbound_.80_._.reviews.default.svc.cluster.local',
  );
  expect(sniName(80, 'v1', 'reviews.default.svc.cluster.local')).toBe(
    'outbound_.80_.v1_.reviews.default.svc.cluster.local',
  );
  for (const subset of ['', 'v1'])
    for (const [name, isSni] of [
      [clusterName('outbound', 80, subset, 'a.b.svc.cluster.local'), false],
      [sniName(80, subset, 'a.b.svc.cluster.local'), true],
    ] as const)
      expect(parseClusterName(name)).toEqual({
        direction: 'outbound',
        port: 80,
        subset,
        host: 'a.b.svc.cluster.local',
        isSni,
      });
  expect(parseClusterName('BlackHoleCluster')).toBeUndefined();
});
