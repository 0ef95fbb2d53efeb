import { kinds, type Pod, type Service } from '../../kube/index.ts';
import { type Check, kubectl } from '../check.ts';
import { hasProxy, networkOf } from '../patient.ts';

/** A network that has endpoints and no gateway is taken for one that can be reached directly. */
export const networkGateways: Check = {
  code: 'ISM302',
  title: 'every network has a gateway, where there are several',
  async run(patient) {
    const { clusters, system } = patient;
    const byCluster = await Promise.all(
      clusters.map(async (cluster) => ({ cluster, network: await networkOf(patient, cluster) })),
    );
    if (new Set(byCluster.map((one) => one.network)).size < 2) return [];
    const services = (await Promise.all(clusters.map((one) => one.list<Service>(kinds.Service)))).flat();
    const served = new Set(services.map((one) => one.metadata.labels?.['topology.istio.io/network']));
    const lacking = await Promise.all(
      byCluster
        .filter(({ network }) => network !== '' && !served.has(network))
        .map(async ({ cluster, network }) => ({
          cluster,
          network,
          pods: (await cluster.list<Pod>(kinds.Pod)).filter(hasProxy).length,
        })),
    );
    return lacking
      .filter((one) => one.pods > 0)
      .map(({ cluster, network }) => ({
        severity: 'error' as const,
        message: `No Service has the label topology.istio.io/network=${network}, so that ${cluster.name}'s network has no gateway: its pods are sent to other networks by their own addresses, and connections time out.`,
        object: { cluster: cluster.name, kind: 'Service', namespace: system, name: 'istio-eastwestgateway' },
        fix: `${kubectl(cluster.name, system)} label service istio-eastwestgateway topology.istio.io/network=${network}`,
      }));
  },
};
