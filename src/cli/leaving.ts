/**
 * Clusters that the mesh file names no more. They are remembered until they are taken away, so that an interrupted `up` goes on with it: by
 * then the mesh that is recorded is the new one.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeClusters } from '../embedded/world/index.ts';
import { isEmbedded, type Mesh, type MeshCluster, managementClusterOf } from '../spec/index.ts';
import type { CommandContext } from './context.ts';
import { readRecord } from './load-mesh.ts';
import type { ProgressView } from './render/progress.ts';
import { writePrivate } from './state.ts';
import { withdraw } from './withdrawal.ts';

export const leavingPath = (home: string): string => join(home, 'leaving.json');

/** Those of the mesh that stands, and of one before that was not brought to its end. */
export async function leavingClusters(mesh: Mesh, home: string): Promise<MeshCluster[]> {
  const text = await readFile(leavingPath(home), 'utf8').catch(() => '[]');
  const earlier: MeshCluster[] = JSON.parse(text, (_key, value) => value ?? undefined);
  const record = await readRecord(home);
  const standing = record ? clustersOf(record) : [];
  const all = new Map([...earlier, ...standing].map((one) => [one.name, one]));
  const staying = clustersOf(mesh);
  return [...all.values()].filter((one) => !staying.some((other) => isSame(one, other)));
}

/** Those of the mesh, those that leave it, and Kiali's home outside of it: wherever something of ours is. */
export async function occupiedClusters(mesh: Mesh, home: string): Promise<MeshCluster[]> {
  return [...clustersOf(mesh), ...(await leavingClusters(mesh, home))];
}

const clustersOf = (mesh: Mesh): MeshCluster[] => {
  const management = managementClusterOf(mesh);
  return management ? [...mesh.clusters, management] : mesh.clusters;
};

/** A context may come to the mesh, or become Kiali's home, under another name: what stands there now is not taken away. */
function isSame(one: MeshCluster, other: MeshCluster): boolean {
  if (one.name === other.name) return true;
  const [a, b] = [one.provider, other.provider];
  if (a.type !== 'existing' || b.type !== 'existing' || a.context !== b.context) return false;
  return a.kubeconfig === b.kubeconfig || a.kubeconfig === undefined || b.kubeconfig === undefined;
}

export async function rememberLeaving(home: string, leaving: MeshCluster[]): Promise<void> {
  if (leaving.length > 0) await writePrivate(leavingPath(home), JSON.stringify(leaving, null, 2));
}

/** Takes them away when nobody sends them requests any more: the others' remote secrets and federation are gone by then. */
export async function takeAway(
  mesh: Mesh,
  leaving: MeshCluster[],
  context: CommandContext,
  progress: ProgressView,
): Promise<void> {
  if (leaving.length === 0) return;
  const names = leaving.map((one) => one.name);
  const stage = 'leaving';
  progress.update({ stage, state: 'working', detail: names.join(', ') });
  await withdraw(mesh, leaving, context, progress);
  const embedded = leaving.filter(isEmbedded);
  if (embedded.length > 0) await removeClusters(context.home, embedded);
  await rm(leavingPath(context.home), { force: true });
  progress.update({ stage, state: 'done', detail: `${names.join(', ')} taken away` });
}
