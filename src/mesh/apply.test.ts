/** What becomes of objects that somebody else has made. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApiServer, type TestApiServer } from '../../test/support/api-server.ts';
import { type ConfigMap, kinds } from '../kube/index.ts';
import { applyObject } from './apply.ts';
import { whyNoGateway } from './parts/gateway-addresses.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-apply-'));
let server: TestApiServer;
beforeAll(async () => {
  server = await startTestApiServer({ folder, name: 'east' });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const configMap = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});
const dataOf = async (name: string) => (await server.client.get<ConfigMap>(kinds.ConfigMap, name, 'default')).data;

test('an object of somebody else’s is named with its manager, and stays as it is', async () => {
  await server.client.create(kinds.ConfigMap, configMap('theirs', { a: '1' }), { fieldManager: 'helm' });
  await expect(applyObject(server.client, configMap('theirs', { b: '2' }))).rejects.toMatchObject({
    code: 'mesh.foreign',
    what: 'ConfigMap default/theirs is there already, and Isthmus did not make it',
    why: expect.stringContaining('managed by helm'),
    fix: expect.stringContaining('--take-over'),
  });
  expect(await dataOf('theirs')).toEqual({ a: '1' });
});

test('one that fits serves as it is; one that does not is told why', async () => {
  await server.client.create(kinds.ConfigMap, configMap('fitting', { a: '1' }));
  const ours = configMap('fitting', { a: '2' });
  expect(await applyObject(server.client, ours, { fits: () => undefined })).toBe('unchanged');
  expect(await dataOf('fitting')).toEqual({ a: '1' });
  await expect(applyObject(server.client, ours, { fits: () => 'a is not 2' })).rejects.toMatchObject({
    why: expect.stringContaining('a is not 2'),
  });
});

test('taking over makes it ours, values and all, and after that it is no stranger', async () => {
  await server.client.create(kinds.ConfigMap, configMap('taken', { a: '1' }), { fieldManager: 'helm' });
  expect(await applyObject(server.client, configMap('taken', { a: '2' }), { takeOver: true })).toBe('changed');
  expect(await dataOf('taken')).toEqual({ a: '2' });
  expect(await applyObject(server.client, configMap('taken', { a: '2' }))).toBe('unchanged');
});

test('namespaces are shared', async () => {
  await server.client.create(kinds.Namespace, { metadata: { name: 'shared', labels: { team: 'x' } } });
  const ours = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shared', labels: { 'istio-injection': 'enabled' } },
  };
  expect(await applyObject(server.client, ours)).toBe('changed');
  const { metadata } = await server.client.get(kinds.Namespace, 'shared');
  expect(metadata.labels).toMatchObject({ team: 'x', 'istio-injection': 'enabled' });
});

test('a gateway of somebody else’s serves if it is of the network and lets other networks in', () => {
  const service = (labels: Record<string, string>, port: number) => ({
    metadata: { labels },
    spec: { ports: [{ port }] },
  });
  const label = 'topology.istio.io/network';
  expect(whyNoGateway(service({ [label]: 'network1' }, 15_443), 'network1')).toBeUndefined();
  expect(whyNoGateway(service({}, 15_443), 'network1')).toContain('missing');
  expect(whyNoGateway(service({ [label]: 'network2' }, 15_443), 'network1')).toContain('network2');
  expect(whyNoGateway(service({ [label]: 'network1' }, 443), 'network1')).toContain('15443');
});
