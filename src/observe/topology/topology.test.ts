import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type PlantedObserved,
  plantDeployment,
  plantObserved,
  plantRemoteSecret,
  plantTrust,
} from '../../../test/support/planted-observed.ts';
import { createRoot } from '../../pki/index.ts';
import type { MeshLink } from '../types/index.ts';

let planted: PlantedObserved;
beforeEach(async () => {
  planted = await plantObserved();
});
afterEach(() => planted[Symbol.asyncDispose]());

const link = (id: string): MeshLink => planted.observer.mesh().links.find((one) => one.id === id)!;
const states = (): Record<string, string> =>
  Object.fromEntries(planted.observer.mesh().links.map((one) => [one.id, one.state]));

test('a sound mesh has every link, and each is well', () => {
  expect(states()).toEqual({
    'remote-secret:east>west': 'ok',
    'control-plane:west>east': 'ok',
    'east-west:east>west': 'ok',
    'east-west:west>east': 'ok',
    'trust:east>west': 'ok',
  });
  const { clusters, networks, meshIDs, disagreements, problems } = planted.observer.mesh();
  expect(clusters.map((one) => [one.name, one.role, one.network, one.controlledBy])).toEqual([
    ['east', 'primary', 'network1', ['east']],
    ['west', 'remote', 'network2', ['east']],
  ]);
  expect(networks).toHaveLength(2);
  expect(meshIDs).toEqual(['mesh1']);
  expect([...disagreements, ...problems]).toEqual([]);
});

const system = 'istio-system';

