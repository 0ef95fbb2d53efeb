/** New tokens for the accounts by which istiods read other clusters. */
import { KubeClient } from '../../kube/index.ts';
import { type Mesh, readersOf } from '../../spec/index.ts';
import { applyObject } from '../apply.ts';
import type { MeshTarget } from '../part.ts';
import { newTokenName, tokenObject } from '../parts/remote-access.ts';

/**
 * Asks each of these clusters for another token. `reconcile` then puts the newest into the remote secrets and takes the older ones away,
 * which revokes them: an interrupted rotation is brought to its end by it.
 * @returns the clusters that have a token at all
 */
export async function requestTokens(options: {
  mesh: Mesh;
  clusters: MeshTarget[];
  only?: string[];
}): Promise<string[]> {
  const { mesh, clusters, only } = options;
  const wanted = mesh.clusters.filter(
    (one) => readersOf(mesh, one).length > 0 && (only === undefined || only.includes(one.name)),
  );
  await Promise.all(
    wanted.map(async ({ name }) => {
      const { connection } = clusters.find((one) => one.name === name)!;
      await using client = new KubeClient({ ...connection, name });
      await applyObject(client, tokenObject(newTokenName(new Date())));
    }),
  );
  return wanted.map((one) => one.name);
}
