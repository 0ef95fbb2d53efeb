import { configByService, readsConfiguration } from '../config/index-by-service.ts';
import { keyOfObject, selectedBy } from '../config/references.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { appOf, hasProxy, isGateway, isReady, labelsOf, versionOf, type Workload } from '../model/workload.ts';
import { isKnown, type TrafficSeries } from '../prometheus/traffic.ts';
import type {
  ObjectKey,
  ProxyCertificate,
  ProxyStatus,
  WorkloadDetails,
  WorkloadList,
  WorkloadListItem,
} from '../types/index.ts';
import { peersOf } from './peers.ts';
import { podView } from './pods.ts';
import { type Scope, wantedNamespaces } from './scope.ts';
import { yamlOf } from './yaml.ts';

export function workloadList(scope: Scope): WorkloadList {
  const readers = scope.clusters.filter(readsConfiguration);
  return {
    workloads: wantedNamespaces(scope).flatMap(({ cluster, namespace }) =>
      cluster.workloads.list(namespace).map((one) => workloadItem(scope, readers, cluster, one)),
    ),
    problems: scope.problems,
  };
}

export function workloadItem(
  scope: Scope,
  readers: ClusterModel[],
  cluster: ClusterModel,
  workload: Workload,
): WorkloadListItem {
  const { namespace, name, kind, object, pods } = workload;
  const labels = labelsOf(workload);
  const app = appOf(labels);
  const version = versionOf(labels);
  const [first] = pods.values();
  const createdAt = (object ?? first)?.metadata.creationTimestamp;
  const account =
    object?.['spec']?.template?.spec?.serviceAccountName ?? first?.spec['serviceAccountName'] ?? 'default';
  return {
    cluster: cluster.name,
    namespace,
    name,
    kind,
    ...(app ? { app } : {}),
    ...(version ? { version } : {}),
    labels,
    istioSidecar: hasProxy(workload),
    isGateway: isGateway(workload),
    podCount: pods.size,
    readyCount: [...pods.values()].filter(isReady).length,
    ...(createdAt ? { createdAt } : {}),
    serviceAccountNames: [account],
    health: scope.health.workload(cluster.name, namespace, name),
    traffic: scope.health.traffic('workload', cluster.name, namespace, name),
    istioReferences: selectedBy(readers, namespace, labels),
  };
}

export interface DetailSources {
  series: TrafficSeries[];
  proxies: Map<string, ProxyStatus>;
  certificateOf: (cluster: ClusterModel, namespace: string, pod: string) => ProxyCertificate | undefined;
}

export function workloadDetails(
  scope: Scope,
  sources: DetailSources,
  cluster: ClusterModel,
  namespace: string,
  name: string,
): WorkloadDetails | undefined {
  const workload = cluster.workloads.get(namespace, name);
  if (!workload) return undefined;
  const readers = scope.clusters.filter(readsConfiguration);
  const item = workloadItem(scope, readers, cluster, workload);
  const config = configByService(scope.clusters);
  const services = servicesOf(cluster, workload);
  const [first] = workload.pods.values();
  const spec = workload.object?.['spec']?.template?.spec ?? first?.spec ?? {};
  const references = services.flatMap((one) => {
    const found = config.get(`${namespace}/${one}`);
    return [
      ...(found?.virtualServices ?? []).map(({ cluster: by, object }) =>
        keyOfObject(by, 'VirtualService', object.metadata),
      ),
      ...(found?.destinationRules ?? []).map(({ cluster: by, object }) =>
        keyOfObject(by, 'DestinationRule', object.metadata),
      ),
    ];
  });
  return {
    ...item,
    istioReferences: unique([...item.istioReferences, ...references]),
    annotations: workload.object?.metadata.annotations ?? first?.metadata.annotations ?? {},
    images: (spec.containers ?? []).map((one: any) => one.image),
    pods: [...workload.pods.values()].map((pod) =>
      podView(cluster.name, pod, {
        proxies: sources.proxies,
        certificate: sources.certificateOf(cluster, namespace, pod.metadata.name ?? ''),
      }),
    ),
    services: services.map((one) => ({ cluster: cluster.name, namespace, name: one })),
    peers: peersOf(
      sources.series,
      (end) => end.cluster === cluster.name && end.namespace === namespace && end.workload === name,
    ),
    mtls: mtlsOf(readers, namespace, item.labels, cluster),
    yaml: yamlOf(workload.object ?? first),
    problems: scope.problems,
  };
}

/** Services whose selector chooses the pods. */
export function servicesOf(cluster: ClusterModel, workload: Workload): string[] {
  const labels = labelsOf(workload);
  return cluster
    .list('Service', workload.namespace)
    .filter((one) => {
      const selector = Object.entries(one['spec']?.selector ?? {});
      return selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
    })
    .map((one) => one.metadata.name ?? '');
}

/** The mode of the narrowest PeerAuthentication: of the workload, else of the namespace, else of the mesh; the oldest of equals. */
export function mtlsOf(
  readers: ClusterModel[],
  namespace: string,
  labels: Record<string, string> | undefined,
  home: ClusterModel,
): { mode: string; decidedBy?: ObjectKey } {
  // An istiod that runs in the cluster itself decides there; else one that serves it.
  const own = readers.filter((one) => one === home);
  const deciding = own.length > 0 ? own : readers;
  for (const level of ['workload', 'namespace', 'mesh'] as const)
    for (const cluster of deciding) {
      const found = cluster
        .list('PeerAuthentication')
        .filter(({ metadata, ['spec']: spec }) => {
          const selector = Object.entries<string>(spec?.selector?.matchLabels ?? {});
          if (level === 'workload')
            return (
              metadata.namespace === namespace &&
              labels &&
              selector.length > 0 &&
              selector.every(([key, value]) => labels[key] === value)
            );
          return (
            selector.length === 0 &&
            (level === 'namespace'
              ? metadata.namespace === namespace
              : cluster.rootNamespaces.includes(metadata.namespace ?? ''))
          );
        })
        .filter((one) => isKnown(one['spec']?.mtls?.mode ?? '') && one['spec'].mtls.mode !== 'UNSET')
        .sort((one, other) =>
          (one.metadata.creationTimestamp ?? '').localeCompare(other.metadata.creationTimestamp ?? ''),
        )[0];
      if (found)
        return {
          mode: found['spec'].mtls.mode,
          decidedBy: keyOfObject(cluster.name, 'PeerAuthentication', found.metadata),
        };
    }
  return { mode: 'PERMISSIVE' };
}

const unique = (keys: ObjectKey[]): ObjectKey[] => [...new Map(keys.map((one) => [JSON.stringify(one), one])).values()];
