/** Kiali's rules of which node a series belongs to, keyed by cluster throughout. */
import { isKnown, type TrafficSeries } from '../prometheus/traffic.ts';
import type { GraphType } from '../types/index.ts';

export interface NodeIdentity {
  key: string;
  nodeType: 'app' | 'service' | 'unknown' | 'workload';
  cluster: string;
  namespace: string;
  workload?: string;
  app?: string;
  version?: string;
  service?: string;
  why?: string;
}

interface End {
  cluster: string;
  namespace: string;
  workload: string;
  app: string;
  version: string;
  service: string;
}

/** Names that Envoy gives to destinations outside of the mesh. */
export const outsideClusters = ['PassthroughCluster', 'BlackHoleCluster', 'InboundPassthroughCluster'];

const lostCluster = 'no server answered, so that the client does not know to which cluster the request went';

export function sourceOf({ source }: TrafficSeries, type: GraphType): NodeIdentity | undefined {
  return identify({ ...source, service: '' }, type);
}

/** The destination as a workload or app where one is known, else as the service. */
export function destinationOf(series: TrafficSeries, type: GraphType): NodeIdentity | undefined {
  const { destination: to, source } = series;
  const isOutside = outsideClusters.includes(to.serviceName);
  const namespace = isKnown(to.namespace) ? to.namespace : to.serviceNamespace;
  // It is the client's own proxy that lets such requests pass or not, so the client's cluster is where this is.
  const cluster = isOutside && !isKnown(to.cluster) ? source.cluster : to.cluster;
  const found = identify({ ...to, namespace, cluster, service: to.serviceName }, type);
  if (found && !isKnown(found.cluster)) found.why = lostCluster;
  return found;
}

/** The service in front of the destination; it stands in the cluster of the endpoint that answered. */
export function serviceOf(series: TrafficSeries): NodeIdentity | undefined {
  const { serviceName, serviceNamespace, cluster, namespace } = series.destination;
  if (!isKnown(serviceName) || outsideClusters.includes(serviceName)) return undefined;
  return serviceNode(cluster, isKnown(serviceNamespace) ? serviceNamespace : namespace, serviceName);
}

export function serviceNode(cluster: string, namespace: string, service: string): NodeIdentity {
  return { key: `svc_${cluster}_${namespace}_${service}`, nodeType: 'service', cluster, namespace, service };
}

export function workloadNode(
  one: { cluster: string; namespace: string; workload: string; app: string; version: string },
  type: GraphType,
): NodeIdentity | undefined {
  return identify({ ...one, service: '' }, type);
}

function identify(end: End, type: GraphType): NodeIdentity | undefined {
  const { cluster, namespace, workload, app, version, service } = end;
  const at = { cluster, namespace };
  const details = {
    ...(isKnown(workload) ? { workload } : {}),
    ...(isKnown(app) ? { app } : {}),
    ...(isKnown(version) && version !== 'latest' ? { version } : {}),
  };
  const nothing = !isKnown(workload) && !isKnown(app);
  if (nothing && service === '')
    return { key: `${cluster}_unknown_source`, nodeType: 'unknown', cluster, namespace: 'unknown' };
  if (nothing && !isKnown(service))
    return { key: `svc_${cluster}_${namespace}_unknown`, nodeType: 'service', ...at, service: 'unknown' };
  const byApp = type === 'app' || type === 'versionedApp';
  if (byApp && isKnown(app)) {
    if (type === 'app') return { key: `app_${cluster}_${namespace}_${app}`, nodeType: 'app', ...at, app };
    const key = isKnown(workload) ? workload : details.version ? `${app}_${details.version}` : undefined;
    if (key) return { key: `vapp_${cluster}_${namespace}_${key}`, nodeType: 'app', ...at, ...details };
    return { key: `app_${cluster}_${namespace}_${app}`, nodeType: 'app', ...at, app };
  }
  if (isKnown(workload))
    return { key: `wl_${cluster}_${namespace}_${workload}`, nodeType: 'workload', ...at, ...details };
  const name = isKnown(service) ? service : 'unknown';
  return { key: `svc_${cluster}_${namespace}_${name}`, nodeType: 'service', ...at, service: name };
}