describe('a link is broken, and says why', () => {
  const gateway = { istio: 'eastwestgateway', app: 'istio-eastwestgateway', 'topology.istio.io/network': 'network2' };

  test('when the gateway of the other side is scaled to nothing', async () => {
    plantDeployment(planted.west, system, 'istio-eastwestgateway', gateway, { replicas: 0 });
    await planted.settle();
    expect(link('east-west:east>west')).toMatchObject({
      state: 'broken',
      why: expect.stringContaining('scaled to 0'),
      fix: expect.stringContaining('--replicas=1'),
    });
    expect(link('east-west:west>east').state).toBe('ok');
  });

  test('when no replica of it is ready, and degraded when some are not', async () => {
    plantDeployment(planted.west, system, 'istio-eastwestgateway', gateway, { replicas: 2, ready: 0 });
    await planted.settle();
    expect(link('east-west:east>west')).toMatchObject({ state: 'broken', why: expect.stringContaining('none of 2') });
    plantDeployment(planted.west, system, 'istio-eastwestgateway', gateway, { replicas: 2, ready: 1 });
    await planted.settle();
    expect(link('east-west:east>west').state).toBe('degraded');
  });

  test('when no load balancer has given an address', async () => {
    const service = planted.west.objects.get(`Service/${system}/istio-eastwestgateway`)!;
    planted.west.put('Service', { ...service, status: {} });
    await planted.settle();
    expect(link('east-west:east>west').why).toContain('no address');
  });

  test('when nothing opens port 15443 where the control plane reads', async () => {
    planted.east.remove('Gateway', system, 'cross-network-gateway');
    await planted.settle();
    expect(link('east-west:east>west').why).toContain('AUTO_PASSTHROUGH');
  });

  test('when the remote secret is gone', async () => {
    planted.east.remove('Secret', system, 'istio-remote-secret-west');
    await planted.settle();
    expect(link('remote-secret:east>west')).toMatchObject({
      state: 'broken',
      why: expect.stringContaining('there is no Secret in east'),
      fix: expect.stringContaining('create-remote-secret'),
    });
  });

  test('when its token is refused, has ended, or ends soon', async () => {
    plantRemoteSecret(planted.east, 'revoked');
    await planted.settle();
    await planted.observer.facts.refresh();
    expect(link('remote-secret:east>west')).toMatchObject({
      state: 'broken',
      why: expect.stringContaining('refused by west'),
    });
    const token = (seconds: number): string => {
      const payload = Buffer.from(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + seconds })).toString(
        'base64url',
      );
      const text = `h.${payload}.s`;
      planted.west.tokens.add(text);
      return text;
    };
    plantRemoteSecret(planted.east, token(-60));
    await planted.settle();
    await planted.observer.facts.refresh();
    expect(link('remote-secret:east>west').why).toContain('its token ended at');
    plantRemoteSecret(planted.east, token(3600));
    await planted.settle();
    await planted.observer.facts.refresh();
    expect(link('remote-secret:east>west')).toMatchObject({
      state: 'degraded',
      why: expect.stringContaining('ends in 1 days'),
    });
  });

  test('when it leads to istiod itself', async () => {
    plantRemoteSecret(planted.east, 'good-token-of-west', 'https://127.0.0.1:6443');
    await planted.settle();
    expect(link('remote-secret:east>west').why).toContain("istiod's own pod");
  });

  test('when istiod has not read the cluster', async () => {
    const page = `/api/v1/namespaces/${system}/pods/istiod-abc-0:8080/proxy/debug/clusterz`;
    planted.east.pages.set(page, [{ id: 'west', syncStatus: 'timeout' }]);
    await planted.observer.facts.refresh();
    expect(link('remote-secret:east>west').why).toContain('timeout');
  });

  test('when roots differ', async () => {
    await plantTrust(planted.west, await createRoot({ commonName: 'Another' }));
    await planted.settle();
    expect(link('trust:east>west')).toMatchObject({ state: 'broken', why: expect.stringContaining('roots differ') });
    expect(link('east-west:east>west').why).toContain('different roots');
  });

  test('when a CA has expired', async () => {
    await plantTrust(planted.west, planted.root, -1);
    await planted.settle();
    expect(link('trust:east>west')).toMatchObject({ state: 'broken', why: expect.stringMatching(/west: .*expired/) });
  });

  test('when the control plane is down, or proxies lag behind', async () => {
    const page = `/api/v1/namespaces/${system}/pods/istiod-abc-0:8080/proxy/debug/syncz`;
    planted.east.pages.set(page, [
      { cluster_id: 'west', proxy: 'curl-abc-0.sample', cluster_sent: '2', cluster_acked: '1' },
    ]);
    await planted.observer.facts.refresh();
    expect(link('control-plane:west>east')).toMatchObject({
      state: 'degraded',
      why: expect.stringContaining('curl-abc-0.sample'),
    });
    const istiod = planted.east.objects.get(`Deployment/${system}/istiod`)!;
    planted.east.put('Deployment', { ...istiod, status: { replicas: 1, availableReplicas: 0 } });
    await planted.settle();
    expect(link('control-plane:west>east').state).toBe('broken');
  });

  test('when a federation target is down', async () => {
    const page = `/api/v1/namespaces/${system}/services/prometheus:9090/proxy/api/v1/targets`;
    const target = {
      health: 'down',
      lastError: 'connection refused',
      scrapeUrl: 'http://192.168.49.31:9090/federate?match',
      labels: { job: 'federate-west', instance: '192.168.49.31:9090' },
    };
    planted.east.pages.set(page, { status: 'success', data: { activeTargets: [target] } });
    await planted.observer.facts.refresh();
    expect(link('federation:east>west')).toMatchObject({
      state: 'broken',
      why: expect.stringContaining('connection refused'),
    });
  });
});

