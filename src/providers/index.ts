/**
 * Where clusters come from: made here by the embedded engine, by minikube or by kind, or known by a kubeconfig. Gives each cluster's
 * connection and addresses, and says what a provider needs, before anything is made. It puts nothing of the mesh into the clusters.
 */
import type { Mesh } from '../spec/index.ts';
import { embeddedOf, findEmbedded, type StartEmbeddedOptions, startEmbedded } from './embedded.ts';
import { findExisting, findManagement } from './existing.ts';
import { checkMadeByTools, findMadeByTools, planMadeByTools, startMadeByTools } from './made-by-tools.ts';
import { preflight } from './preflight.ts';
import type { ProvidedCluster, ProvidedClusters } from './provided-cluster.ts';
import { checkReach } from './reach.ts';

export type { EngineArtifacts, StartEmbeddedOptions } from './embedded.ts';
export { findManagement } from './existing.ts';
export { checkPrerequisites, type PrerequisiteOptions } from './prerequisites.ts';
export type { ProvidedCluster, ProvidedClusters } from './provided-cluster.ts';
export type { ToolCommand } from './tool.ts';

/** Whether the mesh has clusters that are made here, so that artifacts and kernel features are needed. */
export function needsEngine(mesh: Mesh): boolean {
  return embeddedOf(mesh).length > 0;
}

export interface ReadyOptions {
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  /** What a tool is doing with a cluster. */
  say?: (cluster: string, detail: string) => void;
  /** A control plane that somebody else installed is no obstacle. */
  takeOver?: boolean;
}

/**
 * All that can be known before anything is made: tools and their versions, that clusters answer, that we may do there what we must, and
 * that no Istio of somebody else is in the way.
 * @throws IsthmusError `providers.*` of the first obstacle.
 */
export async function checkClusters(mesh: Mesh, options: ReadyOptions): Promise<void> {
  await checkMadeByTools(mesh);
  const existing = await findExisting(mesh, options.env);
  const management = await findManagement(mesh, options.env);
  await Promise.all([
    ...existing.map((cluster) => preflight(cluster, options)),
    ...management.map((cluster) => preflight(cluster, { kialiOnly: true })),
  ]);
}

/** All clusters of the mesh, in its order; those that are made here are started unless they run. */
export async function startClusters(
  mesh: Mesh,
  options: ReadyOptions & { embedded?: StartEmbeddedOptions },
): Promise<ProvidedClusters> {
  const [existing, tools, embedded] = await Promise.all([
    findExisting(mesh, options.env),
    startMadeByTools(mesh, options),
    options.embedded ? startEmbedded(mesh, options.embedded) : { clusters: [], started: false },
  ]);
  // They were not there to be asked before.
  await Promise.all(tools.clusters.map((cluster) => preflight(cluster, options)));
  const clusters = inOrder(mesh, [...existing, ...tools.clusters, ...embedded.clusters]);
  return {
    clusters,
    started: embedded.started || tools.started,
    reach: await checkReach(mesh, [...clusters, ...(await findManagement(mesh, options.env))], options.signal),
  };
}

/** What minikube and kind would be told, by cluster, and which of their clusters run. Nothing is started. */
export const planTools = (mesh: Mesh, options: ReadyOptions) => planMadeByTools(mesh, options);

/** All clusters of the mesh, in its order, as they are. Nothing is started. */
export async function findClusters(
  mesh: Mesh,
  options: { home: string; isLeaving?: boolean },
): Promise<ProvidedCluster[]> {
  const [existing, tools, embedded] = await Promise.all([
    findExisting(mesh, process.env, options),
    findMadeByTools(mesh),
    findEmbedded(mesh, options.home),
  ]);
  return inOrder(mesh, [...existing, ...tools, ...embedded]);
}

const unknownRange = '(known when it is made)';

/** The mesh with the addresses that were only known when its clusters were there. */
export function withAddresses(mesh: Mesh, clusters: ProvidedCluster[]): Mesh {
  return {
    ...mesh,
    clusters: mesh.clusters.map((cluster) => {
      const provided = clusters.find(({ name }) => name === cluster.name);
      if (cluster.provider.type === 'embedded') return cluster;
      // A cluster that a tool is yet to make gets a pool from its own network.
      const isMade = cluster.provider.type !== 'existing';
      const unknown = !provided && isMade ? unknownRange : undefined;
      return { ...cluster, loadBalancerRange: provided?.loadBalancerRange ?? cluster.loadBalancerRange ?? unknown };
    }),
  };
}

function inOrder(mesh: Mesh, clusters: ProvidedCluster[]): ProvidedCluster[] {
  return mesh.clusters.map(({ name }) => clusters.find((cluster) => cluster.name === name)!);
}
