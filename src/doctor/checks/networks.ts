import { kinds, type Pod } from '../../kube/index.ts';
import { type Check, kubectl, objectOf } from '../check.ts';
import { envOf, hasProxy, networkOf } from '../patient.ts';

/** Endpoints follow the namespace's label at once, proxies only when they are made anew. */
export const networks: Check = {
  code: 'ISM103',
  title: 'proxies are on the network that their cluster says',
  async run(patient) {
    if (patient.clusters.length < 2) return [];
    const found = await Promise.all(
      patient.clusters.map(async (cluster) => {
        const network = await networkOf(patient, cluster);
        const pods = (await cluster.list<Pod>(kinds.Pod)).filter(hasProxy);
        if (network === '')
          return pods.length === 0
            ? []
            : [
                {
                  severity: 'warning' as const,
                  message: `Namespace ${patient.system} of ${cluster.name} has no label topology.istio.io/network: pods without a proxy, and gateways, are on no network.`,
                  object: { cluster: cluster.name, kind: 'Namespace', name: patient.system },
                  fix: `${kubectl(cluster.name)} label namespace ${patient.system} topology.istio.io/network=NETWORK`,
                },
              ];
        return pods
          .filter((pod) => {
            const own = pod.metadata.labels?.['topology.istio.io/network'] ?? network;
            return (envOf(pod, 'istio-proxy', 'ISTIO_META_NETWORK') ?? '') !== own;
          })
          .slice(0, 5)
          .map((pod) => ({
            severity: 'error' as const,
            message: `The proxy of ${cluster.name}/${pod.metadata.namespace}/${pod.metadata.name} was started on network ${envOf(pod, 'istio-proxy', 'ISTIO_META_NETWORK') || '(none)'}, its endpoint is on ${pod.metadata.labels?.['topology.istio.io/network'] ?? network}: it is sent addresses that it cannot reach.`,
            object: objectOf(cluster.name, pod, 'Pod'),
            fix: `${kubectl(cluster.name, pod.metadata.namespace)} delete pod ${pod.metadata.name}`,
          }));
      }),
    );
    return found.flat();
  },
};
