import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { IsthmusError, messageOf } from '../errors/index.ts';
import { KubeClient, loadKubeconfig } from '../kube/index.ts';
import { isReadByOthers, type Mesh, type MeshCluster, managementClusterOf } from '../spec/index.ts';
import type { ProvidedCluster } from './provided-cluster.ts';
import { isLoopback } from './reach.ts';

/**
 * Clusters that a kubeconfig knows. Each is asked for its version, so that a wrong context is told before anything is changed.
 * @param options `isLeaving`: something is taken out of them, for which no other cluster must come to them
 * @throws IsthmusError `kube.kubeconfig` or `providers.unreachable` naming the context, `providers.loopback` for an address that other
 * clusters are to use
 */
export async function findExisting(
  mesh: Mesh,
  env: NodeJS.ProcessEnv = process.env,
  { isLeaving = false }: { isLeaving?: boolean } = {},
): Promise<ProvidedCluster[]> {
  return Promise.all(
    mesh.clusters
      .filter((cluster) => cluster.provider.type === 'existing')
      .map((cluster) => provide(cluster, env, !isLeaving && isReadByOthers(mesh, cluster))),
  );
}

/** The management cluster in which Kiali runs; none where its home is of the mesh. @throws as `findExisting` */
export async function findManagement(mesh: Mesh, env: NodeJS.ProcessEnv = process.env): Promise<ProvidedCluster[]> {
  const cluster = managementClusterOf(mesh);
  return cluster ? [await provide(cluster, env, false)] : [];
}

async function provide(cluster: MeshCluster, env: NodeJS.ProcessEnv, isRead: boolean): Promise<ProvidedCluster> {
  if (cluster.provider.type !== 'existing') throw new Error(`${cluster.name} is not an existing cluster`);
  const { context } = cluster.provider;
  const file = cluster.provider.kubeconfig ?? kubeconfigPath(context, env);
  const connection = { ...loadKubeconfig(file, context), name: cluster.name };
  await using client = new KubeClient(connection);
  await client.request('GET', '/version', { signal: AbortSignal.timeout(10_000) }).catch((cause) => {
    throw new IsthmusError({
      code: 'providers.unreachable',
      what: `cluster ${cluster.name} does not answer`,
      where: `context ${context} of ${file}`,
      why: messageOf(cause),
      fix: `try it: kubectl --kubeconfig ${file} --context ${context} version`,
      cause,
    });
  });
  const internalServer = cluster.provider.internalServer ?? connection.server;
  const host = new URL(internalServer).hostname;
  if (isRead && isLoopback(host))
    throw new IsthmusError({
      code: 'providers.loopback',
      fault: 'user',
      what: `other clusters cannot reach cluster ${cluster.name}`,
      where: `context ${context} of ${file}`,
      why: `its address for them would be ${internalServer}, and to each cluster ${host} means itself`,
      fix: "name the node's own address as provider.existing.internalServer in mesh.yaml (kind: kind get kubeconfig --internal; minikube: minikube ip)",
    });
  return {
    name: cluster.name,
    connection,
    internalServer,
    podRange: cluster.podRange,
    serviceRange: cluster.serviceRange,
    loadBalancerRange: cluster.loadBalancerRange,
    provider: 'existing',
  };
}

/** The first file of $KUBECONFIG that knows the context, as kubectl would merge them. */
export function kubeconfigPath(context: string, env: NodeJS.ProcessEnv): string {
  const files = env['KUBECONFIG']?.split(delimiter).filter(Boolean) ?? [];
  if (files.length === 0) files.push(join(env['HOME'] || homedir(), '.kube/config'));
  const present = files.filter((file) => existsSync(file));
  for (const file of present) {
    try {
      loadKubeconfig(file, context);
      return file;
    } catch {} // the next one may know it; if none does, the first one's own message is given
  }
  return present[0] ?? files[0]!;
}
