/** Workloads that follow their control plane, on an API server whose controllers are imitated. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ImitatedCluster, startImitatedCluster } from '../../test/support/imitated-cluster.ts';
import { type Deployment, type KubeObject, kinds, type Pod } from '../kube/index.ts';
import { defaultMesh, type Mesh } from '../spec/index.ts';
import { moveProxies, revisionsOf } from './revision.ts';
import { waiter } from './wait.ts';

const mesh: Mesh = defaultMesh();
mesh.controlPlane.istio.revision = 'canary';
const folder = mkdtempSync(join(tmpdir(), 'isthmus-revision-'));
let east: ImitatedCluster;

beforeAll(async () => {
  east = await startImitatedCluster({ folder, name: 'east' });
  await east.client.create(kinds.ServiceAccount, { metadata: { name: 'default', namespace: 'default' } });
});

afterAll(async () => {
  await east?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const labels = { app: 'shop' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'shop', image: 'shop' }] } };

const pod = (name: string, revision: string | undefined, owner?: { kind: string; name: string; uid: string }): Pod => ({
  metadata: {
    name,
    namespace: 'default',
    annotations: { 'sidecar.istio.io/status': '{}', ...(revision ? { 'istio.io/rev': revision } : {}) },
    ...(owner ? { ownerReferences: [{ apiVersion: 'apps/v1', controller: true, ...owner }] } : {}),
  },
  spec: { containers: [{ name: 'shop', image: 'shop' }] },
});

const move = (told: string[] = []) => {
  const signal = new AbortController().signal;
  const deadline = Date.now() + 5_000;
  const wait = waiter({ deadline, signal, tell: () => {} });
  return moveProxies(east.client, mesh, ['default'], { wait, deadline, signal, tell: (one) => told.push(one) });
};

it('restarts the Deployment of pods of the old revision once, and leaves those of the new one', async () => {
  const { client } = east;
  const spec = { selector: { matchLabels: labels }, template };
  await client.create<Deployment>(kinds.Deployment, { metadata: { name: 'shop', namespace: 'default' }, spec });
  const set = await client.create<KubeObject>(kinds.ReplicaSet, {
    metadata: {
      name: 'shop-1',
      namespace: 'default',
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', uid: 'u', controller: true }],
    },
    spec,
  });
  const owner = { kind: 'ReplicaSet', name: 'shop-1', uid: set.metadata.uid ?? '' };
  await client.create(kinds.Pod, pod('old-1', undefined, owner));
  await client.create(kinds.Pod, pod('old-2', 'default', owner));
  await client.create(kinds.Pod, pod('new', 'canary'));
  const told: string[] = [];
  const moving = move(told);
  // What controllers would do: the old pods go.
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  for (const name of ['old-1', 'old-2']) await client.delete(kinds.Pod, name, 'default', { gracePeriodSeconds: 0 });
  expect(await moving).toEqual([{ cluster: 'east', workload: 'Deployment default/shop' }]);
  const shop = await client.get<Deployment>(kinds.Deployment, 'shop', 'default');
  expect(shop.spec['template'].metadata.annotations).toHaveProperty(['kubectl.kubernetes.io/restartedAt']);
  expect(await move()).toEqual([]);
});

it('names pods that nothing would make again, and restarts nothing', async () => {
  await east.client.create(kinds.Pod, pod('alone', 'default'));
  await expect(move()).rejects.toMatchObject({
    code: 'mesh.old-revision',
    why: expect.stringContaining('default/alone'),
  });
  await east.client.delete(kinds.Pod, 'alone', 'default', { gracePeriodSeconds: 0 });
});

it('knows by what is about to go which revisions end', () => {
  const istiod = (name: string, revision?: string) => ({
    kind: 'Deployment',
    metadata: {
      name,
      namespace: 'istio-system',
      labels: { app: 'istiod', ...(revision ? { 'istio.io/rev': revision } : {}) },
    },
  });
  const tag = { kind: 'MutatingWebhookConfiguration', metadata: { name: 'istio-revision-tag-default' } };
  expect(revisionsOf([istiod('istiod'), istiod('istiod-old', 'old'), tag])).toEqual(['default', 'old']);
  expect(revisionsOf([{ kind: 'Deployment', metadata: { name: 'prometheus', namespace: 'istio-system' } }])).toEqual(
    [],
  );
});
