import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PlantedObserved, plantDeployment, plantObserved } from '../../../test/support/planted-observed.ts';
import { bothSides, type PlantedSample, sample } from '../../../test/support/planted-series.ts';
import type { Graph, GraphEdge, GraphNode, NamespaceKey } from '../types/index.ts';

let planted: PlantedObserved;
beforeEach(async () => {
  planted = await plantObserved();
});
afterEach(() => planted[Symbol.asyncDispose]());

const query = '/api/v1/namespaces/istio-system/services/prometheus:9090/proxy/api/v1/query';

/** Each cluster's Prometheus answers what its own proxies have counted. */
function measured(samples: PlantedSample[]): void {
  for (const api of [planted.east, planted.west]) {
    const own = samples.filter(
      ({ metric }) => metric[metric['reporter'] === 'source' ? 'source_cluster' : 'destination_cluster'] === api.name,
    );
    api.pages.set(query, { status: 'success', data: { result: own } });
  }
}

function graph(options: Partial<Parameters<PlantedObserved['observer']['graph']>[0]> = {}): Promise<Graph> {
  return planted.observer.graph({
    graphType: 'workload',
    duration: 60,
    queryTime: 1000,
    boxBy: ['cluster', 'namespace'],
    injectServiceNodes: false,
    includeIdle: false,
    isWanted: ({ namespace }: NamespaceKey) => namespace === 'sample',
    ...options,
  });
}

const nameOf = (one: GraphNode): string => `${one.cluster}/${one.workload ?? one.service ?? one.app ?? one.nodeType}`;

function edgesOf({ elements }: Graph): Record<string, GraphEdge> {
  const nodes = new Map(elements.nodes.map(({ data }) => [data.id, data]));
  return Object.fromEntries(
    elements.edges.map(({ data }) => [`${nameOf(nodes.get(data.source)!)} > ${nameOf(nodes.get(data.target)!)}`, data]),
  );
}

const nodesOf = ({ elements }: Graph): Record<string, GraphNode> =>
  Object.fromEntries(elements.nodes.filter(({ data }) => !data.isBox).map(({ data }) => [nameOf(data), data]));

const calls = [
  ...bothSides({ from: 'east/sample/curl', to: 'east/sample/helloworld-v1', rate: 3 }),
  ...bothSides({ from: 'east/sample/curl', to: 'west/sample/helloworld-v2', rate: 1 }),
];

test('edges carry rates once, though both ends counted, and cross-network ones name the gateway', async () => {
  measured(calls);
  const found = edgesOf(await graph());
  expect(Object.keys(found).sort()).toEqual(['east/curl > east/helloworld-v1', 'east/curl > west/helloworld-v2']);
  const local = found['east/curl > east/helloworld-v1']!;
  expect(local.traffic.rates).toEqual({ http: '3.00', httpPercentReq: '75.0' });
  expect(local.crossCluster).toBeUndefined();
  expect(local).toMatchObject({ isMTLS: '100', healthStatus: 'Healthy', reporters: { source: 3, destination: 3 } });
  const crossing = found['east/curl > west/helloworld-v2']!;
  expect(crossing.crossNetwork).toMatchObject({
    from: 'network1',
    to: 'network2',
    gateway: { cluster: 'west', addresses: ['192.168.49.30'] },
  });
});

test('an injected service stands in the cluster of the workload that answered', async () => {
  measured(calls);
  const found = edgesOf(await graph({ injectServiceNodes: true }));
  expect(Object.keys(found).sort()).toEqual([
    'east/curl > east/helloworld',
    'east/curl > west/helloworld',
    'east/helloworld > east/helloworld-v1',
    'west/helloworld > west/helloworld-v2',
  ]);
});

test('the service graph joins services over the workloads between them', async () => {
  measured([
    ...bothSides({ from: 'east/sample/curl', to: 'east/sample/helloworld-v1', rate: 3 }),
    ...bothSides({ from: 'east/sample/helloworld-v1', to: 'west/sample/store-v1', rate: 2 }),
  ]);
  expect(Object.keys(edgesOf(await graph({ graphType: 'service' }))).sort()).toEqual([
    'east/curl > east/helloworld',
    'east/helloworld > west/store',
  ]);
});

