/** New tokens for the accounts by which istiods and Kiali read other clusters. */
import { KubeClient } from '../../kube/index.ts';
import { type Mesh, type MeshCluster, readersOf } from '../../spec/index.ts';
import { applyObject } from '../apply.ts';
import type { MeshTarget } from '../part.ts';
import { isRead, kialiToken } from '../parts/kiali.ts';
import { readerToken } from '../parts/remote-access.ts';
import { newTokenName, type RemoteToken, tokenObject } from '../parts/remote-token.ts';

/**
 * Asks each of these clusters for another token. `reconcile` then puts the newest into the secrets that carry them and takes the older ones away,
 * which revokes them: an interrupted rotation is brought to its end by it.
 * @returns the clusters that have a token at all
 */
export async function requestTokens(options: {
  mesh: Mesh;
  clusters: MeshTarget[];
  only?: string[];
}): Promise<string[]> {
  const { mesh, clusters, only } = options;
  const now = new Date();
  const wanted = mesh.clusters.filter(
    (one) => tokensOf(mesh, one).length > 0 && (only === undefined || only.includes(one.name)),
  );
  await Promise.all(
    wanted.map(async (cluster) => {
      const { name } = cluster;
      const { connection } = clusters.find((one) => one.name === name)!;
      await using client = new KubeClient({ ...connection, name });
      for (const token of tokensOf(mesh, cluster))
        await applyObject(client, tokenObject(token, newTokenName(token, now)));
    }),
  );
  return wanted.map((one) => one.name);
}

const tokensOf = (mesh: Mesh, cluster: MeshCluster): RemoteToken[] => [
  ...(readersOf(mesh, cluster).length > 0 ? [readerToken] : []),
  ...(isRead(mesh, cluster) ? [kialiToken] : []),
];
