/** What is asked of a cluster before anything is put into it, on an API server of our own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApiServer, type TestApiServer } from '../../test/support/api-server.ts';
import { type Deployment, type KubeConnection, kinds } from '../kube/index.ts';
import { preflight } from './preflight.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-preflight-'));
let server: TestApiServer;
const clusterBy = (connection: KubeConnection) => ({
  name: 'east',
  connection,
  internalServer: 'https://192.168.49.2:6443',
  provider: 'existing' as const,
});

beforeAll(async () => {
  server = await startTestApiServer({ folder, name: 'east' });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('an administrator of an empty cluster may go on', async () => {
  await preflight(clusterBy(server.client.connection));
});

test('what a user may not do is told by name, and nothing is made', async () => {
  const viewer = await server.clientFor('someone', ['viewers']);
  await expect(preflight(clusterBy(viewer.connection))).rejects.toMatchObject({
    code: 'providers.forbidden',
    why: expect.stringContaining('create customresourcedefinitions.apiextensions.k8s.io'),
  });
  expect(await server.client.find(kinds.Namespace, 'istio-system')).toBeUndefined();
});

test('an Istio of somebody else is in the way, unless it is to be taken over', async () => {
  await server.client.create(kinds.Namespace, { metadata: { name: 'istio-system' } });
  const labels = { app: 'istiod' };
  const istiod: Deployment = {
    metadata: { name: 'istiod-1-20', namespace: 'istio-system', labels },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'discovery', image: 'pilot' }] } },
    },
  };
  await server.client.create(kinds.Deployment, istiod, { fieldManager: 'istio-operator' });
  const cluster = clusterBy(server.client.connection);
  await expect(preflight(cluster)).rejects.toMatchObject({
    code: 'providers.foreign-istio',
    where: 'istio-system/istiod-1-20',
  });
  await preflight(cluster, { takeOver: true });
  await server.client.delete(kinds.Deployment, 'istiod-1-20', 'istio-system');
  await server.client.apply(kinds.Deployment, istiod, { fieldManager: 'isthmus' });
  await preflight(cluster);
});
