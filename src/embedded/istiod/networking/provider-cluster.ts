/** The services behind extension providers of the mesh's configuration. */
import type { MeshSnapshot } from '../model.ts';
import { clusterName } from './names.ts';

/**
 * `host` or `namespace/host`, as extension providers name a service of the mesh.
 * @returns undefined for one that is not known
 */
export function providerCluster(
  snapshot: MeshSnapshot,
  service: string | undefined,
  port: number,
): { host: string; cluster: string } | undefined {
  const [host = '', namespace] = (service ?? '').split('/').reverse();
  const known = [...snapshot.services.values()].filter(
    (one) => one.hostname === host && (namespace === undefined || one.namespace === namespace),
  );
  // One that is in several namespaces must be said with its own.
  if (known.length !== 1 || !(port >= 1 && port <= 65_535)) return undefined;
  return { host, cluster: clusterName('outbound', port, '', host) };
}
