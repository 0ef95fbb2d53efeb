/**
 * Where clusters come from: made here by the embedded engine, or known by a kubeconfig. Gives each cluster's connection and addresses, and
 * says what a provider needs of the machine. It puts nothing into the clusters.
 */
import type { Mesh } from '../spec/index.ts';
import { embeddedOf, findEmbedded, type StartEmbeddedOptions, startEmbedded } from './embedded.ts';
import { findExisting } from './existing.ts';
import type { ProvidedCluster, ProvidedClusters } from './provided-cluster.ts';

export type { EngineArtifacts, StartEmbeddedOptions } from './embedded.ts';
export { checkPrerequisites, type PrerequisiteOptions } from './prerequisites.ts';
export type { ProvidedCluster, ProvidedClusters } from './provided-cluster.ts';

/** Whether the mesh has clusters that are made here, so that artifacts and kernel features are needed. */
export function needsEngine(mesh: Mesh): boolean {
  return embeddedOf(mesh).length > 0;
}

/** All clusters of the mesh, in its order; those that are made here are started unless they run. */
export async function startClusters(mesh: Mesh, options: StartEmbeddedOptions): Promise<ProvidedClusters> {
  const [existing, embedded] = await Promise.all([
    findExisting(mesh),
    needsEngine(mesh) ? startEmbedded(mesh, options) : { clusters: [], started: false },
  ]);
  return { clusters: inOrder(mesh, [...existing, ...embedded.clusters]), started: embedded.started };
}

/** All clusters of the mesh, in its order, as they are. Nothing is started. */
export async function findClusters(mesh: Mesh, options: { home: string }): Promise<ProvidedCluster[]> {
  const [existing, embedded] = await Promise.all([findExisting(mesh), findEmbedded(mesh, options.home)]);
  return inOrder(mesh, [...existing, ...embedded]);
}

function inOrder(mesh: Mesh, clusters: ProvidedCluster[]): ProvidedCluster[] {
  return mesh.clusters.map(({ name }) => clusters.find((cluster) => cluster.name === name)!);
}
