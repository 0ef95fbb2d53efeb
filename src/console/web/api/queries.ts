/** One hook for each question to the server, and for each the changes that make its answer old. */
import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query';
import type {
  AppList,
  ClusterListItem,
  ConfigDifferences,
  ConfigPermissions,
  DoctorReport,
  EventList,
  IstioConfigDetails,
  IstioConfigList,
  MeshView,
  MetricsMap,
  NamespaceListItem,
  Overview,
  ServerConfig,
  ServiceList,
  WorkloadList,
} from '../../api.ts';
import type { Scope } from '../shell/scope.ts';
import { entityPath, getJson, type Params } from './client.ts';
import type { Topic } from './live.ts';

/** Any question, asked again when one of the topics changes. The old answer stays on the page until the new one is there. */
export function useApi<T>(
  path: string,
  params: Params,
  topics: Topic[],
  options: { enabled?: boolean } = {},
): UseQueryResult<T> {
  return useQuery({
    queryKey: [path, params],
    queryFn: ({ signal }) => getJson<T>(path, params, signal),
    meta: { topics },
    placeholderData: keepPreviousData,
    enabled: options.enabled ?? true,
  });
}

/** The selector of clusters and namespaces as parameters of a list. */
export const scopeParams = (scope: Scope): Params => ({
  clusters: scope.clusters.join(','),
  namespaces: scope.namespaces.join(','),
});

export const rateParams = (scope: Scope): Params => ({ ...scopeParams(scope), duration: `${scope.duration}s` });

export const useServerConfig = () => useApi<ServerConfig>('config', {}, ['clusters']);
export const useClusters = () => useApi<ClusterListItem[]>('clusters', {}, ['clusters', 'mesh']);
export const useNamespaces = () => useApi<NamespaceListItem[]>('namespaces', {}, ['namespaces', 'clusters']);
export const useMesh = () => useApi<MeshView>('mesh', {}, ['mesh', 'clusters']);
export const useDoctor = () => useApi<DoctorReport>('doctor', {}, ['doctor']);
export const useOverview = (scope: Scope) =>
  useApi<Overview>('overview', rateParams(scope), ['traffic', 'health', 'clusters', 'namespaces', 'mesh', 'config']);
export const useWorkloads = (scope: Scope) =>
  useApi<WorkloadList>('clusters/workloads', rateParams(scope), ['traffic', 'workloads', 'pods', 'health', 'config']);
export const useApps = (scope: Scope) =>
  useApi<AppList>('clusters/apps', rateParams(scope), ['traffic', 'workloads', 'health', 'config']);
export const useServices = (scope: Scope) =>
  useApi<ServiceList>('clusters/services', rateParams(scope), ['traffic', 'services', 'health', 'config']);
export const useIstioConfig = (scope: Scope) =>
  useApi<IstioConfigList>('istio/config', scopeParams(scope), ['config', 'namespaces', 'services', 'workloads']);
export const useDifferences = () => useApi<ConfigDifferences>('istio/differences', {}, ['config', 'clusters']);
export const useEvents = (scope: Scope) =>
  useApi<EventList>('events', { ...scopeParams(scope), limit: 500 }, ['events']);
export const useClusterMetrics = (scope: Scope, step: number) =>
  useApi<MetricsMap>('clusters/metrics', { ...rateParams(scope), step }, ['traffic']);

/** One object of Istio's configuration. Not asked again by itself: somebody may be editing it. */
export function useConfigObject(key: ConfigKey): UseQueryResult<IstioConfigDetails> {
  return useApi<IstioConfigDetails>(configPath(key), { clusterName: key.cluster }, ['config']);
}

export const usePermissions = (cluster: string, namespace: string) =>
  useApi<ConfigPermissions>('istio/permissions', { clusterName: cluster, namespace }, ['clusters'], {
    enabled: cluster !== '' && namespace !== '',
  });

export interface ConfigKey {
  cluster: string;
  namespace: string;
  group: string;
  version: string;
  kind: string;
  name: string;
}

/** Where a new object of the kind is sent. */
export const configKindPath = ({ namespace, group, version, kind }: Omit<ConfigKey, 'name'>): string =>
  `namespaces/${encodeURIComponent(namespace)}/istio/${group}/${version}/${kind}`;

export const configPath = (key: ConfigKey): string =>
  entityPath(key.namespace, `istio/${key.group}/${key.version}/${key.kind}`, key.name);
