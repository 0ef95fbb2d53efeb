/** The mesh as a whole: clusters, namespaces, topology, graph. */
import {
  type Graph,
  type MeshView,
  type Observer,
  type ProxyCertificates,
  problemsOf,
} from '../../../observe/index.ts';
import type { ClusterListItem, MeshTls, NamespaceListItem } from '../../api.ts';
import { type Asked, type ConsoleContext, wantedBy } from '../context.ts';
import { meshGraph } from '../mesh-graph.ts';
import { choiceOf, durationOf, isTrue, listOf, timeOf } from '../parameters.ts';
import type { AddRoute } from '../routes.ts';
import type { Viewer } from '../viewer.ts';

export function addMesh(add: AddRoute, { observer }: ConsoleContext): void {
  add(
    'GET',
    '/api/clusters',
    { summary: 'all clusters, with whether they answer', answer: 'ClusterListItem[]' },
    ({ viewer }) => clusterItems(visible(observer.mesh(), viewer)),
  );
  add(
    'GET',
    '/api/namespaces',
    { summary: 'namespaces of all clusters', answer: 'NamespaceListItem[]', query: 'list' },
    (asked) => namespaceItems(observer, asked),
  );
  add('GET', '/api/mesh', { summary: 'what stands where, and what joins it', answer: 'MeshView' }, ({ viewer }) =>
    visible(observer.mesh(), viewer),
  );
  add('GET', '/api/mesh/graph', { summary: "Kiali's mesh graph", answer: 'MeshGraph' }, ({ viewer }) =>
    meshGraph(visible(observer.mesh(), viewer)),
  );
  add(
    'GET',
    '/api/mesh/certificates',
    { summary: 'what each proxy shows as its own certificate', answer: 'ProxyCertificates', query: 'places' },
    (asked): ProxyCertificates => ({
      ...observer.certificates.list(wantedBy(asked)),
      problems: problemsOf(observer.clusters),
    }),
  );
  add(
    'GET',
    '/api/mesh/tls',
    { summary: "Kiali's status of mutual TLS in the mesh", answer: 'MeshTls' },
    ({ viewer }) => meshTls(observer, viewer),
  );
  add('GET', '/api/namespaces/graph', { summary: 'the traffic graph', answer: 'Graph', query: 'graph' }, (asked) =>
    graphOf(observer, asked),
  );
  for (const [plural, type] of [
    ['workloads', 'workload'],
    ['applications', 'app'],
    ['apps', 'app'],
    ['services', 'service'],
  ] as const)
    add(
      'GET',
      `/api/namespaces/{namespace}/${plural}/{name}/graph`,
      { summary: `the graph of one ${type} and its neighbours`, answer: 'Graph', query: 'graph' },
      (asked) => {
        const { namespace = '', name = '' } = asked.params;
        return graphOf(observer, asked, {
          type,
          namespace,
          name,
          cluster: asked.query.get('clusterName') ?? undefined,
        });
      },
    );
  add(
    'GET',
    '/api/events',
    { summary: 'what changed, newest first', answer: 'EventList', query: 'events' },
    (asked) => {
      const { query, viewer } = asked;
      const clusters = listOf(query, 'clusters');
      const namespaces = listOf(query, 'namespaces');
      const list = observer.events.list({ since: timeOf(query, 'since'), limit: 5000 });
      const events = list.events.filter(
        ({ cluster, object }) =>
          (!clusters || clusters.includes(cluster)) &&
          (!namespaces || (object !== undefined && namespaces.includes(object.namespace))) &&
          viewer.canSee({ cluster, namespace: object?.namespace ?? '' }),
      );
      return { ...list, events: events.slice(0, Number(query.get('limit')) || 1000) };
    },
  );
}

function clusterItems(view: MeshView): ClusterListItem[] {
  return view.clusters.map(({ name, api, network, server }) => ({
    name,
    accessible: api.reachable,
    ...(api.reason ? { reason: api.reason } : {}),
    ...(api.lastSeen ? { lastSeen: api.lastSeen } : {}),
    ...(network ? { network } : {}),
    ...(server ? { apiEndpoint: server } : {}),
  }));
}

function namespaceItems(observer: Observer, asked: Asked): NamespaceListItem[] {
  const wanted = wantedBy(asked);
  return observer.clusters.flatMap((cluster) =>
    cluster
      .list('Namespace')
      .filter((one) => wanted({ cluster: cluster.name, namespace: one.metadata.name ?? '' }))
      .map(({ metadata }) => ({
        name: metadata.name ?? '',
        cluster: cluster.name,
        isControlPlane: cluster.rootNamespaces.includes(metadata.name ?? ''),
        isAmbient: metadata.labels?.['istio.io/dataplane-mode'] === 'ambient',
        labels: metadata.labels ?? {},
        annotations: metadata.annotations ?? {},
      })),
  );
}

