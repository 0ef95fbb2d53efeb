import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PlantedObserved, plantDeployment, plantObserved } from '../../../test/support/planted-observed.ts';
import { bothSides, sample } from '../../../test/support/planted-series.ts';
import { mergeSamples } from '../prometheus/traffic.ts';
import { judgeRequests, tolerancesOf, worst } from './thresholds.ts';
import { judgeWorkload } from './workload-status.ts';

describe('requests', () => {
  test.each([
    [{ http: { 200: 99.9, 500: 0.1 } }, 'Degraded'],
    [{ http: { 200: 90, 500: 10 } }, 'Failure'],
    [{ http: { 200: 91, 404: 9 } }, 'Healthy'],
    [{ http: { 200: 90, 404: 10 } }, 'Degraded'],
    [{ http: { 200: 80, 404: 20 } }, 'Failure'],
    [{ http: { 200: 95, '-': 5 } }, 'Degraded'],
    [{ grpc: { 0: 99, 14: 1 } }, 'Degraded'],
    [{ grpc: { 0: 1 } }, 'Healthy'],
    [{ tcp: { '': 9 } }, 'NA'],
    [{}, 'NA'],
  ])('%j is %s', (rates, status) => {
    expect(judgeRequests(rates as never, 'inbound').status).toBe(status);
  });

  test('the annotation replaces the rules, and what cannot be read of it is left out', () => {
    const tolerances = tolerancesOf('404,0,50,http,inbound;nonsense');
    expect(judgeRequests({ http: { 200: 60, 404: 40 } }, 'inbound', tolerances).status).toBe('Degraded');
    expect(judgeRequests({ http: { 200: 60, 500: 40 } }, 'inbound', tolerances).status).toBe('Healthy');
    expect(tolerancesOf('(,,')).toBe(tolerancesOf(undefined));
  });
});

test.each([
  [{ desiredReplicas: 0, currentReplicas: 0, availableReplicas: 0 }, 'Not Ready'],
  [{ desiredReplicas: 2, currentReplicas: 2, availableReplicas: 0 }, 'Failure'],
  [{ desiredReplicas: 2, currentReplicas: 2, availableReplicas: 1 }, 'Degraded'],
  [{ desiredReplicas: 2, currentReplicas: 3, availableReplicas: 2 }, 'Failure'],
  [{ desiredReplicas: 2, currentReplicas: 2, availableReplicas: 2, syncedProxies: 1 }, 'Degraded'],
  [{ desiredReplicas: 2, currentReplicas: 2, availableReplicas: 2 }, 'Healthy'],
])('a workload with %j is %s', (replicas, status) => {
  expect(judgeWorkload({ name: 'w', syncedProxies: -1, ...replicas }, 2).status).toBe(status);
});

test('a whole is as its worst part', () => {
  expect(worst(['Healthy', 'Not Ready', 'NA'])).toBe('Not Ready');
  expect(worst([])).toBe('NA');
});

describe('over clusters', () => {
  let planted: PlantedObserved;
  beforeEach(async () => {
    planted = await plantObserved();
  });
  afterEach(() => planted[Symbol.asyncDispose]());

  const read = (samples: ReturnType<typeof bothSides>) => {
    const of = (name: string) => ({
      cluster: name,
      samples: samples.filter(
        ({ metric }) => metric[metric['reporter'] === 'source' ? 'source_cluster' : 'destination_cluster'] === name,
      ),
    });
    return planted.observer.healthOf(mergeSamples([of('east'), of('west')]));
  };

  test('what fails in west is charged to west, though east has a twin of the same name', () => {
    plantDeployment(planted.east, 'sample', 'helloworld-v2', { app: 'helloworld', version: 'v2' });
    const health = read(bothSides({ from: 'east/sample/curl', to: 'west/sample/helloworld-v2', rate: 1, code: '500' }));
    expect(health.workload('west', 'sample', 'helloworld-v2').status).toBe('Failure');
    expect(health.workload('east', 'sample', 'helloworld-v2').status).not.toBe('Failure');
    expect(health.service('west', 'sample', 'helloworld').status).toBe('Failure');
    expect(health.service('east', 'sample', 'helloworld').status).toBe('NA');
    expect(health.workload('east', 'sample', 'curl')).toMatchObject({
      status: 'Failure',
      reasons: [expect.stringContaining('outbound')],
    });
  });

  test('incoming is the larger of what both sides counted', () => {
    const health = read([
      sample({ from: 'east/sample/curl', to: 'west/sample/helloworld-v2', rate: 5 }),
      sample({ from: 'east/sample/curl', to: 'west/sample/helloworld-v2', rate: 4, reporter: 'destination' }),
    ]);
    expect(health.traffic('workload', 'west', 'sample', 'helloworld-v2').inbound).toBe(5);
    expect(health.traffic('cluster', 'east').outbound).toBe(5);
  });

  test('an app is as well as its workloads, and a namespace as its worst part', async () => {
    plantDeployment(
      planted.west,
      'sample',
      'helloworld-v2',
      { app: 'helloworld', version: 'v2' },
      { replicas: 1, ready: 0 },
    );
    await planted.settle();
    const health = read([]);
    expect(health.app('west', 'sample', 'helloworld').status).toBe('Failure');
    expect(health.namespace(planted.observer.model.cluster('west')!, 'sample').status).toBe('Failure');
    expect(health.namespace(planted.observer.model.cluster('east')!, 'sample').status).toBe('Healthy');
  });
});
