/** The same file on upstream's Kubernetes with upstream's istiod: up, verified, nothing changed by a second up, and istioctl agrees. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kinds } from '../../src/kube/index.ts';
import { run } from '../../src/process/index.ts';
import { type MeshCommands, meshCommands } from './support/mesh-commands.ts';
import { meshFile, type RealWorld, startRealWorld } from './support/real-world.ts';

let world: RealWorld;
let mesh: MeshCommands;
let upOutput = '';

beforeAll(async () => {
  world = await startRealWorld('istio');
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

  test('istioctl says that the remote is synced', async () => {
    const { stdout } = await run(world.binaries.istioctl, [
      ...['remote-clusters', '--kubeconfig', world.kubeconfig, '--context', 'east'],
    ]);
    expect(stdout).toMatch(/^west\s.*\bsynced\b/m);
  });

  test('a second up changes nothing', async () => {
    expect(await mesh.succeed(['up', '--no-verify'])).toContain('Nothing was changed.');
  });
});
