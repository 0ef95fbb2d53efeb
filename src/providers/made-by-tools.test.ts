/** minikube and kind by transcripts, whose forms are from the tools' sources (test/transcripts/README.md), with an API server of our own where theirs would be asked. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startTestApiServer, type TestApiServer } from '../../test/support/api-server.ts';
import { playTranscript } from '../../test/support/transcript.ts';
import { type ConfigMap, kinds } from '../kube/index.ts';
import { defaultMesh, type Mesh, type MeshCluster } from '../spec/index.ts';
import { poolOfNetwork } from './kind.ts';
import { checkMadeByTools, findMadeByTools, planMadeByTools, startMadeByTools } from './made-by-tools.ts';
import { poolBeside, profileStatus } from './minikube.ts';

const folder = mkdtempSync(join(tmpdir(), 'isthmus-tools-'));
let server: TestApiServer;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  server = await startTestApiServer({ folder, name: 'east' });
  writeFileSync(join(folder, 'config'), server.kubeconfig);
  env = { KUBECONFIG: join(folder, 'config') };
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function meshOf(provider: MeshCluster['provider']): Mesh {
  const mesh = defaultMesh();
  const { podRange: _pods, serviceRange: _services, loadBalancerRange: _pool, ...east } = mesh.clusters[0]!;
  mesh.clusters = [
    {
      ...east,
      provider,
      podRange: undefined,
      serviceRange: undefined,
      loadBalancerRange: undefined,
      nodeAddress: undefined,
    },
  ];
  return mesh;
}

const minikube = meshOf({
  type: 'minikube',
  profile: 'east',
  network: 'istio',
  memory: '8g',
  cpus: undefined,
  driver: 'docker',
  kubernetesVersion: undefined,
});
const kind = meshOf({
  type: 'kind',
  clusterName: 'east',
  image: undefined,
  metallbManifest: '/manifests/metallb.yaml',
});

test('minikube starts a profile, and its pool lies beside the address of the node', async () => {
  await server.client.create(kinds.Namespace, { metadata: { name: 'metallb-system' } });
  const emptyPool = { metadata: { name: 'config', namespace: 'metallb-system' }, data: { config: 'addresses: [-]' } };
  await server.client.create<ConfigMap>(kinds.ConfigMap, emptyPool);
  const { run, left } = playTranscript('minikube-start.txt');
  await checkMadeByTools(minikube, run);
  const { clusters, started } = await startMadeByTools(minikube, { env }, run);
  expect(left()).toEqual([]);
  expect(started).toBe(true);
  expect(clusters[0]).toMatchObject({
    name: 'east',
    internalServer: 'https://192.168.67.2:8443',
    loadBalancerRange: '192.168.67.20-192.168.67.29',
    connection: { server: server.server },
  });
  // What the addon brings gives place to the pool of the mesh file.
  expect(await server.client.find(kinds.ConfigMap, 'config', 'metallb-system')).toBeUndefined();
});

test('a profile that runs is taken as it is, with its pool', async () => {
  const pool = { metadata: { name: 'config', namespace: 'metallb-system' }, data: { config: 'ours' } };
  await server.client.create<ConfigMap>(kinds.ConfigMap, pool);
  const { run, left } = playTranscript('minikube-again.txt');
  expect((await startMadeByTools(minikube, { env }, run)).started).toBe(false);
  expect(left()).toEqual([]);
  expect((await server.client.get<ConfigMap>(kinds.ConfigMap, 'config', 'metallb-system')).data).toEqual({
    config: 'ours',
  });
});

test.each([
  ['Running', '1.30'],
  ['HAppy', '1.33, of several control planes'],
  ['OK', '1.35'],
  ['Degraded', '1.35'],
])('a profile that is %s runs (minikube %s)', async (status) => {
  const valid = [{ Name: 'east', Status: status, Config: { Name: 'east' } }];
  const run = async () => ({ code: 0, stdout: JSON.stringify({ invalid: [], valid }), stderr: '' });
  expect(await profileStatus(run, 'east')).toBe('Running');
});

test('what minikube says when it fails is told, with the command to try', async () => {
  const { run } = playTranscript('minikube-refuses.txt');
  await expect(startMadeByTools(minikube, { env }, run)).rejects.toMatchObject({
    code: 'providers.tool-failed',
    where: 'east',
    why: expect.stringContaining('no space left on device'),
    fix: 'try it: minikube start --profile east --network istio --memory 8g --driver docker',
  });
});

test('a minikube that is too old, or none, is told before anything is made', async () => {
  const { run } = playTranscript('minikube-old.txt');
  await expect(checkMadeByTools(minikube, run)).rejects.toMatchObject({ code: 'providers.old-tool' });
  const missing = () => Promise.reject(new Error('spawn minikube ENOENT'));
  await expect(checkMadeByTools(minikube, missing)).rejects.toMatchObject({ code: 'providers.no-tool' });
});

test('kind creates a cluster, and its pool lies at the end of its Docker network', async () => {
  const kubeconfig = server.kubeconfig.trim();
  const { run, left, inputs } = playTranscript('kind-create.txt', { KUBECONFIG_OF_EAST: kubeconfig });
  const mesh = structuredClone(kind);
  mesh.clusters[0]!.podRange = '10.10.0.0/16';
  await checkMadeByTools(mesh, run);
  const { clusters, started } = await startMadeByTools(mesh, { env }, run);
  expect(left()).toEqual([]);
  expect(started).toBe(true);
  expect(parse(inputs[0]!)).toMatchObject({ kind: 'Cluster', networking: { podSubnet: '10.10.0.0/16' } });
  expect(clusters[0]).toMatchObject({
    internalServer: 'https://172.18.0.2:6443',
    loadBalancerRange: '172.18.255.200-172.18.255.209',
  });
});

test('a plan tells what the tools would be run for, and runs nothing of it', async () => {
  const fresh = playTranscript('minikube-plan.txt');
  expect(await planMadeByTools(minikube, { env }, fresh.run)).toMatchObject([
    {
      cluster: 'east',
      runs: false,
      commands: [
        { command: 'minikube start --profile east --network istio --memory 8g --driver docker'.split(' ') },
        { command: 'minikube addons enable metallb --profile east'.split(' ') },
      ],
    },
  ]);
  expect(fresh.left()).toEqual([]);
  const created = playTranscript('kind-plan.txt');
  const [plan] = await planMadeByTools(kind, { env }, created.run);
  expect(plan).toMatchObject({ runs: false, commands: [{ why: 'makes the cluster' }, {}, {}] });
  expect(plan!.commands[0]!.command.join(' ')).toBe('kind create cluster --name east --config - --wait 3m');
  expect(created.left()).toEqual([]);
});

test('who only looks at a profile that runs changes nothing in it', async () => {
  const { run, left } = playTranscript('minikube-look.txt');
  const [east] = await findMadeByTools(minikube, run, env);
  expect(east).toMatchObject({ internalServer: 'https://192.168.67.2:8443' });
  expect(left()).toEqual([]);
});

test('pools of several clusters lie apart', async () => {
  expect([0, 1].map((index) => poolBeside('192.168.49.2', index))).toEqual([
    '192.168.49.20-192.168.49.29',
    '192.168.49.30-192.168.49.39',
  ]);
  const answer = (stdout: string) => async () => ({ code: 0, stdout, stderr: '' });
  expect(await poolOfNetwork(answer('[{"Subnet":"172.19.0.0/24"}]'), 'kind', 1, 'west')).toBe(
    '172.19.0.210-172.19.0.219',
  );
  await expect(poolOfNetwork(answer('[{"Subnet":"fc00::/64"}]'), 'kind', 0, 'east')).rejects.toMatchObject({
    code: 'providers.no-address',
    fix: expect.stringContaining('loadBalancerRange'),
  });
});