test('the app graph joins versions; the versioned one keeps them apart in a box of the app', async () => {
  measured([
    ...bothSides({ from: 'east/sample/curl', to: 'east/sample/helloworld-v1', rate: 3 }),
    ...bothSides({ from: 'east/sample/curl', to: 'east/sample/helloworld-v3', rate: 1 }),
  ]);
  const apps = await graph({ graphType: 'app' });
  expect(edgesOf(apps)['east/curl > east/helloworld']!.traffic.rates['http']).toBe('4.00');
  const versioned = await graph({ graphType: 'versionedApp', boxBy: ['cluster', 'namespace', 'app'] });
  const box = versioned.elements.nodes.find(({ data }) => data.isBox === 'app')!.data;
  expect(versioned.elements.nodes.filter(({ data }) => data.parent === box.id)).toHaveLength(2);
});

test('failures without an answer go to the service, whose cluster is not guessed', async () => {
  const lost = {
    destination_workload: 'unknown',
    destination_workload_namespace: 'unknown',
    destination_canonical_service: 'unknown',
    destination_cluster: 'unknown',
  };
  measured([
    sample({
      from: 'east/sample/curl',
      to: 'east/sample/helloworld-v1',
      rate: 2,
      code: '503',
      flags: 'UH',
      labels: lost,
    }),
  ]);
  const found = await graph();
  const edge = edgesOf(found)['east/curl > unknown/helloworld']!;
  expect(edge.healthStatus).toBe('Failure');
  expect(edge.traffic.rates).toMatchObject({ http5xx: '2.00', httpPercentErr: '100.0' });
  expect(edge.traffic.responses['503']!.flags).toEqual({ UH: '100.0' });
  const node = nodesOf(found)['unknown/helloworld']!;
  expect(node.why).toContain('does not know to which cluster');
  expect(node.parent).toBeUndefined();
});

test('callers without a proxy are unknown, and seen by servers only', async () => {
  measured([
    sample({
      from: 'unknown',
      to: 'east/sample/helloworld-v1',
      rate: 1,
      reporter: 'destination',
      labels: { connection_security_policy: 'none' },
    }),
  ]);
  const edge = edgesOf(await graph())['unknown/unknown > east/helloworld-v1']!;
  expect(edge.isMTLS).toBeUndefined();
  expect(edge.reporters).toEqual({ destination: 1 });
});

test('what leaves the mesh is drawn in the cluster whose proxy let it pass', async () => {
  const labels = {
    destination_workload: 'unknown',
    destination_workload_namespace: 'unknown',
    destination_canonical_service: 'unknown',
    destination_cluster: 'unknown',
    destination_service_namespace: 'unknown',
  };
  measured([sample({ from: 'east/sample/curl', to: 'unknown', rate: 1, service: 'PassthroughCluster', labels })]);
  const found = nodesOf(await graph({ injectServiceNodes: true }));
  expect(found['east/PassthroughCluster']).toMatchObject({ isInaccessible: true, nodeType: 'service' });
});

test('bytes that gateways pass on unopened are not drawn a second time', async () => {
  measured([
    ...calls,
    sample({
      from: 'west/istio-system/istio-eastwestgateway',
      to: 'west/sample/helloworld-v2',
      rate: 500,
      protocol: 'tcp',
    }),
  ]);
  expect(Object.keys(edgesOf(await graph())).some((one) => one.includes('gateway'))).toBe(false);
});

test('idle workloads and services are added when asked for, in each cluster', async () => {
  measured(calls);
  const { elements } = await graph({ includeIdle: true });
  const isIdle = (cluster: string, field: 'workload' | 'service', name: string) =>
    elements.nodes.find(({ data }) => data.cluster === cluster && data[field] === name)!.data.isIdle;
  expect(isIdle('west', 'workload', 'curl')).toBe(true);
  expect(isIdle('west', 'service', 'curl')).toBe(true);
  expect(isIdle('east', 'workload', 'curl')).toBeUndefined();
});

