import type { ClusterModel } from './cluster-model.ts';
import { envOf, isIstiod, proxyContainerOf } from './workload.ts';

/**
 * What a cluster is called in the mesh: CLUSTER_ID of its istiod, else of its proxies, else the context's name. Its network is that of the
 * label topology.istio.io/network of the control plane's namespace, else of the proxies.
 */
export function identify(cluster: ClusterModel): { clusterId: string; network: string | undefined } {
  const istiod = cluster.list('Deployment').find(isIstiod);
  const discovery = istiod?.['spec'].template.spec.containers.find((one: any) => envOf(one, 'CLUSTER_ID'));
  const proxy = cluster
    .list('Pod')
    .map(proxyContainerOf)
    .find((one) => envOf(one, 'ISTIO_META_CLUSTER_ID'));
  const labelled = cluster.rootNamespaces
    .map((name) => cluster.get('Namespace', undefined, name)?.metadata.labels?.['topology.istio.io/network'])
    .find(Boolean);
  return {
    clusterId: envOf(discovery, 'CLUSTER_ID') ?? envOf(proxy, 'ISTIO_META_CLUSTER_ID') ?? cluster.context,
    network: labelled ?? envOf(proxy, 'ISTIO_META_NETWORK'),
  };
}
