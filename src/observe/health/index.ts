/** Health of workloads, apps, services and namespaces by Kiali's rules, each in its own cluster. */
import type { ClusterModel } from '../model/cluster-model.ts';
import { appOf, labelsOf, proxyContainerOf, type Workload } from '../model/workload.ts';
import type { TrafficSeries } from '../prometheus/traffic.ts';
import { proxyStatuses, staleTypes } from '../topology/control-planes.ts';
import type { ClusterFacts } from '../topology/facts.ts';
import type {
  HealthStatus,
  HealthView,
  NamespaceHealth,
  ProxyCertificate,
  StatusCounts,
  TrafficSum,
} from '../types/index.ts';
import { type Requests, RequestTable, trafficSum } from './requests.ts';
import { healthAnnotation, judgeRequests, tolerancesOf, worst } from './thresholds.ts';
import { judgeWorkload, statusOf, withCertificates } from './workload-status.ts';

type NodeLike = {
  nodeType: string;
  cluster: string;
  namespace: string;
  workload?: string;
  app?: string;
  service?: string;
};

export interface HealthSources {
  factsOf: (cluster: ClusterModel) => ClusterFacts;
  certificateOf: (cluster: ClusterModel, namespace: string, pod: string) => ProxyCertificate | undefined;
}

export class HealthReader {
  readonly #clusters: Map<string, ClusterModel>;
  readonly #requests: RequestTable;
  /** Proxies that have all that they were sent, by `cluster/pod.namespace`; undefined where no istiod could be asked. */
  readonly #synced: Set<string> | undefined;
  readonly #certificateOf: HealthSources['certificateOf'];
  readonly #apps = new Map<string, Map<string, Workload[]>>();

  constructor(clusters: ClusterModel[], series: TrafficSeries[], { factsOf, certificateOf }: HealthSources) {
    this.#certificateOf = certificateOf;
    this.#clusters = new Map(clusters.map((one) => [one.name, one]));
    this.#requests = new RequestTable(series);
    const all = clusters.flatMap((cluster) =>
      factsOf(cluster).istiods.flatMap((one) => (one.syncz ? proxyStatuses(cluster.name, one.pod, one.syncz) : [])),
    );
    if (all.length > 0)
      this.#synced = new Set(
        all.filter((one) => staleTypes(one).length === 0).map((one) => `${one.cluster}/${one.proxy}`),
      );
  }

  workload(cluster: string, namespace: string, name: string): HealthView {
    const workload = this.#clusters.get(cluster)?.workloads.get(namespace, name);
    const requests = this.#requests.of('workload', cluster, namespace, name);
    const annotations = workload?.object?.metadata.annotations;
    const view = judge(requests, annotations?.[healthAnnotation]);
    if (!workload) return view;
    const { status, verdict } = this.#workloadVerdict(cluster, workload);
    return {
      ...view,
      workloadStatus: status,
      status: worst([view.status, verdict.status]),
      reasons: [...verdict.reasons, ...view.reasons],
    };
  }

  app(cluster: string, namespace: string, name: string): HealthView {
    const view = judge(this.#requests.of('app', cluster, namespace, name));
    const parts = this.workloadsOfApp(cluster, namespace, name).map((one) => this.#workloadVerdict(cluster, one));
    return {
      ...view,
      workloadStatuses: parts.map((one) => one.status),
      status: worst([view.status, ...parts.map((one) => one.verdict.status)]),
      reasons: [...parts.flatMap((one) => one.verdict.reasons), ...view.reasons],
    };
  }

  service(cluster: string, namespace: string, name: string): HealthView {
    const object = this.#clusters.get(cluster)?.get('Service', namespace, name);
    const requests = this.#requests.of('service', cluster, namespace, name);
    return judge(requests, object?.metadata.annotations?.[healthAnnotation]);
  }

  ofNode({ nodeType, cluster, namespace, workload, app, service }: NodeLike): HealthView | null {
    if (nodeType === 'service' && service) return this.service(cluster, namespace, service);
    if (workload) return this.workload(cluster, namespace, workload);
    return app ? this.app(cluster, namespace, app) : null;
  }

  traffic(
    type: 'workload' | 'app' | 'service' | 'namespace' | 'cluster',
    cluster: string,
    namespace = '',
    name = '',
  ): TrafficSum {
    return trafficSum(this.#requests.of(type, cluster, namespace, name));
  }

  namespace(cluster: ClusterModel, namespace: string): NamespaceHealth {
    const workloads = cluster.workloads.list(namespace);
    const apps = [...this.appsOf(cluster, namespace).keys()];
    const services = cluster.list('Service', namespace).map((one) => one.metadata.name ?? '');
    const table = (names: string[], read: (name: string) => HealthView): Record<string, HealthView> =>
      Object.fromEntries(names.map((name) => [name, read(name)]));
    const appHealth = table(apps, (name) => this.app(cluster.name, namespace, name));
    const serviceHealth = table(services, (name) => this.service(cluster.name, namespace, name));
    const workloadHealth = table(
      workloads.map((one) => one.name),
      (name) => this.workload(cluster.name, namespace, name),
    );
    const all = [appHealth, serviceHealth, workloadHealth].flatMap((one) => Object.values(one));
    return {
      cluster: cluster.name,
      namespace,
      status: worst(all.map((one) => one.status)),
      appHealth,
      serviceHealth,
      workloadHealth,
    };
  }

  appsOf(cluster: ClusterModel, namespace: string): Map<string, Workload[]> {
    const key = `${cluster.name}/${namespace}`;
    const known = this.#apps.get(key);
    if (known) return known;
    const apps = new Map<string, Workload[]>();
    for (const workload of cluster.workloads.list(namespace)) {
      const app = appOf(labelsOf(workload));
      if (app) apps.set(app, [...(apps.get(app) ?? []), workload]);
    }
    this.#apps.set(key, apps);
    return apps;
  }

  workloadsOfApp(cluster: string, namespace: string, name: string): Workload[] {
    const model = this.#clusters.get(cluster);
    return (model && this.appsOf(model, namespace).get(name)) ?? [];
  }

  #workloadVerdict(cluster: string, workload: Workload) {
    const proxies = [...workload.pods.values()].filter(proxyContainerOf);
    const synced = this.#synced;
    const count = synced
      ? proxies.filter((one) => synced.has(`${cluster}/${one.metadata.name}.${one.metadata.namespace}`)).length
      : -1;
    const status = statusOf(workload, proxies.length > 0 ? count : -1);
    const model = this.#clusters.get(cluster);
    const certificates = proxies.flatMap(
      ({ metadata: { namespace = '', name = '' } }) => (model && this.#certificateOf(model, namespace, name)) ?? [],
    );
    return { status, verdict: withCertificates(judgeWorkload(status, proxies.length), certificates) };
  }
}

function judge(requests: Requests, annotation?: string): HealthView {
  const tolerances = tolerancesOf(annotation);
  const inbound = judgeRequests(requests.inbound, 'inbound', tolerances);
  const outbound = judgeRequests(requests.outbound, 'outbound', tolerances);
  return {
    requests: {
      inbound: requests.inbound,
      outbound: requests.outbound,
      healthAnnotations: annotation ? { [healthAnnotation]: annotation } : {},
    },
    status: worst([inbound.status, outbound.status]),
    reasons: [...inbound.reasons, ...outbound.reasons],
  };
}

export function countStatuses(statuses: Iterable<HealthStatus>): StatusCounts {
  const counts: StatusCounts = { NA: 0, Healthy: 0, 'Not Ready': 0, Degraded: 0, Failure: 0 };
  for (const one of statuses) counts[one]++;
  return counts;
}
