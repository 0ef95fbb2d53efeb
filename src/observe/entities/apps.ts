import { readsConfiguration } from '../config/index-by-service.ts';
import { selectedBy } from '../config/references.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { hasProxy, labelsOf, versionOf, type Workload } from '../model/workload.ts';
import type { AppDetails, AppList, AppListItem } from '../types/index.ts';
import { peersOf } from './peers.ts';
import { type Scope, wantedNamespaces } from './scope.ts';
import { type DetailSources, servicesOf, workloadItem } from './workloads.ts';

export function appList(scope: Scope): AppList {
  const readers = scope.clusters.filter(readsConfiguration);
  return {
    applications: wantedNamespaces(scope).flatMap(({ cluster, namespace }) =>
      [...scope.health.appsOf(cluster, namespace)].map(([name, workloads]) =>
        appItem(scope, readers, cluster, namespace, name, workloads),
      ),
    ),
    problems: scope.problems,
  };
}

function appItem(
  scope: Scope,
  readers: ClusterModel[],
  cluster: ClusterModel,
  namespace: string,
  name: string,
  workloads: Workload[],
): AppListItem {
  const labels = workloads.map(labelsOf);
  const references = labels.flatMap((one) => selectedBy(readers, namespace, one));
  return {
    cluster: cluster.name,
    namespace,
    name,
    istioSidecar: workloads.some(hasProxy),
    workloads: workloads.map((one) => one.name),
    versions: [...new Set(labels.flatMap((one) => versionOf(one) ?? []))],
    labels: shared(labels),
    health: scope.health.app(cluster.name, namespace, name),
    traffic: scope.health.traffic('app', cluster.name, namespace, name),
    istioReferences: [...new Map(references.map((one) => [JSON.stringify(one), one])).values()],
  };
}

/** Labels that all of them carry with the same value. */
function shared(all: Record<string, string>[]): Record<string, string> {
  const [first = {}, ...others] = all;
  return Object.fromEntries(Object.entries(first).filter(([key, value]) => others.every((one) => one[key] === value)));
}

export function appDetails(
  scope: Scope,
  sources: DetailSources,
  cluster: ClusterModel,
  namespace: string,
  name: string,
): AppDetails | undefined {
  const workloads = scope.health.workloadsOfApp(cluster.name, namespace, name);
  if (workloads.length === 0) return undefined;
  const readers = scope.clusters.filter(readsConfiguration);
  const services = new Set(workloads.flatMap((one) => servicesOf(cluster, one)));
  return {
    ...appItem(scope, readers, cluster, namespace, name, workloads),
    workloadItems: workloads.map((one) => workloadItem(scope, readers, cluster, one)),
    services: [...services].map((one) => ({ cluster: cluster.name, namespace, name: one })),
    peers: peersOf(
      sources.series,
      (end) => end.cluster === cluster.name && end.namespace === namespace && end.app === name,
    ),
    elsewhere: scope.clusters
      .filter((one) => one !== cluster && scope.isSeen({ cluster: one.name, namespace }))
      .map((one) => ({
        cluster: one.name,
        workloads: scope.health.workloadsOfApp(one.name, namespace, name).map((workload) => workload.name),
      }))
      .filter((one) => one.workloads.length > 0),
    problems: scope.problems,
  };
}