test('nodes tell of their health, of proxies that are missing, and of what is gone', async () => {
  plantDeployment(
    planted.west,
    'sample',
    'helloworld-v2',
    { app: 'helloworld', version: 'v2' },
    { replicas: 2, ready: 1, proxy: false },
  );
  await planted.settle();
  measured([...calls, ...bothSides({ from: 'east/sample/curl', to: 'east/sample/gone-v1', rate: 1 })]);
  const found = nodesOf(await graph());
  expect(found['west/helloworld-v2']).toMatchObject({ healthStatus: 'Degraded' });
  expect(found['east/gone-v1']!.isDead).toBe(true);
  expect(found['east/curl']).toMatchObject({ isRoot: true, healthStatus: 'Healthy' });
});

test('rules of the control plane mark the service in every cluster that it serves', async () => {
  planted.east.put('VirtualService', {
    metadata: { name: 'shift', namespace: 'sample' },
    spec: {
      hosts: ['helloworld'],
      http: [
        {
          timeout: '2s',
          route: [
            { destination: { host: 'helloworld' }, weight: 50 },
            { destination: { host: 'helloworld', subset: 'v2' }, weight: 50 },
          ],
        },
      ],
    },
  });
  await planted.settle();
  measured(calls);
  const found = nodesOf(await graph({ injectServiceNodes: true }));
  for (const cluster of ['east', 'west'])
    expect(found[`${cluster}/helloworld`]).toMatchObject({
      hasVS: { hostnames: ['helloworld'] },
      hasTrafficShifting: true,
      hasRequestTimeout: true,
    });
});

test('a focus keeps the entity and its neighbours only', async () => {
  measured([...calls, ...bothSides({ from: 'west/sample/curl', to: 'west/sample/other-v1', rate: 1 })]);
  const found = await graph({
    focus: { type: 'workload', cluster: 'west', namespace: 'sample', name: 'helloworld-v2' },
  });
  expect(Object.keys(nodesOf(found)).sort()).toEqual(['east/curl', 'west/helloworld-v2']);
});

describe('one cluster that is silent', () => {
  test('is marked with the reason, and the rest is drawn', async () => {
    measured(calls);
    planted.west.pages.delete(query);
    const found = await graph();
    expect(found.problems).toMatchObject([{ cluster: 'west', source: 'prometheus' }]);
    expect(edgesOf(found)['east/curl > west/helloworld-v2']!.traffic.rates['http']).toBe('1.00');
  });

  test('is broken at its gateway: the edge says so', async () => {
    measured(calls);
    planted.west.remove('Service', 'istio-system', 'istio-eastwestgateway');
    await planted.settle();
    const edge = edgesOf(await graph())['east/curl > west/helloworld-v2']!;
    expect(edge).toMatchObject({ healthStatus: 'Failure', broken: expect.stringContaining('no east-west gateway') });
  });
});

test('a cluster that metrics name and nobody knows has a box of its own', async () => {
  const stray = sample({ from: 'east/sample/curl', to: 'mars/sample/rover-v1', rate: 1 });
  measured([stray]);
  const box = (await graph()).elements.nodes.find(
    ({ data }) => data.isBox === 'cluster' && data.cluster === 'mars',
  )!.data;
  expect(box).toMatchObject({ isInaccessible: true, unreachable: expect.stringContaining('known by metrics only') });
});

test('a neighbour that may not be seen is drawn by its name only', async () => {
  measured(calls);
  const found = nodesOf(await graph({ isSeen: ({ cluster }) => cluster === 'east' }));
  expect(found['west/helloworld-v2']).toMatchObject({ isInaccessible: true, healthData: null });
  expect(found['west/helloworld-v2']!.labels).toBeUndefined();
  expect(found['east/curl']!.labels).toBeDefined();
});
