/** Clusters that minikube and kind make: each tool is asked once, and makes one cluster at a time, as they write the same kubeconfig. */
import { IsthmusError } from '../errors/index.ts';
import type { ClusterProvider, Mesh, MeshCluster } from '../spec/index.ts';
import { checkKind, provideKind } from './kind.ts';
import { checkMinikube, profileStatus, provideMinikube } from './minikube.ts';
import type { ProvidedCluster, ProvidedClusters } from './provided-cluster.ts';
import { type Runner, runProgram } from './tool.ts';

type ToolType = 'minikube' | 'kind';
type MadeByTool<T extends ToolType> = MeshCluster & { provider: Extract<ClusterProvider, { type: T }> };

const isMadeBy = <T extends ToolType>(cluster: MeshCluster, type: T): cluster is MadeByTool<T> =>
  cluster.provider.type === type;
const uses = (mesh: Mesh, type: ToolType): boolean => mesh.clusters.some((cluster) => isMadeBy(cluster, type));

export async function checkMadeByTools(mesh: Mesh, run: Runner = runProgram): Promise<void> {
  if (uses(mesh, 'minikube')) await checkMinikube(run);
  if (uses(mesh, 'kind')) await checkKind(run);
}

export interface MadeByToolsOptions {
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  say?: (cluster: string, detail: string) => void;
}

export async function startMadeByTools(
  mesh: Mesh,
  options: MadeByToolsOptions,
  run: Runner = runProgram,
): Promise<ProvidedClusters> {
  const made: { cluster: ProvidedCluster; started: boolean }[] = [];
  for (const [index, cluster] of mesh.clusters.entries()) {
    const { env, signal } = options;
    const say = (detail: string): void => options.say?.(cluster.name, detail);
    const provide = { run, env, say, ...(signal ? { signal } : {}) };
    if (isMadeBy(cluster, 'minikube')) made.push(await provideMinikube(cluster, index, provide));
    if (isMadeBy(cluster, 'kind')) made.push(await provideKind(cluster, index, provide));
  }
  return { clusters: made.map(({ cluster }) => cluster), started: made.some(({ started }) => started) };
}

/** @throws IsthmusError `providers.not-running` naming what does not run: a command that looks starts nothing. */
export async function findMadeByTools(mesh: Mesh, run: Runner = runProgram): Promise<ProvidedCluster[]> {
  for (const cluster of mesh.clusters) {
    const runs = isMadeBy(cluster, 'minikube')
      ? (await profileStatus(run, cluster.provider.profile)) === 'Running'
      : isMadeBy(cluster, 'kind')
        ? (await run('kind', ['get', 'clusters'])).stdout.split('\n').includes(cluster.provider.clusterName)
        : true;
    if (runs) continue;
    throw new IsthmusError({
      code: 'providers.not-running',
      fault: 'user',
      what: `cluster ${cluster.name} does not run`,
      where: `provider ${cluster.provider.type}`,
      fix: 'start it: isthmus up',
    });
  }
  return (await startMadeByTools(mesh, { env: process.env }, run)).clusters;
}
