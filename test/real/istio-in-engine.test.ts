/** Upstream's istiod in place of ours inside the embedded engine: `controlPlane: istio`. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { KubeClient, loadKubeconfig } from '../../src/kube/index.ts';
import { type Binaries, binaryNames, ensureBinaries } from './support/binaries.ts';
import { explanations } from './support/explanations.ts';
import { type MeshCommands, meshCommands } from './support/mesh-commands.ts';
import { pilotImage, pilotProgram } from './support/real-world.ts';
import { differences, type Facts, servedFacts } from './support/served.ts';

let binaries: Binaries;
let mesh: MeshCommands;
let upOutput = '';

beforeAll(async () => {
  binaries = await ensureBinaries(binaryNames, console.log);
  mesh = meshCommands(meshText({ implementation: 'istio', program: binaries.istioctl }));
  upOutput = await mesh.succeed(['up']);
});

function meshText(controlPlane: unknown): string {
  return stringify({
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: 'istio' },
    spec: {
      clusters: [
        { name: 'east', network: 'network1', role: 'primary' },
        { name: 'west', network: 'network2', role: 'remote', primary: 'east' },
      ],
      controlPlane,
      ...(controlPlane === 'isthmus' ? {} : { images: { [pilotImage]: pilotProgram(binaries) } }),
    },
  });
}

async function factsOf({ home }: MeshCommands): Promise<Map<string, Facts>> {
  const client = (name: string) => new KubeClient(loadKubeconfig(join(home, 'kubeconfig'), name));
  await using east = client('east');
  await using west = client('west');
  // Awaited here: at the end of this block the clients are closed.
  return await servedFacts({ east, west });
}

afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
});

describe("Istio's control plane in the embedded engine", () => {
  test('the whole verification passes', () => {
    expect(upOutput).toContain('stands and is verified');
  });

  test('metrics are counted by both ends', () => {
    expect(upOutput).toMatch(
      /Prometheus of east counts requests from west to east: (\d+) requests; counted by the source \1/,
    );
  });

  test('a second up changes nothing', async () => {
    expect(await mesh.succeed(['up', '--no-verify'])).toContain('Nothing was changed.');
  });

  test('Isthmus’ own serves the same proxies the same, but for what docs/istio-compatibility.md explains', async () => {
    const istio = await factsOf(mesh);
    await using own = meshCommands(meshText('isthmus'));
    await mesh.succeed(['down']);
    await own.succeed(['up', '--no-verify']);
    const found = differences(istio, await factsOf(own));
    const explained = explanations();
    const unexplained = found.filter(({ path }) => !explained.some((pattern) => pattern.test(path)));
    console.log(`${istio.size} proxies, ${[...istio.values()].reduce((sum, facts) => sum + facts.size, 0)} facts`);
    for (const { proxy, path, istio: theirs, isthmus: ours } of found)
      console.log(`${proxy} ${path}\n    istio:   ${theirs ?? 'nothing'}\n    isthmus: ${ours ?? 'nothing'}`);
    expect(istio.size).toBe(6);
    expect(unexplained).toEqual([]);
  });
});