describe('a federation', () => {
  const page = `/api/v1/namespaces/${system}/services/prometheus:9090/proxy/api/v1/targets`;
  const targets = async (...activeTargets: object[]): Promise<void> => {
    planted.east.pages.set(page, { status: 'success', data: { activeTargets } });
    await planted.observer.facts.refresh();
  };
  const west = {
    health: 'up',
    scrapeUrl: 'http://192.168.49.31:9090/federate?match',
    labels: { job: 'federate-west', instance: '192.168.49.31:9090' },
  };
  const find = () => planted.observer.mesh().links.find((one) => one.kind === 'federation');
  const declare = async (text: string): Promise<void> => {
    const metadata = { name: 'prometheus', namespace: system, annotations: { 'isthmus.dev/federates': text } };
    planted.east.put('ConfigMap', { metadata, data: {} });
    await planted.settle();
  };

  test('that nobody has seen or asked for is not missed', async () => {
    await targets();
    expect(find()).toBeUndefined();
  });

  test('whose job is taken out is broken from then on, and well when it comes back', async () => {
    await targets(west);
    expect(find()?.state).toBe('ok');
    await targets();
    expect(find()).toMatchObject({
      id: 'federation:east>west',
      state: 'broken',
      why: expect.stringMatching(/it did until/),
    });
    await targets(west);
    expect(find()?.state).toBe('ok');
  });

  test('that Isthmus has made is missed by who has never seen it', async () => {
    await targets();
    await declare('west');
    expect(find()).toMatchObject({ state: 'broken', why: expect.stringContaining('isthmus.dev/federates') });
  });

  test('that Isthmus has taken back, or whose cluster has left, is not missed', async () => {
    await targets(west);
    planted.observer.mesh();
    await targets();
    await declare('');
    expect(find()).toBeUndefined();
    await declare('north');
    expect(find()).toBeUndefined();
  });

  test('is unknown while Prometheus gives no answer', async () => {
    await targets(west);
    planted.observer.mesh();
    planted.east.pages.delete(page);
    await planted.observer.facts.refresh();
    expect(find()).toMatchObject({ state: 'unknown', why: expect.stringContaining('not found') });
  });
});

test('the time of a change of state is kept until the next', async () => {
  const before = link('remote-secret:east>west').since;
  planted.east.remove('Secret', 'istio-system', 'istio-remote-secret-west');
  await planted.settle();
  await new Promise((resolve) => setTimeout(resolve, 2));
  const broken = link('remote-secret:east>west').since;
  expect(Date.parse(broken)).toBeGreaterThanOrEqual(Date.parse(before));
  expect(link('remote-secret:east>west').since).toBe(broken);
});

test('names that must agree and do not are told', async () => {
  planted.west.put('Pod', {
    metadata: { name: 'odd', namespace: 'sample', labels: { 'topology.istio.io/network': 'network9' } },
    spec: { containers: [{ name: 'istio-proxy', env: [{ name: 'ISTIO_META_CLUSTER_ID', value: 'wset' }] }] },
  });
  await planted.settle();
  const found = planted.observer.mesh().disagreements;
  expect(found.map((one) => one.what).sort()).toEqual(['cluster ID', 'network']);
  expect(found.find((one) => one.what === 'cluster ID')!.values.map((one) => one.value)).toContain('wset');
});

test('a cluster that only a remote secret names is drawn with the reason', async () => {
  const data = {
    north: Buffer.from(
      JSON.stringify({
        clusters: [{ cluster: { server: 'https://10.1.1.1:6443' } }],
        users: [{ user: { token: 'x' } }],
      }),
    ).toString('base64'),
  };
  planted.east.put('Secret', {
    metadata: { name: 'north', namespace: 'istio-system', labels: { 'istio/multiCluster': 'true' } },
    data,
  });
  await planted.settle();
  const north = planted.observer.mesh().clusters.find((one) => one.name === 'north')!;
  expect(north.api).toMatchObject({ reachable: false, reason: expect.stringContaining('no kubeconfig context') });
});

test('nothing of a token or key is in what is told', () => {
  const text =
    JSON.stringify(planted.observer.mesh()) +
    JSON.stringify(planted.observer.clusters.map((one) => [...one.list('RemoteSecret'), ...one.list('CaSecret')]));
  expect(text).not.toContain('good-token-of-west');
  expect(text).not.toContain('PRIVATE KEY');
  expect(text).not.toContain(Buffer.from('good-token-of-west').toString('base64').slice(0, 12));
});

test('what has not been read yet is not called missing', async () => {
  const { Observer } = await import('../observer.ts');
  const { ClusterModel } = await import('../model/cluster-model.ts');
  await using observer = new Observer();
  const client = planted.east.client();
  const list = client.list.bind(client);
  // The list of Secrets is slow to come.
  client.list = ((kind: any, options: any) =>
    kind.kind === 'Secret' ? new Promise(() => {}) : list(kind, options)) as typeof client.list;
  observer.model.add(new ClusterModel('east', client));
  observer.model.add(new ClusterModel('west', planted.west.client()));
  await observer.model.settled(300);
  const found = observer.mesh().links.find((one) => one.id === 'remote-secret:east>west')!;
  expect(found).toMatchObject({ state: 'unknown', why: 'not all of east has been read yet' });
});
