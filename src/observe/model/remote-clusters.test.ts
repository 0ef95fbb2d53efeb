import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PlantedApi } from '../../../test/support/planted-api.ts';
import {
  encoded,
  type PlantedObserved,
  plantDeployment,
  plantObserved,
} from '../../../test/support/planted-observed.ts';
import type { KubeConnection } from '../../kube/index.ts';
import { ClusterModel } from './cluster-model.ts';
import { RemoteClusters } from './remote-clusters.ts';

const system = 'istio-system';
let planted: PlantedObserved;
let north: PlantedApi;
let remote: RemoteClusters;
let connections: KubeConnection[];

beforeEach(async () => {
  planted = await plantObserved();
  north = new PlantedApi('north');
  north.put('Namespace', { metadata: { name: 'sample' } });
  plantDeployment(north, 'sample', 'far', { app: 'far' });
  connections = [];
  remote = new RemoteClusters(planted.observer.model, (connection) => {
    connections.push(connection);
    return north.client();
  });
});
afterEach(async () => {
  await remote[Symbol.asyncDispose]();
  await planted[Symbol.asyncDispose]();
});

const plantSecret = (
  cluster: object = {},
  user: object = { token: 'secret-token' },
  name = 'north',
  server = 'https://north.example:6443',
): void => {
  const kubeconfig = {
    clusters: [{ name, cluster: { server, 'certificate-authority-data': encoded('CA'), ...cluster } }],
    users: [{ name, user }],
  };
  planted.east.put('Secret', {
    metadata: { name: `istio-remote-secret-${name}`, namespace: system, labels: { 'istio/multiCluster': 'true' } },
    data: { [name]: encoded(JSON.stringify(kubeconfig)) },
  });
};
const look = async (): Promise<string[]> => {
  await planted.settle();
  remote.look();
  await planted.settle();
  return planted.observer.clusters.map((one) => one.name);
};

test('a cluster that only a secret leads to is read by it, marked, and never shows what is in the secret', async () => {
  plantSecret();
  expect(await look()).toEqual(['east', 'west', 'north']);
  expect(connections).toEqual([
    { name: 'north', server: 'https://north.example:6443', ca: 'CA', token: 'secret-token' },
  ]);
  const found = planted.observer.mesh().clusters.filter((one) => one.name === 'north');
  expect(found).toMatchObject([
    {
      origin: { type: 'remote-secret', cluster: 'east', namespace: system, name: 'istio-remote-secret-north' },
      api: { reachable: true },
      counts: { pods: 1 },
    },
  ]);
  expect(found[0]).not.toHaveProperty('context');
  expect(JSON.stringify(planted.observer.mesh())).not.toContain('secret-token');
  await look();
  expect(connections).toHaveLength(1);
});

test('one that gives no answer says so, and spoils nothing', async () => {
  north.silent = 'connect ETIMEDOUT 10.0.0.9:6443';
  plantSecret();
  await look();
  await vi.waitFor(() => {
    const found = planted.observer.mesh().clusters.find((one) => one.name === 'north');
    expect(found?.api).toMatchObject({ reachable: false, reason: expect.stringContaining('ETIMEDOUT') });
  });
  expect(planted.observer.mesh().clusters.find((one) => one.name === 'west')?.api.reachable).toBe(true);
});

test('it goes with the secret, is begun anew with another token, and gives way to a context', async () => {
  plantSecret();
  await look();
  plantSecret({}, { token: 'renewed' });
  expect(await look()).toEqual(['east', 'west', 'north']);
  expect(connections.map((one) => one.token)).toEqual(['secret-token', 'renewed']);
  planted.observer.model.add(new ClusterModel('north-of-kubeconfig', north.client()));
  expect(await look()).toEqual(['east', 'west', 'north']);
  expect(planted.observer.model.cluster('north')?.origin.type).toBe('kubeconfig');
  planted.east.remove('Secret', system, 'istio-remote-secret-north');
  expect(await look()).toEqual(['east', 'west', 'north']);
});

test('it goes with the secret', async () => {
  plantSecret();
  await look();
  planted.east.remove('Secret', system, 'istio-remote-secret-north');
  expect(await look()).toEqual(['east', 'west']);
});

describe('it is not followed', () => {
  test.each<[string, () => void]>([
    [
      'by a secret that istiod does not read',
      () => {
        plantSecret();
        const secret = planted.east.objects.get(`Secret/${system}/istio-remote-secret-north`)!;
        planted.east.remove('Secret', system, 'istio-remote-secret-north');
        planted.east.put('Secret', { ...secret, metadata: { ...secret.metadata, namespace: 'sample' } });
      },
    ],
    ['to this machine', () => plantSecret({}, undefined, 'north', 'https://127.0.0.1:6443')],
    ['without TLS', () => plantSecret({}, undefined, 'north', 'http://north.example')],
    ['to a server that cannot be verified', () => plantSecret({ 'certificate-authority-data': undefined })],
    ['by a program', () => plantSecret({}, { exec: { command: 'anything' } })],
    ['by files', () => plantSecret({}, { tokenFile: '/etc/passwd' })],
    ['where a context leads', () => plantSecret({}, undefined, 'west')],
    ['to the server of a context', () => plantSecret({}, undefined, 'other', 'https://west.example:6443')],
  ])('%s', async (_, plant) => {
    plant();
    expect(await look()).toEqual(['east', 'west']);
    expect(connections).toEqual([]);
  });
});