/** Of clusters whose control plane's namespace the viewer may not see, only that they are there. */
export function visible(view: MeshView, viewer: Viewer): MeshView {
  const mayKnow = (name: string): boolean =>
    viewer.canSee({
      cluster: name,
      namespace: view.clusters.find((one) => one.name === name)?.controlPlanes[0]?.namespace ?? 'istio-system',
    });
  if (view.clusters.every((one) => mayKnow(one.name))) return view;
  return {
    ...view,
    clusters: view.clusters.map((one) =>
      mayKnow(one.name)
        ? one
        : {
            name: one.name,
            origin: one.origin,
            role: 'unknown' as const,
            ...(one.network ? { network: one.network } : {}),
            controlledBy: [],
            api: {
              reachable: one.api.reachable,
              unseenKinds: [{ kind: 'all', why: 'you have no right to see the namespace of its control plane' }],
            },
            controlPlanes: [],
            gateways: [],
            remoteSecrets: [],
            trust: { certificates: [], sharedWith: [], state: 'unknown' as const, why: 'not yours to see' },
            prometheus: { state: 'unknown' as const, why: 'not yours to see', clusters: [], federation: [] },
            counts: { namespaces: 0, workloads: 0, pods: 0, podsReady: 0, proxies: 0, services: 0 },
            proxyVersions: {},
          },
    ),
    links: view.links.filter((one) => mayKnow(one.from) && mayKnow(one.to)),
    disagreements: view.disagreements.filter((one) => mayKnow(one.cluster)),
  };
}

/** Of the control planes that may be seen: automatic where all of them make it so, and the lowest version that one of them accepts. */
function meshTls(observer: Observer, viewer: Viewer): MeshTls {
  const modes = observer.clusters.flatMap((cluster) =>
    cluster.rootNamespaces
      .filter((namespace) => viewer.canSee({ cluster: cluster.name, namespace }))
      .flatMap((namespace) =>
        cluster
          .list('PeerAuthentication', namespace)
          .filter((one) => !one['spec']?.selector)
          .map((one) => one['spec']?.mtls?.mode),
      ),
  );
  const planes = visible(observer.mesh(), viewer).clusters.flatMap((one) => one.controlPlanes);
  const versions = planes.map((one) => one.minTls).sort();
  const status = modes.includes('STRICT')
    ? 'MTLS_ENABLED'
    : modes.includes('DISABLE')
      ? 'MTLS_DISABLED'
      : 'MTLS_NOT_ENABLED';
  return {
    status,
    autoMTLSEnabled: planes.length > 0 && planes.every((one) => one.autoMtls),
    minTLS: (versions.includes(undefined) ? undefined : versions[0]) ?? 'N/A',
  };
}

const graphTypes = ['versionedApp', 'app', 'service', 'workload'] as const;

function graphOf(
  observer: Observer,
  asked: Asked,
  focus?: { type: 'workload' | 'app' | 'service'; namespace: string; name: string; cluster: string | undefined },
): Promise<Graph> {
  const { query } = asked;
  const queryTime = timeOf(query);
  const boxBy = listOf(query, 'boxBy') ?? ['cluster', 'namespace'];
  const wanted = focus
    ? (where: { cluster: string; namespace: string }) => asked.viewer.canSee(where)
    : wantedBy(asked);
  return observer.graph({
    graphType: choiceOf(
      query,
      'graphType',
      graphTypes,
      focus?.type === 'service' ? 'workload' : focus?.type === 'app' ? 'versionedApp' : 'workload',
    ),
    duration: durationOf(query),
    queryTime: queryTime ?? Date.now() / 1000,
    isPast: queryTime !== undefined,
    boxBy: (['cluster', 'namespace', 'app'] as const).filter((one) => boxBy.includes(one)),
    injectServiceNodes: isTrue(query, 'injectServiceNodes', true),
    includeIdle: isTrue(query, 'includeIdleEdges') || isTrue(query, 'includeIdle'),
    throughput: query.has('throughputType')
      ? choiceOf(query, 'throughputType', ['request', 'response'], 'request')
      : undefined,
    responseTime: choiceOf(query, 'responseTime', ['avg', '50', '95', '99'], '95'),
    isWanted: wanted,
    isSeen: (where) => asked.viewer.canSee(where),
    focus,
  });
}
