/** Upstream's istiod in place of ours inside the embedded engine: `controlPlane: istio`. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type Binaries, binaryNames, ensureBinaries } from './support/binaries.ts';
import { type MeshCommands, meshCommands } from './support/mesh-commands.ts';
import { pilotImage, pilotProgram } from './support/real-world.ts';

let binaries: Binaries;
let mesh: MeshCommands;
let upOutput = '';

beforeAll(async () => {
  binaries = await ensureBinaries(binaryNames, console.log);
  mesh = meshCommands(
    stringify({
      apiVersion: 'isthmus.dev/v1alpha1',
      kind: 'Mesh',
      metadata: { name: 'istio' },
      spec: {
        clusters: [
          { name: 'east', network: 'network1', role: 'primary' },
          { name: 'west', network: 'network2', role: 'remote', primary: 'east' },
        ],
        controlPlane: { implementation: 'istio', program: binaries.istioctl },
        images: { [pilotImage]: pilotProgram(binaries) },
      },
    }),
  );
  upOutput = await mesh.succeed(['up']);
});

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
});
