/** Applications, workloads and services: lists over all clusters, and one of them. */
import {
  appDetails,
  appList,
  type ClusterModel,
  overview,
  proxyTable,
  readMetrics,
  serviceDetails,
  serviceList,
  workloadDetails,
  workloadList,
} from '../../../observe/index.ts';
import { type Asked, type ConsoleContext, clusterOf, wantedBy } from '../context.ts';
import { notFound } from '../http.ts';
import { kialisHealth } from '../kiali-health.ts';
import { choiceOf, durationOf, listOf, numberOf, timeOf } from '../parameters.ts';
import type { AddRoute } from '../routes.ts';

const clusterScope = (asked: Asked) => ({ duration: durationOf(asked.query), queryTime: timeOf(asked.query) });

export function addLists(add: AddRoute, { observer }: ConsoleContext): void {
  const scope = (asked: Asked, extra: { responseTime?: '95' } = {}) =>
    observer.scope({ ...clusterScope(asked), ...extra }, wantedBy(asked), (where) => asked.viewer.canSee(where));
  const answers = {
    workloads: async (asked: Asked) => workloadList(await scope(asked)),
    apps: async (asked: Asked) => appList(await scope(asked)),
    services: async (asked: Asked) => serviceList(await scope(asked)),
  };
  for (const [type, answer] of Object.entries(answers)) {
    const name = { workloads: 'WorkloadList', apps: 'AppList', services: 'ServiceList' }[type]!;
    add('GET', `/api/clusters/${type}`, { summary: `${type} of all clusters`, answer: name, query: 'list' }, answer);
    add(
      'GET',
      `/api/namespaces/{namespace}/${type}`,
      { summary: `${type} of a namespace, in every cluster that has it`, answer: name, query: 'list' },
      answer,
    );
  }
  add(
    'GET',
    '/api/overview',
    { summary: 'health and traffic of clusters and namespaces', answer: 'Overview', query: 'list' },
    async (asked) => {
      const wanted = wantedBy(asked);
      const found = await scope(asked, { responseTime: '95' });
      const validations = observer.validator.all(wanted);
      return overview(found, {
        series: found.series,
        links: observer.mesh().links,
        validations,
        duration: durationOf(asked.query),
      });
    },
  );
  addHealth(add, { observer } as ConsoleContext);
  addDetails(add, observer);
}

function addHealth(add: AddRoute, { observer }: ConsoleContext): void {
  const read = async (asked: Asked) => {
    const wanted = wantedBy(asked);
    const found = await observer.scope(clusterScope(asked), wanted);
    const namespaces = observer.clusters.flatMap((cluster) =>
      cluster
        .list('Namespace')
        .map((one) => one.metadata.name ?? '')
        .filter((namespace) => wanted({ cluster: cluster.name, namespace }))
        .map((namespace) => found.health.namespace(cluster, namespace)),
    );
    const { query } = asked;
    const isKialis = query.has('type') || query.has('clusterName');
    return { namespaces, ...(isKialis ? kialisHealth(namespaces, query.get('type')) : {}), problems: found.problems };
  };
  add(
    'GET',
    '/api/clusters/health',
    { summary: 'health of everything in all namespaces', answer: 'ClustersHealth', query: 'health' },
    read,
  );
  add(
    'GET',
    '/api/namespaces/{namespace}/health',
    { summary: 'health of a namespace, one entry for each cluster', answer: 'NamespaceHealth[]', query: 'list' },
    async (asked) => (await read(asked)).namespaces,
  );
}

type Observer = ConsoleContext['observer'];

const hasEntity = {
  workloads: (cluster: ClusterModel, namespace: string, name: string): boolean =>
    cluster.workloads.get(namespace, name) !== undefined,
  services: (cluster: ClusterModel, namespace: string, name: string): boolean =>
    cluster.get('Service', namespace, name) !== undefined,
  apps: (cluster: ClusterModel, namespace: string, name: string, observer: Observer): boolean =>
    observer.healthOf([]).workloadsOfApp(cluster.name, namespace, name).length > 0,
};

