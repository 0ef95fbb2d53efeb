/** Clusters that minikube and kind make: each tool is asked once, and makes one cluster at a time, as they write the same kubeconfig. */
import { IsthmusError } from '../errors/index.ts';
import type { ClusterProvider, Mesh, MeshCluster } from '../spec/index.ts';
import { checkKind, kindExists, planKind, provideKind } from './kind.ts';
import { checkMinikube, planMinikube, profileStatus, provideMinikube } from './minikube.ts';
import type { ProvidedCluster, ProvidedClusters } from './provided-cluster.ts';
import { type ProvideOptions, type Runner, runProgram, type ToolPlan } from './tool.ts';

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
  /** False for commands that look only. */
  change?: boolean;
}

export async function startMadeByTools(
  mesh: Mesh,
  options: MadeByToolsOptions,
  run: Runner = runProgram,
): Promise<ProvidedClusters> {
  const made: { cluster: ProvidedCluster; started: boolean }[] = [];
  for (const [index, cluster] of mesh.clusters.entries()) {
    const provide = provideOptions(cluster.name, options, run);
    if (isMadeBy(cluster, 'minikube')) made.push(await provideMinikube(cluster, index, provide));
    if (isMadeBy(cluster, 'kind')) made.push(await provideKind(cluster, index, provide));
  }
  return { clusters: made.map(({ cluster }) => cluster), started: made.some(({ started }) => started) };
}

const provideOptions = (cluster: string, options: MadeByToolsOptions, run: Runner): ProvideOptions => ({
  ...{ run, env: options.env, change: options.change ?? true },
  say: (detail) => options.say?.(cluster, detail),
  ...(options.signal ? { signal: options.signal } : {}),
});

/** What `startMadeByTools` would run for each of these clusters. Nothing is started. */
export async function planMadeByTools(
  mesh: Mesh,
  options: MadeByToolsOptions,
  run: Runner = runProgram,
): Promise<(ToolPlan & { cluster: string })[]> {
  await checkMadeByTools(mesh, run);
  const plans: (ToolPlan & { cluster: string })[] = [];
  for (const cluster of mesh.clusters) {
    const about = provideOptions(cluster.name, options, run);
    if (isMadeBy(cluster, 'minikube')) plans.push({ cluster: cluster.name, ...(await planMinikube(cluster, about)) });
    if (isMadeBy(cluster, 'kind')) plans.push({ cluster: cluster.name, ...(await planKind(cluster, about)) });
  }
  return plans;
}

/** @throws IsthmusError `providers.not-running` naming what does not run: a command that looks starts nothing. */
export async function findMadeByTools(
  mesh: Mesh,
  run: Runner = runProgram,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ProvidedCluster[]> {
  for (const cluster of mesh.clusters) {
    const runs = isMadeBy(cluster, 'minikube')
      ? (await profileStatus(run, cluster.provider.profile)) === 'Running'
      : isMadeBy(cluster, 'kind')
        ? await kindExists(run, cluster)
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
  return (await startMadeByTools(mesh, { env, change: false }, run)).clusters;
}
