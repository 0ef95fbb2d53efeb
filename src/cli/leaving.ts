/**
 * Clusters that the mesh file names no more. They are remembered until they are taken away, so that an interrupted `up` goes on with it: by
 * then the mesh that is recorded is the new one.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeClusters } from '../embedded/world/index.ts';
import { isEmbedded, type Mesh, type MeshCluster } from '../spec/index.ts';
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
  const standing = (await readRecord(home))?.clusters ?? [];
  const all = new Map([...earlier, ...standing].map((one) => [one.name, one]));
  for (const { name } of mesh.clusters) all.delete(name);
  return [...all.values()];
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
