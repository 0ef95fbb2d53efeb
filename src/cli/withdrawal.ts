/** Takes the mesh out of clusters that are not ours to end: what we put into them goes, and they stay. */
import { KubeClient } from '../kube/index.ts';
import { type Removed, removeAll, removeDistributed } from '../mesh/index.ts';
import { findClusters } from '../providers/index.ts';
import { isEmbedded, type Mesh, type MeshCluster } from '../spec/index.ts';
import type { CommandContext } from './context.ts';
import type { ProgressView } from './render/progress.ts';

/** @throws IsthmusError for a cluster that does not answer or an object that does not go; what has gone stays gone. */
export async function withdraw(
  mesh: Mesh,
  which: MeshCluster[],
  context: CommandContext,
  progress: ProgressView,
): Promise<Removed[]> {
  const existing = which.filter((one) => !isEmbedded(one));
  if (existing.length === 0) return [];
  const stage = 'mesh';
  progress.update({
    stage,
    state: 'working',
    detail: `taking it out of ${existing.map((one) => one.name).join(', ')}`,
  });
  const clusters = await findClusters({ ...mesh, clusters: existing }, { home: context.home, isLeaving: true });
  const removed = await Promise.all(
    clusters.map(async ({ name, connection }) => {
      await using client = new KubeClient({ ...connection, name });
      // Awaited here: the client is closed at the end of this block.
      return await removeAll(client, {
        signal: context.signal,
        progress: (object) => progress.update({ stage, item: name, state: 'working', detail: object }),
      });
    }),
  );
  // All of them go at the same time: a primary's istiod may have written into a remote that was done before it.
  await Promise.all(
    clusters.map(async ({ name, connection }, index) => {
      await using client = new KubeClient({ ...connection, name });
      if (removed[index]!.removed.some((object) => distributesRoots(object))) await removeDistributed(client);
    }),
  );
  progress.update({ stage, state: 'done', detail: `${removed.flatMap((one) => one.removed).length} objects removed` });
  return removed;
}

const distributesRoots = (object: string): boolean => object.startsWith('MutatingWebhookConfiguration ');

/** For people: what was removed, and what stays and why. */
export function describeRemoved(removed: Removed[]): string {
  return removed
    .flatMap(({ cluster, removed: gone, released, kept }) => [
      `Removed ${gone.length} objects from ${cluster}.`,
      ...released.map((object) => `Left ${object} of ${cluster}, which was there before, without our fields.`),
      ...kept.map(({ object, why }) => `Left ${object} of ${cluster}: ${why}.`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}
