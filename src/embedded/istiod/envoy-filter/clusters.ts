/** EnvoyFilter patches of clusters. */
import { parseClusterName } from '../networking/names.ts';
import { merged, mergedSocket } from './operations.ts';
import { contextOf, isMerge, type Patch, type PatchContext, type Patches } from './patches.ts';

/** @param hostsOf the services behind an inbound cluster, whose name does not say them. */
export function patchedClusters(
  patches: Patches,
  context: PatchContext,
  clusters: any[],
  hostsOf: (cluster: string) => string[],
): any[] {
  const own = patches.of('CLUSTER', context);
  if (own.length === 0) return clusters;
  const kept = clusters
    .map((original) => {
      let cluster = original;
      for (const patch of own) {
        if (cluster === undefined || !clusterFits(cluster, patch, hostsOf)) continue;
        if (patch.operation === 'REMOVE') cluster = undefined;
        else if (isMerge(patch)) cluster = mergedCluster(cluster, patch);
      }
      return cluster;
    })
    .filter((one) => one !== undefined);
  const added = own.filter(
    (one) => one.operation === 'ADD' && (contextOf(one) !== 'ANY' || context !== 'SIDECAR_INBOUND'),
  );
  return [...kept, ...added.map((one) => structuredClone(one.value))];
}

/** A patch that brings a transport socket changes the one of that kind, and nothing else of the cluster. */
function mergedCluster(cluster: any, patch: Patch): any {
  if (!patch.value.transport_socket) return merged(cluster, patch);
  const matches: any[] = cluster.transport_socket_matches ?? [];
  if (matches.length === 0)
    return {
      ...cluster,
      transport_socket: mergedSocket(cluster.transport_socket, patch) ?? structuredClone(patch.value.transport_socket),
    };
  const at = matches.findIndex((one) => one.transport_socket?.name === patch.value.transport_socket.name);
  if (at < 0) return cluster;
  const socket = mergedSocket(matches[at].transport_socket, patch);
  return { ...cluster, transport_socket_matches: matches.with(at, { ...matches[at], transport_socket: socket }) };
}

function clusterFits(cluster: any, { match }: Patch, hostsOf: (cluster: string) => string[]): boolean {
  const { name, subset, service, portNumber } = match?.cluster ?? {};
  if (name) return name === cluster.name;
  const parsed = parseClusterName(cluster.name);
  const behind = parsed?.direction === 'inbound' ? hostsOf(cluster.name) : [];
  const hosts = behind.length > 0 ? behind : [parsed?.host ?? ''];
  return (
    (!subset || subset === parsed?.subset) &&
    (!service || hosts.includes(service)) &&
    (!portNumber || portNumber === parsed?.port)
  );
}
