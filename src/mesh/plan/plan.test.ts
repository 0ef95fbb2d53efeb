/** Plans and removals on API servers whose controllers are imitated. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ImitatedCluster, startImitatedCluster } from '../../../test/support/imitated-cluster.ts';
import { type KubeObject, kinds } from '../../kube/index.ts';
import { defaultMesh, type Mesh } from '../../spec/index.ts';
import type { TrustStore } from '../part.ts';
import { reconcile } from '../reconcile.ts';
import { removeAll } from '../removal/index.ts';
import { carriesTraffic, planMesh } from './index.ts';

const mesh = defaultMesh();
const folder = mkdtempSync(join(tmpdir(), 'isthmus-plan-'));
let kept: Awaited<ReturnType<TrustStore['load']>>;
const trust: TrustStore = {
  load: async () => kept,
  save: async (root) => {
    kept = root;
  },
};
/** Renders nothing. */
const helm = join(folder, 'helm');
writeFileSync(helm, '#!/bin/sh\n', { mode: 0o755 });
let clusters: ImitatedCluster[];
const targets = () =>
  clusters.map(({ name, client }, index) => ({
    name,
    connection: client.connection,
    internalServer: `https://192.168.49.${2 + index}:6443`,
  }));
const plan = (wanted: Mesh = mesh, there = targets()) => planMesh({ mesh: wanted, clusters: there, trust });
const up = (wanted: Mesh = mesh) =>
  reconcile({ mesh: wanted, clusters: targets(), trust: { ...trust }, timeoutMs: 20_000 });

beforeAll(async () => {
  clusters = await Promise.all(['east', 'west'].map((name) => startImitatedCluster({ folder, name })));
});

afterAll(async () => {
  await Promise.all((clusters ?? []).map((one) => one.stop()));
  rmSync(folder, { recursive: true, force: true });
});

it('plans everything for clusters that are not there, and keeps no root for it', async () => {
  const found = await plan(mesh, []);
  expect(found.objects.every((one) => one.action === 'create')).toBe(true);
  expect(found.objects.map((one) => `${one.cluster} ${one.object}`)).toContain(
    'east Secret istio-system/istio-remote-secret-west',
  );
  expect(kept).toBeUndefined();
});

it('plans what up then does, and changes nothing itself', async () => {
  const before = await plan();
  const { items } = await clusters[0]!.client.list(kinds.Namespace);
  expect(items.map((one) => one.metadata.name)).not.toContain('istio-system');
  const made = await up();
  const created = made.parts.flatMap((one) => one.created).sort();
  expect(
    before.objects
      .filter((one) => one.action === 'create')
      .map((one) => one.object)
      .sort(),
  ).toEqual(created);
});

it('finds nothing to do when it stands', async () => {
  const found = await plan();
  expect(found.objects.filter((one) => one.action !== 'leave')).toEqual([]);
  expect(found.changes).toBe(false);
});

it('tells a change field by field, and whether requests may feel it', async () => {
  const found = await plan({ ...mesh, controlPlane: { ...mesh.controlPlane, accessLog: false } });
  const changes = found.objects.filter((one) => one.action !== 'leave');
  expect(changes).toMatchObject([
    { cluster: 'east', object: 'ConfigMap istio-system/istio', action: 'change', fields: [{ path: 'data.mesh' }] },
  ]);
  expect(changes.filter(carriesTraffic)).toHaveLength(1);
  const slower = await plan({ ...mesh, telemetry: { ...mesh.telemetry, scrapeIntervalSeconds: 9 } });
  expect(slower.changes).toBe(true);
  expect(slower.objects.filter(carriesTraffic)).toEqual([]);
});

it('says who holds a field that it cannot have', async () => {
  const [east] = clusters;
  const object = { metadata: { name: 'curl', namespace: 'sample' }, spec: { replicas: 3 } } as unknown as KubeObject;
  await east!.client.apply(kinds.Deployment, object, { fieldManager: 'somebody', force: true });
  const refused = (await plan()).objects.filter((one) => one.action === 'refused');
  expect(refused).toMatchObject([{ object: 'Deployment sample/curl', why: expect.stringContaining('somebody') }]);
  await east!.client.apply(kinds.Deployment, { metadata: object.metadata }, { fieldManager: 'somebody' });
  await up();
});

