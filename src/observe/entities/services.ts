import type { EndpointSlice, KubeObject } from '../../kube/index.ts';
import { configByService, type ServiceConfig } from '../config/index-by-service.ts';
import { referencesOfService } from '../config/references.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { hasProxy, labelsOf, ownerOf, versionOf } from '../model/workload.ts';
import { isKnown } from '../prometheus/traffic.ts';
import { gatewaysOf } from '../topology/gateways.ts';
import type { ServiceDetails, ServiceEndpoint, ServiceList, ServiceListItem } from '../types/index.ts';
import { peersOf } from './peers.ts';
import { type Scope, wantedNamespaces } from './scope.ts';
import type { DetailSources } from './workloads.ts';
import { yamlOf } from './yaml.ts';

export function serviceList(scope: Scope): ServiceList {
  const config = configByService(scope.clusters);
  return {
    services: wantedNamespaces(scope).flatMap(({ cluster, namespace }) => [
      ...cluster.list('Service', namespace).map((one) => serviceItem(scope, config, cluster, one)),
      ...cluster.list('ServiceEntry', namespace).flatMap((one) => externalItems(scope, config, cluster, one)),
    ]),
    problems: scope.problems,
  };
}

function serviceItem(
  scope: Scope,
  config: Map<string, ServiceConfig>,
  cluster: ClusterModel,
  service: KubeObject,
): ServiceListItem {
  const { namespace = '', name = '', labels = {} } = service.metadata;
  const { type = 'ClusterIP', ports = [], selector = {} } = service['spec'] ?? {};
  const hasSelector = Object.keys(selector).length > 0;
  return {
    cluster: cluster.name,
    namespace,
    name,
    type,
    ports: ports.map((one: any) => ({
      name: one.name ?? '',
      port: one.port,
      protocol: one.protocol ?? 'TCP',
      ...(one.appProtocol ? { appProtocol: one.appProtocol } : {}),
    })),
    selector,
    labels,
    istioSidecar: hasSelector && cluster.workloads.selected(namespace, selector).some(hasProxy),
    sameIn: scope.clusters
      .filter(
        (one) =>
          one !== cluster && scope.isSeen({ cluster: one.name, namespace }) && one.get('Service', namespace, name),
      )
      .map((one) => one.name),
    serviceRegistry: 'Kubernetes',
    health: scope.health.service(cluster.name, namespace, name),
    traffic: scope.health.traffic('service', cluster.name, namespace, name),
    istioReferences: referencesOfService(config, namespace, name),
  };
}

/** Hosts of a ServiceEntry are services as well, of a registry outside. */
function externalItems(
  scope: Scope,
  config: Map<string, ServiceConfig>,
  cluster: ClusterModel,
  entry: KubeObject,
): ServiceListItem[] {
  const { namespace = '', labels = {} } = entry.metadata;
  return (entry['spec']?.hosts ?? []).map((host: string) => ({
    cluster: cluster.name,
    namespace,
    name: host,
    type: 'External',
    ports: (entry['spec'].ports ?? []).map((one: any) => ({
      name: one.name ?? '',
      port: one.number,
      protocol: one.protocol ?? 'TCP',
    })),
    selector: {},
    labels,
    istioSidecar: false,
    sameIn: [],
    serviceRegistry: 'External' as const,
    health: scope.health.service(cluster.name, namespace, host),
    traffic: scope.health.traffic('service', cluster.name, namespace, host),
    istioReferences: referencesOfService(config, namespace, host),
  }));
}

export function serviceDetails(
  scope: Scope,
  sources: DetailSources,
  cluster: ClusterModel,
  namespace: string,
  name: string,
): ServiceDetails | undefined {
  const service = cluster.get('Service', namespace, name);
  if (!service) return undefined;
  const item = serviceItem(scope, configByService(scope.clusters), cluster, service);
  const withIt = scope.clusters.filter((one) => item.sameIn.includes(one.name) || one === cluster);
  const { clusterIP, clusterIPs = [], externalIPs = [] } = service['spec'] ?? {};
  const ingress: any[] = service['status']?.loadBalancer?.ingress ?? [];
  return {
    ...item,
    annotations: service.metadata.annotations ?? {},
    addresses: [...new Set<string>([clusterIP, ...clusterIPs].filter(Boolean))],
    externalAddresses: [...externalIPs, ...ingress.map((one) => one.ip ?? one.hostname)],
    endpoints: withIt.flatMap((one) => endpointsOf(one, namespace, name)),
    workloads: withIt.flatMap((one) => {
      const selector = one.get('Service', namespace, name)?.['spec']?.selector ?? {};
      if (Object.keys(selector).length === 0) return [];
      return one.workloads.selected(namespace, selector).map((workload) => {
        const version = versionOf(labelsOf(workload));
        return { cluster: one.name, namespace, name: workload.name, ...(version ? { version } : {}) };
      });
    }),
    peers: peersOf(
      sources.series,
      (end) =>
        end.serviceName === name &&
        end.serviceNamespace === namespace &&
        (end.cluster === cluster.name || !isKnown(end.cluster)),
    ),
    yaml: yamlOf(service),
    problems: scope.problems,
  };
}

function endpointsOf(cluster: ClusterModel, namespace: string, name: string): ServiceEndpoint[] {
  const gateway = gatewaysOf(cluster).find((one) => one.type === 'eastwest');
  const { network } = cluster;
  return cluster
    .list<EndpointSlice>('EndpointSlice', namespace)
    .filter((one) => one.metadata.labels?.['kubernetes.io/service-name'] === name)
    .flatMap((slice) =>
      (slice.endpoints ?? []).flatMap((endpoint) =>
        endpoint.addresses.map((address) => {
          const pod = endpoint.targetRef?.kind === 'Pod' ? endpoint.targetRef.name : undefined;
          const object = pod ? cluster.get('Pod', namespace, pod) : undefined;
          return {
            cluster: cluster.name,
            ...(network ? { network } : {}),
            address,
            ports: (slice.ports ?? []).map((one) => ({ name: one.name ?? '', port: one.port ?? 0 })),
            ready: endpoint.conditions?.ready !== false,
            ...(pod ? { pod } : {}),
            ...(object ? { workload: ownerOf(object as any).name } : {}),
            ...(gateway ? { via: { cluster: cluster.name, name: gateway.name, addresses: gateway.addresses } } : {}),
          };
        }),
      ),
    );
}
