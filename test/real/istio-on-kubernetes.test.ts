/** The same file on upstream's Kubernetes with upstream's istiod: up, verified, nothing changed by a second up, and nothing left by down. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kinds, type ObjectMeta } from '../../src/kube/index.ts';
import { type MeshCommands, meshCommands } from './support/mesh-commands.ts';
import { meshFile, type RealWorld, startRealWorld } from './support/real-world.ts';

let world: RealWorld;
let mesh: MeshCommands;
let upOutput = '';
/** Names of what was there before the mesh, by cluster and kind. */
const before = new Map<string, Set<string>>();
/** What Kubernetes writes by itself, at times long after its start: into each namespace, and an account for each of its controllers. */
const byKubernetes = (kind: string, { namespace, name = '' }: ObjectMeta): boolean =>
  ['kube-root-ca.crt', 'default'].includes(name) || (kind === 'ServiceAccount' && namespace === 'kube-system');
const nameOf = ({ namespace, name }: ObjectMeta): string => `${namespace ?? ''}/${name}`;

beforeAll(async () => {
  world = await startRealWorld('istio');
  for (const cluster of ['east', 'west'])
    for (const kind of Object.values(kinds)) {
      const { items } = await world
        .client(cluster)
        .list(kind, {})
        .catch(() => ({ items: [] }));
      before.set(`${cluster}/${kind.plural}`, new Set(items.map(({ metadata }) => nameOf(metadata))));
    }
  mesh = meshCommands(
    meshFile(world, { implementation: 'istio', program: world.binaries.istioctl, envoy: 'upstream' }),
  );
  upOutput = await mesh.succeed(['up']);
});

afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

describe("Istio's control plane on upstream's Kubernetes", () => {
  test('the API servers are upstream’s, and the nodes are ours', async () => {
    for (const cluster of ['east', 'west']) {
      const client = world.client(cluster);
      expect((await client.request('GET', '/version')).gitTreeState).toBe('clean');
      const node = await client.get(kinds.Node, cluster);
      expect(node['status'].nodeInfo.containerRuntimeVersion).toMatch(/^isthmus:/);
    }
  });

  test('up ends verified, with traffic both ways', () => {
    expect(upOutput).toContain('stands and is verified');
    expect(upOutput).toMatch(/client in east reaches v1 and v2 of helloworld: 100 of 100 answered/);
    expect(upOutput).toMatch(/client in west reaches v1 and v2 of helloworld: 100 of 100 answered/);
  });

  test('istiod says that the remote is synced, with its proxies', async () => {
    const status = JSON.parse(await mesh.succeed(['status', '-o', 'json']));
    const serves = status.controlPlanes[0].serves.map((one: any) => [one.cluster, one.state, one.proxies >= 3]);
    expect(serves.sort()).toEqual([
      ['east', 'synced', true],
      ['west', 'synced', true],
    ]);
  });

  test('a second up changes nothing', async () => {
    expect(await mesh.succeed(['up', '--no-verify'])).toContain('Nothing was changed.');
  });

  test('down leaves no object', async () => {
    await mesh.succeed(['down']);
    const kindsOfOurs = [
      ...[kinds.MutatingWebhookConfiguration, kinds.ValidatingWebhookConfiguration, kinds.CustomResourceDefinition],
      ...[kinds.ClusterRole, kinds.ClusterRoleBinding, kinds.Deployment, kinds.Pod, kinds.Secret],
      ...[kinds.ConfigMap, kinds.EndpointSlice, kinds.HorizontalPodAutoscaler, kinds.ServiceAccount, kinds.Service],
    ];
    for (const cluster of ['east', 'west'])
      for (const kind of kindsOfOurs) {
        const { items } = await world.client(cluster).list(kind, {});
        const left = items.filter(
          ({ metadata }) =>
            !before.get(`${cluster}/${kind.plural}`)!.has(nameOf(metadata)) && !byKubernetes(kind.kind, metadata),
        );
        expect(left.map(({ metadata }) => `${kind.kind} ${nameOf(metadata)}`)).toEqual([]);
      }
    const { items } = await world.client('east').list(kinds.Namespace, {});
    expect(items.map(({ metadata }) => metadata.name)).not.toContain('istio-system');
  });
});