it('removes what an earlier file asked for, when the new one stands', async () => {
  const without = { ...mesh, telemetry: { ...mesh.telemetry, enabled: false, federation: false } };
  const planned = (await plan(without)).objects.filter((one) => one.action === 'remove');
  const made = await up(without);
  expect(made.removed.map((one) => `${one.cluster} ${one.object}`).sort()).toEqual(
    planned.map((one) => `${one.cluster} ${one.object}`).sort(),
  );
  expect(made.removed.map((one) => one.object)).toContain('Deployment istio-system/prometheus');
  expect((await up(without)).changed).toBe(false);
});

it('names what renders the objects, without the password of a repository, and calls it no change', async () => {
  const charts = 'https://me:guess@charts.example/istio';
  const istio = { ...mesh.controlPlane.istio, installer: 'helm' as const, program: helm, charts, version: '1.30.1' };
  const found = await plan({ ...mesh, controlPlane: { ...mesh.controlPlane, implementation: 'istio', istio } }, []);
  expect(JSON.stringify(found)).not.toContain('guess');
  const lines = found.commands.map((one) => `${one.part} ${one.cluster} ${one.command.slice(1, 5).join(' ')}`).sort();
  expect(lines).toEqual([
    'control-plane east template istio-base base --repo',
    'control-plane east template istiod istiod --repo',
    'control-plane west template istio-base base --repo',
    'control-plane west template istiod istiod --repo',
    'remote-access west template istio-base base --repo',
    'remote-access west template istiod istiod --repo',
  ]);
  expect(found.commands[0]!.command).toContain('https://(secret)@charts.example/istio');
  expect(found.commands.some((one) => one.changes)).toBe(false);
});

it('takes out what is ours alone: webhooks first, and namespaces that hold something of others stay', async () => {
  const west = clusters[1]!.client;
  await west.create(kinds.ConfigMap, { metadata: { name: 'mine', namespace: 'sample' }, data: { a: 'b' } });
  const route = { spec: { hosts: ['a'], http: [{ route: [{ destination: { host: 'a' } }] }] } };
  await west.create(kinds.VirtualService, { metadata: { name: 'mine', namespace: 'default' }, ...route });
  const order: string[] = [];
  const removed = await removeAll(west, { signal: new AbortController().signal, progress: (one) => order.push(one) });
  expect(order[0]).toBe('MutatingWebhookConfiguration istio-sidecar-injector');
  expect(removed.kept).toEqual([
    { object: 'Namespace sample', why: 'it holds what is not ours: ConfigMap sample/mine' },
    {
      object: 'CustomResourceDefinition virtualservices.networking.istio.io',
      why: 'it holds what is not ours: VirtualService default/mine',
    },
  ]);
  const sample = await west.get(kinds.Namespace, 'sample');
  expect(sample.metadata.labels).not.toHaveProperty('istio-injection');
  expect(await west.find(kinds.ConfigMap, 'mine', 'sample')).toBeDefined();
  expect(await west.find(kinds.Namespace, 'istio-system')).toBeUndefined();
  expect(await west.find(kinds.Deployment, 'curl', 'sample')).toBeUndefined();
});

it('leaves what was there before it, without the fields that it had set', async () => {
  const east = clusters[0]!.client;
  await removeAll(east, { signal: new AbortController().signal });
  await east.create(kinds.Namespace, { metadata: { name: 'sample', labels: { team: 'shop' } } });
  await up({ ...mesh, clusters: [mesh.clusters[0]!] });
  const removed = await removeAll(east, { signal: new AbortController().signal });
  expect(removed.released).toEqual(['Namespace sample']);
  const left = await east.get(kinds.Namespace, 'sample');
  expect(left.metadata.labels).toMatchObject({ team: 'shop' });
  expect(left.metadata.labels).not.toHaveProperty('istio-injection');
  const again = await removeAll(east, { signal: new AbortController().signal });
  expect(again).toMatchObject({ removed: [], released: [], kept: [] });
});
