/** Two clusters of upstream's Kubernetes in a world of ours, as somebody who has clusters would hand them over: by a kubeconfig. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findArtifacts } from '../../../src/artifacts/index.ts';
import { removeWorld, startWorld, stopWorld, type WorldConfig } from '../../../src/embedded/world/index.ts';
import { KubeClient, loadKubeconfig } from '../../../src/kube/index.ts';
import { type Binaries, binaryNames, ensureBinaries } from './binaries.ts';

const root = join(import.meta.dirname, '../../..');
export const pilotImage = 'docker.io/istio/pilot';

export interface RealWorld extends AsyncDisposable {
  folder: string;
  kubeconfig: string;
  binaries: Binaries;
  client(cluster: string): KubeClient;
  /** Milliseconds until both API servers, their controllers and nodes were ready. */
  startedInMs: number;
  logs: string;
}

/** @param istiod whose istiod the image of Istio's control plane stands for. */
export async function startRealWorld(istiod: 'istio' | 'isthmus'): Promise<RealWorld> {
  const binaries = await ensureBinaries(binaryNames, console.log);
  const artifacts = await findArtifacts({});
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-real-'));
  writeFileSync(join(folder, 'real.json'), JSON.stringify(binaries));
  const config: WorldConfig = {
    home: folder,
    sharedNetwork: '192.168.49.0/24',
    clusterDomain: 'cluster.local',
    clusters: ['east', 'west'].map((name, index) => ({
      name,
      network: `network${index + 1}`,
      nodeAddress: `192.168.49.${2 + index}`,
      podRange: `10.${10 * (index + 1)}.0.0/16`,
      serviceRange: `10.${100 + 10 * (index + 1)}.0.0/16`,
    })),
    programs: {
      node: process.execPath,
      envoy: artifacts.envoy.path,
      prometheus: artifacts.prometheus.path,
      nft: artifacts.nft.path,
      nftLibraryPath: artifacts.nft.libraryPath,
      isthmusRoot: root,
    },
    images: istiod === 'istio' ? { [pilotImage]: pilotProgram(binaries) } : {},
    clusterProgram: join(import.meta.dirname, 'cluster-process.ts'),
  };
  const begun = performance.now();
  await startWorld(config, { timeoutMs: 180_000 });
  const startedInMs = performance.now() - begun;
  const kubeconfig = join(folder, 'kubeconfig');
  const clients = new Map<string, KubeClient>();
  return {
    folder,
    kubeconfig,
    binaries,
    startedInMs,
    logs: join(folder, 'clusters'),
    client(cluster) {
      const known = clients.get(cluster) ?? new KubeClient({ ...loadKubeconfig(kubeconfig, cluster), name: cluster });
      clients.set(cluster, known);
      return known;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients.values()) await client[Symbol.asyncDispose]();
      await stopWorld(folder);
      if (process.env['ISTHMUS_KEEP']) return;
      await removeWorld(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The real istiod as a program of the image catalogue. Its own tools call it by its name. */
export function pilotProgram(binaries: Binaries) {
  const path = binaries['pilot-discovery'];
  const folder = join(path, '..');
  return { command: [path], env: { PATH: `${folder}:/usr/local/bin:/usr/bin:/bin` }, mounts: [folder] };
}

/** mesh.yaml for those clusters. */
export function meshFile(world: RealWorld, controlPlane: unknown): string {
  return stringify({
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: 'real' },
    spec: {
      clusters: ['east', 'west'].map((name, index) => ({
        name,
        network: `network${index + 1}`,
        ...(index === 0 ? { role: 'primary' } : { role: 'remote', primary: 'east' }),
        provider: {
          existing: {
            context: name,
            kubeconfig: world.kubeconfig,
            internalServer: `https://192.168.49.${2 + index}:6443`,
          },
        },
        loadBalancerRange: `192.168.49.${20 + 10 * index}-192.168.49.${29 + 10 * index}`,
      })),
      controlPlane,
    },
  });
}
