import { kinds, type Pod } from '../../kube/index.ts';
import { type Check, kubectl, objectOf } from '../check.ts';
import { envOf, hasProxy } from '../patient.ts';

/** istiod reviews a proxy's token in the cluster that the proxy names: an ID that it does not know is refused. */
export const clusterIds: Check = {
  code: 'ISM101',
  title: 'every proxy names a cluster that an istiod knows',
  async run({ clusters, primaries, ...patient }) {
    const pages = await Promise.all(primaries.map((one) => patient.debug(one, 'clusterz')));
    if (primaries.length === 0 || pages.includes(undefined)) return [];
    const known = new Set(pages.flatMap((page) => page!.map((one) => String(one.id))));
    const found = await Promise.all(
      clusters.map(async (cluster) => {
        const pods = (await cluster.list<Pod>(kinds.Pod)).filter(hasProxy);
        const strangers = pods.filter((pod) => !known.has(envOf(pod, 'istio-proxy', 'ISTIO_META_CLUSTER_ID') ?? ''));
        const byId = Map.groupBy(strangers, (pod) => envOf(pod, 'istio-proxy', 'ISTIO_META_CLUSTER_ID') ?? '');
        return [...byId].map(([id, list]) => {
          const [first] = list;
          const names = list.slice(0, 5).map((pod) => `${pod.metadata.namespace}/${pod.metadata.name}`);
          return {
            severity: 'error' as const,
            message: `${list.length} of ${pods.length} proxies of ${cluster.name} say that they are in cluster ${id || '(none)'}, which no istiod knows (${[...known].join(', ')}): ${names.join(', ')}. They get no certificate and no new configuration.`,
            object: objectOf(cluster.name, first!, 'Pod'),
            fix: `make the names agree: global.multiCluster.clusterName of the injector, and the key of the remote secret; then ${kubectl(cluster.name, first!.metadata.namespace)} delete pod ${first!.metadata.name}`,
          };
        });
      }),
    );
    return found.flat();
  },
};
