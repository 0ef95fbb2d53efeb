/** Workloads that are taken away, on an API server whose pods are ended by the test, as a kubelet would. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startTestApiServer, type TestApiServer } from '../../../test/support/api-server.ts';
import { type ConfigMap, type Deployment, kinds, type Pod } from '../../kube/index.ts';
import { giveBackLeases } from './elections.ts';
import { removeObjects } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-removal-'));
const namespace = 'istio-system';
const leader = 'control-plane.alpha.kubernetes.io/leader';
let server: TestApiServer;

beforeAll(async () => {
  server = await startTestApiServer({ folder, name: 'east' });
  await server.client.create(kinds.Namespace, { metadata: { name: namespace } });
  await server.client.create(kinds.ServiceAccount, { metadata: { name: 'default', namespace } });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function workload(app: string): Promise<Deployment> {
  const labels = { app };
  const spec = { containers: [{ name: app, image: app }] };
  await server.client.create<Pod>(kinds.Pod, {
    metadata: {
      ...{ name: `${app}-5d4f-x7k2p`, namespace, labels },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${app}-5d4f`, uid: app, controller: true }],
    },
    spec: { ...spec, nodeName: 'east' },
  });
  return server.client.create<Deployment>(kinds.Deployment, {
    metadata: { name: app, namespace },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  });
}

const podOf = (app: string) => server.client.find<Pod>(kinds.Pod, `${app}-5d4f-x7k2p`, namespace);

it('goes on when the pods have ended, and does not wait half a minute for istiod’s', async () => {
  const found = [
    ...[await workload('istiod'), await workload('prometheus')].map((object) => ({ kind: kinds.Deployment, object })),
    {
      kind: kinds.Service,
      object: await server.client.create<any>(kinds.Service, {
        metadata: { name: 'istiod', namespace },
        spec: { ports: [{ port: 443 }] },
      }),
    },
  ];
  const told: string[] = [];
  const removed = removeObjects(server.client, found, {
    signal: new AbortController().signal,
    timeoutMs: 20_000,
    progress: (object) => told.push(object),
  });
  // What the garbage collector does, without which nothing is ended.
  for (const app of ['istiod', 'prometheus'])
    await server.client.delete(kinds.Pod, `${app}-5d4f-x7k2p`, namespace, { gracePeriodSeconds: 30 });
  await vi.waitFor(
    async () => expect((await podOf('istiod'))!.metadata.deletionGracePeriodSeconds).toBeLessThanOrEqual(2),
    { timeout: 10_000, interval: 50 },
  );
  expect((await podOf('prometheus'))!.metadata.deletionGracePeriodSeconds).toBe(30);
  expect(told).not.toContain('Service istio-system/istiod');
  for (const app of ['istiod', 'prometheus'])
    await server.client.delete(kinds.Pod, `${app}-5d4f-x7k2p`, namespace, { gracePeriodSeconds: 0 });
  expect((await removed).removed).toContain('Service istio-system/istiod');
});

it('gives back the leases of a control plane that is gone, and no others', async () => {
  const lease = (name: string, holderIdentity: string) =>
    server.client.create<ConfigMap>(kinds.ConfigMap, {
      metadata: {
        ...{ name, namespace },
        annotations: { [leader]: JSON.stringify({ holderIdentity, leaseDurationSeconds: 30, leaderTransitions: 2 }) },
      },
    });
  await lease('istio-namespace-controller-election', 'istiod-5d4f-x7k2p');
  await lease('istio-leader', 'istiod-canary-77c-b2b2b');
  expect(await giveBackLeases(server.client, new Set(['istiod-5d4f-x7k2p']))).toEqual([
    'istio-namespace-controller-election',
  ]);
  const holder = async (name: string) => {
    const { metadata } = await server.client.get(kinds.ConfigMap, name, namespace);
    return JSON.parse(metadata.annotations![leader]!);
  };
  expect(await holder('istio-namespace-controller-election')).toEqual({
    holderIdentity: '',
    leaseDurationSeconds: 1,
    leaderTransitions: 2,
  });
  expect(await holder('istio-leader')).toMatchObject({ holderIdentity: 'istiod-canary-77c-b2b2b' });
});
