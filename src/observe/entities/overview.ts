import { readsConfiguration } from '../config/index-by-service.ts';
import { flowsOf } from '../graph/flows.ts';
import { countStatuses } from '../health/index.ts';
import { worst } from '../health/thresholds.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { isFailure, isKnown, type TrafficSeries } from '../prometheus/traffic.ts';
import type { IstioValidation, MeshLink, NamespaceHealth, Overview } from '../types/index.ts';
import { type Scope, wantedNamespaces } from './scope.ts';
import { mtlsOf } from './workloads.ts';

export interface OverviewSources {
  series: TrafficSeries[];
  links: MeshLink[];
  validations: IstioValidation[];
  duration: number;
}

export function overview(scope: Scope, sources: OverviewSources): Overview {
  const { health, clusters, problems } = scope;
  const readers = clusters.filter(readsConfiguration);
  const spaces = wantedNamespaces(scope).map((one) => ({
    ...one,
    health: health.namespace(one.cluster, one.namespace),
  }));
  const counts = (healths: NamespaceHealth[]) => ({
    workloads: countStatuses(healths.flatMap((one) => Object.values(one.workloadHealth).map((view) => view.status))),
    services: countStatuses(healths.flatMap((one) => Object.values(one.serviceHealth).map((view) => view.status))),
    apps: countStatuses(healths.flatMap((one) => Object.values(one.appHealth).map((view) => view.status))),
  });
  const ofLinks = (state: MeshLink['state']): number => sources.links.filter((one) => one.state === state).length;
  const services = serviceFigures(scope, sources.series);
  return {
    timestamp: new Date().toISOString(),
    duration: sources.duration,
    clusters: clusters.map((cluster) => {
      const own = spaces.filter((one) => one.cluster === cluster).map((one) => one.health);
      const { reachable, reason, lastSeen } = cluster.api;
      return {
        name: cluster.name,
        reachable,
        ...(reason ? { reason } : {}),
        ...(lastSeen ? { lastSeen } : {}),
        status: worst(own.map((one) => one.status)),
        ...counts(own),
        traffic: health.traffic('cluster', cluster.name),
      };
    }),
    namespaces: spaces.map(({ cluster, namespace, health: one }) => ({
      cluster: cluster.name,
      namespace,
      status: one.status,
      injection: injectionOf(cluster, namespace),
      mtls: mtlsOf(readers, namespace, undefined, cluster).mode as 'STRICT',
      isControlPlane: cluster.rootNamespaces.includes(namespace),
      ...counts([one]),
      traffic: health.traffic('namespace', cluster.name, namespace),
      validations: countValidations(sources.validations, cluster.name, namespace),
    })),
    crossing: crossingOf(scope, sources.series),
    links: { ok: ofLinks('ok'), degraded: ofLinks('degraded'), broken: ofLinks('broken'), unknown: ofLinks('unknown') },
    slowest: services
      .filter((one) => one.p95 > 0)
      .sort((one, other) => other.p95 - one.p95)
      .slice(0, 5)
      .map(({ cluster, namespace, service, p95 }) => ({ cluster, namespace, service, p95 })),
    failing: services
      .filter((one) => one.errorRate > 0)
      .sort((one, other) => other.errorRate - one.errorRate)
      .slice(0, 5)
      .map(({ cluster, namespace, service, rate, errorRate }) => ({ cluster, namespace, service, rate, errorRate })),
    problems,
  };
}

function injectionOf(cluster: ClusterModel, namespace: string): 'enabled' | 'disabled' | 'none' {
  const labels = cluster.get('Namespace', undefined, namespace)?.metadata.labels ?? {};
  if (labels['istio-injection'] === 'disabled') return 'disabled';
  return labels['istio-injection'] === 'enabled' || labels['istio.io/rev'] ? 'enabled' : 'none';
}

function countValidations(validations: IstioValidation[], cluster: string, namespace: string) {
  const own = validations.filter((one) => one.cluster === cluster && one.namespace === namespace);
  const having = (severity: string): number =>
    own.reduce((sum, one) => sum + one.checks.filter((check) => check.severity === severity).length, 0);
  return { errors: having('error'), warnings: having('warning'), objects: own.length };
}

function crossingOf({ isWanted }: Scope, series: TrafficSeries[]): Overview['crossing'] {
  const sums = new Map<string, Overview['crossing'][number]>();
  for (const { sample, shown } of flowsOf(series)) {
    const { source, destination, protocol } = sample;
    if (protocol === 'tcp') continue;
    if (!isKnown(source.cluster) || !isKnown(destination.cluster)) continue;
    if (!isWanted(source) && !isWanted(destination)) continue;
    const key = `${source.cluster}>${destination.cluster}`;
    const sum = sums.get(key) ?? { from: source.cluster, to: destination.cluster, rate: 0, errorRate: 0 };
    sums.set(key, sum);
    for (const one of shown) {
      sum.rate += one.rate;
      if (isFailure(one)) sum.errorRate += one.rate;
    }
  }
  return [...sums.values()];
}

function serviceFigures({ isWanted }: Scope, series: TrafficSeries[]) {
  const figures = new Map<
    string,
    { cluster: string; namespace: string; service: string; rate: number; errorRate: number; p95: number }
  >();
  for (const { shown, sample } of flowsOf(series)) {
    if (sample.protocol === 'tcp') continue;
    const { serviceName, serviceNamespace, cluster: answered } = sample.destination;
    const cluster = isKnown(answered) ? answered : sample.source.cluster;
    if (!isKnown(serviceName) || !isWanted({ cluster, namespace: serviceNamespace })) continue;
    const key = `${cluster}/${serviceNamespace}/${serviceName}`;
    const figure = figures.get(key) ?? {
      cluster,
      namespace: serviceNamespace,
      service: serviceName,
      rate: 0,
      errorRate: 0,
      p95: 0,
    };
    figures.set(key, figure);
    for (const one of shown) {
      figure.rate += one.rate;
      if (isFailure(one)) figure.errorRate += one.rate;
      figure.p95 = Math.max(figure.p95, one.responseTime ?? 0);
    }
  }
  return [...figures.values()];
}
