/** Which of Istio's configuration is about which service, of all clusters whose configuration is read by a control plane. */
import type { KubeObject } from '../../kube/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { isIstiod } from '../model/workload.ts';
import { serviceOfHost } from './host.ts';

export interface ServiceConfig {
  virtualServices: { cluster: string; object: KubeObject }[];
  destinationRules: { cluster: string; object: KubeObject }[];
}

/** A cluster's configuration is in effect where an istiod runs that reads it: in a remote nothing reads it. */
export function readsConfiguration(cluster: ClusterModel): boolean {
  return cluster.list('Deployment').some(isIstiod);
}

/** Keys are `namespace/name`. The same rule holds for that service in every cluster which the control plane serves. */
export function configByService(clusters: ClusterModel[]): Map<string, ServiceConfig> {
  const result = new Map<string, ServiceConfig>();
  const at = (host: string, namespace: string): ServiceConfig | undefined => {
    const service = serviceOfHost(host, namespace);
    if (!service) return undefined;
    const key = `${service.namespace}/${service.name}`;
    const found = result.get(key) ?? { virtualServices: [], destinationRules: [] };
    result.set(key, found);
    return found;
  };
  for (const cluster of clusters.filter(readsConfiguration)) {
    for (const object of cluster.list('VirtualService')) {
      const hosts = new Set<string>([...(object['spec']?.hosts ?? []), ...destinationHosts(object)]);
      for (const host of hosts)
        at(host, object.metadata.namespace ?? '')?.virtualServices.push({ cluster: cluster.name, object });
    }
    for (const object of cluster.list('DestinationRule'))
      at(object['spec']?.host ?? '', object.metadata.namespace ?? '')?.destinationRules.push({
        cluster: cluster.name,
        object,
      });
  }
  return result;
}

export function routesOf(virtualService: KubeObject): { protocol: string; index: number; route: any }[] {
  return ['http', 'tcp', 'tls'].flatMap((protocol) =>
    (virtualService['spec']?.[protocol] ?? []).map((route: any, index: number) => ({ protocol, index, route })),
  );
}

export function destinationHosts(virtualService: KubeObject): string[] {
  return routesOf(virtualService).flatMap(({ route }) =>
    (route.route ?? []).flatMap((one: any) => (one.destination?.host ? [one.destination.host] : [])),
  );
}