function addDetails(add: AddRoute, observer: Observer): void {
  const read = { workloads: workloadDetails, apps: appDetails, services: serviceDetails };
  for (const type of ['workloads', 'apps', 'services'] as const) {
    const single = type.slice(0, -1);
    const answer = { workloads: 'WorkloadDetails', apps: 'AppDetails', services: 'ServiceDetails' }[type];
    const home = (asked: Asked): { cluster: ClusterModel; namespace: string; name: string } => {
      const { namespace = '', name = '' } = asked.params;
      return {
        namespace,
        name,
        cluster: clusterOf(observer, asked, `${single} ${name}`, (one) =>
          hasEntity[type](one, namespace, name, observer),
        ),
      };
    };
    add(
      'GET',
      `/api/namespaces/{namespace}/${type}/{name}`,
      { summary: `one ${single}, with its neighbours`, answer, query: 'entity' },
      async (asked) => {
        const { cluster, namespace, name } = home(asked);
        const { series, ...scope } = await observer.scope(clusterScope(asked), (where) => asked.viewer.canSee(where));
        const proxies = proxyTable(observer.clusters, (one) => observer.facts.of(one));
        const certificateOf: Parameters<typeof workloadDetails>[1]['certificateOf'] = (...pod) =>
          observer.certificates.of(...pod);
        const seen = {
          ...scope,
          clusters: scope.clusters.filter((one) => asked.viewer.canSee({ cluster: one.name, namespace })),
        };
        return (
          read[type](seen, { series, proxies, certificateOf }, cluster, namespace, name) ?? notFoundHere(single, name)
        );
      },
    );
    add(
      'GET',
      `/api/namespaces/{namespace}/${type}/{name}/metrics`,
      { summary: `charts of one ${single}`, answer: 'MetricsMap', query: 'metrics' },
      async (asked) => {
        const { cluster, namespace, name } = home(asked);
        const label = { workloads: 'workload', apps: 'canonical_service', services: 'service_name' }[type];
        const space = type === 'services' ? 'service_namespace' : 'workload_namespace';
        return metricsOf(
          observer,
          asked,
          { [label]: name, [space]: namespace, cluster: cluster.name },
          type === 'services' ? 'inbound' : undefined,
        );
      },
    );
  }
  add(
    'GET',
    '/api/clusters/metrics',
    { summary: 'charts of what arrived in the namespaces, by cluster', answer: 'MetricsMap', query: 'metrics' },
    async (asked) => {
      const wanted = wantedBy(asked);
      const clusters = observer.clusters.filter((one) =>
        one.list('Namespace').some((space) => wanted({ cluster: one.name, namespace: space.metadata.name ?? '' })),
      );
      const spaces = new Set(
        clusters.flatMap((one) =>
          one
            .list('Namespace')
            .map((space) => space.metadata.name ?? '')
            .filter((namespace) => wanted({ cluster: one.name, namespace })),
        ),
      );
      if (spaces.size === 0) return {};
      const matching = {
        destination_workload_namespace: [...spaces].map((one) => one.replaceAll('.', '\\.')).join('|'),
      };
      const range = rangeOf(asked);
      return readMetrics(
        clusters,
        { direction: 'inbound', match: {}, matching, byLabels: ['destination_cluster'], ...range },
        ['request_count', 'request_error_count', 'request_duration_millis'],
      );
    },
  );
}

function notFoundHere(single: string, name: string): never {
  throw notFound(`there is no ${single} ${name}`);
}

const mostPoints = 300;

function rangeOf({ query }: Asked): { duration: number; step: number; end: number } {
  const duration = durationOf(query);
  const step = numberOf(query, 'step', Math.max(2, Math.ceil(duration / 120)), [1, 3600]);
  return { duration, step: Math.max(step, Math.ceil(duration / mostPoints)), end: timeOf(query) ?? Date.now() / 1000 };
}

/** What arrived was counted in the entity's cluster; what left it as well: only that Prometheus is asked, unless it has none. */
async function metricsOf(observer: Observer, asked: Asked, match: Record<string, string>, only?: 'inbound') {
  const { query } = asked;
  const direction = only ?? choiceOf(query, 'direction', ['inbound', 'outbound'], 'inbound');
  const byLabels = (listOf(query, 'byLabels', 'byLabels[]') ?? []).filter((one) => /^[a-zA-Z_]\w*$/.test(one));
  const home = observer.model.cluster(match['cluster'] ?? '');
  const options = { direction, match, byLabels, ...rangeOf(asked) };
  const own = await readMetrics(home ? [home] : [], options).catch(() => undefined);
  // Where the cluster's own Prometheus is silent, whoever federates it may know.
  return (
    own ??
    readMetrics(
      observer.clusters.filter((one) => one !== home),
      options,
    )
  );
}
