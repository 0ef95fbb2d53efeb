import { join, resolve } from 'node:path';
import {
  type EmbeddedCluster,
  startWorld,
  type WorldConfig,
  type WorldEvent,
  worldStatus,
} from '../embedded/world/index.ts';
import { IsthmusError } from '../errors/index.ts';
import { loadKubeconfig } from '../kube/index.ts';
import { type EmbeddedMeshCluster, isEmbedded, type Mesh } from '../spec/index.ts';
import type { ProvidedCluster } from './provided-cluster.ts';

/** Paths of the programs that run inside, as the artifacts room finds them. */
export interface EngineArtifacts {
  envoy: { path: string };
  prometheus: { path: string };
  nft: { path: string; libraryPath?: string | undefined };
}

export interface StartEmbeddedOptions {
  home: string;
  artifacts: EngineArtifacts;
  progress?: (event: WorldEvent) => void;
  signal?: AbortSignal;
}

const apiServerPort = 6443;
const isthmusRoot = resolve(import.meta.dirname, '../..');

export async function startEmbedded(
  mesh: Mesh,
  options: StartEmbeddedOptions,
): Promise<{ clusters: ProvidedCluster[]; started: boolean }> {
  const world = await startWorld(worldConfigOf(mesh, options.home, options.artifacts), {
    ...(options.progress ? { progress: options.progress } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  return { clusters: embeddedOf(mesh).map((cluster) => provide(cluster, options.home)), started: world.started };
}

/** @throws IsthmusError `providers.not-running` when the world of the state folder does not run. */
export async function findEmbedded(mesh: Mesh, home: string): Promise<ProvidedCluster[]> {
  const wanted = embeddedOf(mesh);
  if (wanted.length === 0) return [];
  const { running, clusters } = await worldStatus(home);
  if (!running)
    throw new IsthmusError({
      code: 'providers.not-running',
      fault: 'user',
      what: clusters.length === 0 ? 'there are no clusters' : 'the clusters are stopped',
      where: home,
      fix: 'start them: isthmus up',
    });
  const strangers = wanted.filter((cluster) => !clusters.some((one) => one.name === cluster.name));
  if (strangers.length > 0)
    throw new IsthmusError({
      code: 'providers.other-mesh',
      fault: 'user',
      what: `cluster ${strangers.map((cluster) => cluster.name).join(', ')} is not among those that run`,
      where: home,
      why: `these run: ${clusters.map((cluster) => cluster.name).join(', ')}`,
      fix: 'name the mesh file that they were started with (-f), or another state folder (--home)',
    });
  return wanted.map((cluster) => provide(cluster, home));
}

/** The world that a mesh needs. */
export function worldConfigOf(mesh: Mesh, home: string, artifacts: EngineArtifacts): WorldConfig {
  return {
    home: resolve(home),
    sharedNetwork: mesh.sharedNetwork.cidr,
    clusterDomain: mesh.clusterDomain,
    clusters: embeddedOf(mesh).map(
      (cluster): EmbeddedCluster => ({
        name: cluster.name,
        network: cluster.network,
        nodeAddress: cluster.nodeAddress,
        podRange: cluster.podRange,
        serviceRange: cluster.serviceRange,
        locality: cluster.locality,
      }),
    ),
    programs: {
      node: process.execPath,
      envoy: artifacts.envoy.path,
      prometheus: artifacts.prometheus.path,
      nft: artifacts.nft.path,
      nftLibraryPath: artifacts.nft.libraryPath,
      isthmusRoot,
    },
    images: mesh.images,
  };
}

export function embeddedOf(mesh: Mesh): EmbeddedMeshCluster[] {
  return mesh.clusters.filter(isEmbedded);
}

function provide(cluster: EmbeddedMeshCluster, home: string): ProvidedCluster {
  return {
    name: cluster.name,
    connection: loadKubeconfig(join(home, 'kubeconfig'), cluster.name),
    // What clusters tell each other is the node's address: 127.0.0.1 means itself to each of them.
    internalServer: `https://${cluster.nodeAddress}:${apiServerPort}`,
    nodeAddress: cluster.nodeAddress,
    podRange: cluster.podRange,
    serviceRange: cluster.serviceRange,
    loadBalancerRange: cluster.loadBalancerRange,
    provider: 'embedded',
  };
}
