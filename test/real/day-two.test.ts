/**
 * Day two on upstream's Kubernetes with upstream's istiod: one mesh, to which everything is done that `isthmus` can do to one that stands.
 * Each command verifies the mesh at its end, with traffic; here it is seen that it did what it says, too.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type ConfigMap, kinds, type Pod, type Secret } from '../../src/kube/index.ts';
import { type MeshCommands, meshCommands } from './support/mesh-commands.ts';
import { meshFile, type RealWorld, startRealWorld } from './support/real-world.ts';

const system = 'istio-system';
let world: RealWorld;
let mesh: MeshCommands;

beforeAll(async () => {
  world = await startRealWorld('istio');
  mesh = meshCommands(
    meshFile(world, { implementation: 'istio', program: world.binaries.istioctl, envoy: 'upstream' }),
  );
  await mesh.succeed(['up', '--no-verify', '--no-console']);
});

afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

const secret = (cluster: string, name: string): Promise<Secret> =>
  world.client(cluster).get<Secret>(kinds.Secret, name, system);

const rootsIn = async (cluster: string, namespace: string): Promise<string> =>
  (await world.client(cluster).get<ConfigMap>(kinds.ConfigMap, 'istio-ca-root-cert', namespace)).data![
    'root-cert.pem'
  ]!;

/** What a day-two command prints with -o json, of which verification is a part. */
async function verified(args: string[]): Promise<any> {
  const answer = JSON.parse(await mesh.succeed([...args, '-o', 'json']));
  expect(answer.verified, JSON.stringify(answer.facts)).toBe(true);
  expect(answer.facts.length).toBeGreaterThan(5);
  return answer;
}

/** Revisions of the control planes that serve the sample's proxies, by cluster. */
async function revisionsServed(cluster: string): Promise<string[]> {
  const { items } = await world.client(cluster).list<Pod>(kinds.Pod, { namespace: 'sample' });
  return [...new Set(items.map(({ metadata }) => metadata.annotations?.['istio.io/rev'] ?? ''))];
}

const planned = async (): Promise<any> => JSON.parse((await mesh.run(['plan', '-o', 'json'])).stdout);

test('secret rotate: the token is another, and the old one is refused', async () => {
  const before = await secret('east', 'istio-remote-secret-west');
  const tokenOf = ({ data }: Secret): string =>
    /token: (\S+)/.exec(Buffer.from(data!['west']!, 'base64').toString('utf8'))![1]!;
  await verified(['secret', 'rotate']);
  const after = await secret('east', 'istio-remote-secret-west');
  expect(tokenOf(after)).not.toBe(tokenOf(before));
  // An API server believes for some seconds what it has found out about a token.
  await vi.waitFor(
    async () => {
      const spec = { token: tokenOf(before) };
      const review = await world.client('west').create<any>(kinds.TokenReview, { metadata: {}, spec });
      expect(review.status.authenticated ?? false).toBe(false);
    },
    { timeout: 60_000, interval: 500 },
  );
});

test('ca rotate: istiod signs by a new intermediate of the same root', async () => {
  const before = await secret('east', 'cacerts');
  const root = await rootsIn('west', 'sample');
  await verified(['ca', 'rotate']);
  const after = await secret('east', 'cacerts');
  expect(after.data!['ca-cert.pem']).not.toBe(before.data!['ca-cert.pem']);
  expect(await rootsIn('west', 'sample')).toBe(root);
});

test('cluster remove: nothing of the mesh is left in it, and the other forgets it', async () => {
  expect((await verified(['cluster', 'remove', 'west', '--yes', '--no-console'])).clusters).toHaveLength(1);
  const west = world.client('west');
  expect(await west.find(kinds.Namespace, system)).toBeUndefined();
  expect(await west.list(kinds.MutatingWebhookConfiguration)).toMatchObject({ items: [] });
  expect(await world.client('east').find(kinds.Secret, 'istio-remote-secret-west', system)).toBeUndefined();
});

test('cluster add: it is read and served again', async () => {
  await verified([
    ...['cluster', 'add', 'west', '--network', 'network2', '--primary', 'east', '--yes', '--no-console'],
    ...['--context', 'west', '--kubeconfig', world.kubeconfig, '--internal-server', 'https://192.168.49.3:6443'],
    ...['--load-balancer-range', '192.168.49.30-192.168.49.39'],
  ]);
  const status = JSON.parse(await mesh.succeed(['status', '-o', 'json']));
  expect(status.controlPlanes[0].serves.map((one: any) => `${one.cluster} ${one.state}`).sort()).toEqual([
    'east synced',
    'west synced',
  ]);
});

test('upgrade: proxies of both clusters go to the new revision, and the old one goes', async () => {
  expect(await revisionsServed('west')).toEqual(['default']);
  await verified(['upgrade', 'canary', '--yes', '--no-console']);
  for (const cluster of ['east', 'west']) expect(await revisionsServed(cluster)).toEqual(['canary']);
  const east = world.client('east');
  expect(await east.find(kinds.Deployment, 'istiod', system)).toBeUndefined();
  expect(await east.find(kinds.Deployment, 'istiod-canary', system)).toBeDefined();
  expect(readFileSync(join(mesh.folder, 'mesh.yaml'), 'utf8')).toMatch(/revision: "?canary/);
});

test('a plan of what stands has nothing to do, and names what would be run to know it', async () => {
  const { changes, objects, commands } = await planned();
  expect(objects.filter((one: any) => one.action !== 'leave')).toEqual([]);
  expect(changes).toBe(false);
  const command = (cluster: string) => [world.binaries.istioctl, 'manifest', 'generate', '-f', `${cluster}.yaml`];
  expect(commands).toContainEqual(
    expect.objectContaining({ part: 'control-plane', cluster: 'east', command: command('east'), changes: false }),
  );
  expect(commands.map((one: any) => one.cluster).sort()).toEqual(['east', 'west', 'west']);
});
