/** The client: a pod, found by as much of `cluster/namespace/workload` as makes it one. */
import { IsthmusError } from '../../errors/index.ts';
import { kinds, type Pod } from '../../kube/index.ts';
import type { MeshFacts } from './facts.ts';
import { clusterIdOfPod, isReady, proxyContainer, workloadOf } from './pods.ts';
import type { ExplainedClient } from './types.ts';

export interface FoundClient extends ExplainedClient {
  object: Pod;
}

/**
 * @param from `CLUSTER/NAMESPACE/NAME`, `NAMESPACE/NAME`, `CLUSTER/NAME` or `NAME`, where NAME is a workload's, a pod's or an app's
 * @throws IsthmusError `explain.client` when there is none, or the name stands for several workloads.
 */
export async function findClient(facts: MeshFacts, from: string): Promise<FoundClient> {
  const parts = from.split('/').filter(Boolean);
  const name = parts.at(-1) ?? '';
  const places = parts.slice(0, -1);
  const known = new Set(facts.names);
  const candidates = await facts.everywhere<Pod>(kinds.Pod, places.length === 2 ? { namespace: places[1]! } : {});
  const named = candidates.filter(({ cluster, object }) => {
    if (places.length === 2 && (cluster !== places[0] || object.metadata.namespace !== places[1])) return false;
    if (
      places.length === 1 &&
      object.metadata.namespace !== places[0] &&
      !(known.has(places[0]!) && cluster === places[0])
    )
      return false;
    return (
      object['status']?.phase === 'Running' &&
      [object.metadata.name, workloadOf(object), object.metadata.labels?.['app']].includes(name)
    );
  });
  const workloads = [
    ...new Set(named.map(({ cluster, object }) => `${cluster}/${object.metadata.namespace}/${workloadOf(object)}`)),
  ].sort();
  const refuse = (what: string, fix: string): never => {
    throw new IsthmusError({ code: 'explain.client', fault: 'user', what, where: facts.names.join(', '), fix });
  };
  if (places.length > 2) return refuse(`"${from}" is no client`, 'write CLUSTER/NAMESPACE/WORKLOAD');
  if (workloads.length === 0) {
    const near = [
      ...new Set(
        candidates.map(({ cluster, object }) => `${cluster}/${object.metadata.namespace}/${workloadOf(object)}`),
      ),
    ]
      .filter((one) => one.includes(name.slice(0, 4)))
      .sort()
      .slice(0, 5);
    return refuse(
      `no running pod is called "${from}"`,
      near.length > 0 ? `name one of: ${near.join(', ')}` : 'look: kubectl get pods -A',
    );
  }
  if (workloads.length > 1)
    return refuse(`"${from}" stands for several workloads`, `name one of: ${workloads.join(', ')}`);
  const { cluster, object } = named.find((one) => isReady(one.object)) ?? named[0]!;
  return {
    object,
    cluster,
    namespace: object.metadata.namespace ?? '',
    pod: object.metadata.name ?? '',
    workload: workloadOf(object),
    serviceAccount: object.spec['serviceAccountName'] ?? 'default',
    clusterId: clusterIdOfPod(object) ?? (await facts.clusterId(cluster)),
    network: object.metadata.labels?.['topology.istio.io/network'] ?? (await facts.networkOf(cluster)),
    hasProxy: proxyContainer(object) !== undefined,
  };
}
