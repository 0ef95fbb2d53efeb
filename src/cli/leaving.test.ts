/** Which clusters hold something of ours that the mesh file asks for no more. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { defaultMesh, type Mesh, managementClusterOf } from '../spec/index.ts';
import { leavingClusters, leavingPath, occupiedClusters, rememberLeaving } from './leaving.ts';
import { recordMesh } from './state.ts';

const home = mkdtempSync(join(tmpdir(), 'isthmus-leaving-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const onContexts = (mesh: Mesh): Mesh => ({
  ...mesh,
  clusters: mesh.clusters.map((one) => ({
    ...one,
    provider: { type: 'existing', context: one.name, kubeconfig: undefined, internalServer: undefined },
  })),
});
const withKiali = (mesh: Mesh, context: string | undefined): Mesh => ({
  ...mesh,
  kiali: {
    ...{ homeCluster: context ? 'mgmt' : 'east', auth: 'anonymous', viewOnly: true, values: {} },
    ...{ prometheus: undefined, program: 'helm', chart: undefined, version: undefined },
    management: context === undefined ? undefined : { context, kubeconfig: undefined },
  },
});
const mesh = onContexts(defaultMesh());
const names = (clusters: { name: string }[]): string[] => clusters.map((one) => one.name).sort();

test('Kiali’s home outside of the mesh holds something of ours, and leaves when the file names another', async () => {
  await recordMesh(home, withKiali(mesh, 'outside'));
  expect(names(await occupiedClusters(withKiali(mesh, 'outside'), home))).toEqual(['east', 'mgmt', 'west']);
  expect(await leavingClusters(withKiali(mesh, 'outside'), home)).toEqual([]);
  expect(await leavingClusters(withKiali(mesh, undefined), home)).toEqual([
    managementClusterOf(withKiali(mesh, 'outside')),
  ]);
});

test('a home that comes to the mesh under another name stays', async () => {
  await recordMesh(home, withKiali(mesh, 'outside'));
  const [east, west] = mesh.clusters;
  const north = { ...west!, name: 'north', provider: { ...west!.provider, context: 'outside' } } as typeof west;
  expect(await leavingClusters({ ...mesh, clusters: [east!, north!] }, home)).toMatchObject([{ name: 'west' }]);
});

test('what an interrupted up has not taken away is still there for down', async () => {
  await rememberLeaving(home, [mesh.clusters[1]!]);
  const left = { ...mesh, clusters: [mesh.clusters[0]!] };
  await recordMesh(home, left);
  expect(names(await occupiedClusters(left, home))).toEqual(['east', 'west']);
  writeFileSync(leavingPath(home), '[]');
  expect(names(await occupiedClusters(left, home))).toEqual(['east']);
});
