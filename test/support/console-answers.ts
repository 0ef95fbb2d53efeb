/** Answers of a mesh of three clusters, of which one cannot be reached and one way is broken. */

import { parse } from 'yaml';
import type {
  AppListItem,
  Graph,
  GraphEdge,
  GraphNode,
  HealthStatus,
  HealthView,
  IstioConfigItem,
  MeshEvent,
  MeshLink,
  MeshView,
  MetricsMap,
  Overview,
  ServiceDetails,
  ServiceListItem,
  StatusCounts,
  TrafficSum,
  WorkloadListItem,
} from '../../src/console/api.ts';
import type { PlantedAnswers } from './console-server.ts';
import { doctorReport, proxyCertificates } from './doctor-answers.ts';

const now = Date.now();
const iso = (secondsAgo: number): string => new Date(now - secondsAgo * 1000).toISOString();

export const health = (status: HealthStatus, ...reasons: string[]): HealthView => ({
  requests: { inbound: { http: { '200': 9.5, '503': 0.5 } }, outbound: {}, healthAnnotations: {} },
  workloadStatus: { name: 'w', desiredReplicas: 1, currentReplicas: 1, availableReplicas: 1, syncedProxies: 1 },
  status,
  reasons,
});

const traffic = (inbound: number, errors = 0, outbound = 0): TrafficSum => ({
  inbound,
  inboundErrors: errors,
  outbound,
  outboundErrors: 0,
  tcpIn: 0,
  tcpOut: 0,
});

const counts = (healthy: number, failing = 0): StatusCounts => ({
  NA: 1,
  Healthy: healthy,
  'Not Ready': 0,
  Degraded: 0,
  Failure: failing,
});

const problem = {
  cluster: 'north',
  source: 'api' as const,
  why: 'connect ECONNREFUSED 192.168.49.4:6443',
  lastSeen: iso(600),
};

const overview: Overview = {
  timestamp: iso(0),
  duration: 300,
  clusters: [
    {
      name: 'east',
      reachable: true,
      status: 'Healthy',
      workloads: counts(6),
      services: counts(4),
      apps: counts(3),
      traffic: traffic(12.4, 0, 14),
    },
    {
      name: 'north',
      reachable: false,
      reason: problem.why,
      lastSeen: iso(600),
      status: 'NA',
      workloads: counts(0),
      services: counts(0),
      apps: counts(0),
      traffic: traffic(0),
    },
    {
      name: 'west',
      reachable: true,
      status: 'Failure',
      workloads: counts(3, 1),
      services: counts(3, 1),
      apps: counts(2, 1),
      traffic: traffic(20.2, 2.4, 8),
    },
  ],
  namespaces: [
    {
      cluster: 'east',
      namespace: 'sample',
      status: 'Healthy',
      injection: 'enabled',
      mtls: 'PERMISSIVE',
      isControlPlane: false,
      workloads: counts(2),
      services: counts(2),
      apps: counts(2),
      traffic: traffic(12.4, 0, 14),
      validations: { errors: 0, warnings: 1, objects: 3 },
    },
    {
      cluster: 'east',
      namespace: 'istio-system',
      status: 'Healthy',
      injection: 'none',
      mtls: 'PERMISSIVE',
      isControlPlane: true,
      workloads: counts(3),
      services: counts(3),
      apps: counts(2),
      traffic: traffic(0),
      validations: { errors: 0, warnings: 0, objects: 2 },
    },
    {
      cluster: 'west',
      namespace: 'sample',
      status: 'Failure',
      injection: 'enabled',
      mtls: 'STRICT',
      isControlPlane: false,
      workloads: counts(1, 1),
      services: counts(1, 1),
      apps: counts(1, 1),
      traffic: traffic(20.2, 2.4, 8),
      validations: { errors: 1, warnings: 0, objects: 2 },
    },
  ],
  crossing: [
    { from: 'east', to: 'east', rate: 6.2, errorRate: 0 },
    { from: 'east', to: 'west', rate: 12.1, errorRate: 2.4 },
    { from: 'west', to: 'east', rate: 6.1, errorRate: 0 },
    { from: 'west', to: 'west', rate: 8.1, errorRate: 0 },
  ],
  links: { ok: 6, degraded: 0, broken: 2, unknown: 1 },
  slowest: [{ cluster: 'west', namespace: 'sample', service: 'helloworld', p95: 240 }],
  failing: [{ cluster: 'west', namespace: 'sample', service: 'helloworld', rate: 20.2, errorRate: 2.4 }],
  problems: [problem],
};

const link = (kind: MeshLink['kind'], from: string, to: string, why?: string, fix?: string): MeshLink => ({
  id: `${kind}/${from}/${to}`,
  kind,
  from,
  to,
  state: why === undefined ? 'ok' : 'broken',
  ...(why === undefined ? {} : { why }),
  ...(fix === undefined ? {} : { fix }),
  since: iso(1200),
});

const certificate = (kind: 'root' | 'intermediate', days: number) => ({
  kind,
  from: 'Secret istio-system/cacerts',
  subject: `CN=${kind}, O=Isthmus`,
  issuer: 'CN=root, O=Isthmus',
  fingerprint: 'd8b2da2bdf03be4d4c1a'.padEnd(64, '0'),
  notBefore: iso(86_400),
  notAfter: iso(-86_400 * days),
  state: 'ok' as const,
});

const trust = (sharedWith: string[]) => ({
  trustDomain: 'cluster.local',
  rootFingerprint: 'd8b2da2bdf03be4d4c1a'.padEnd(64, '0'),
  certificates: [certificate('root', 3650), certificate('intermediate', 700)],
  sharedWith,
  state: 'ok' as const,
});

const gateway = (cluster: string, network: string, address: string, why?: string) => ({
  cluster,
  namespace: 'istio-system',
  name: 'istio-eastwestgateway',
  type: 'eastwest' as const,
  network,
  addresses: [address],
  ports: [
    { name: 'tls', port: 15443, targetPort: 15443 },
    { name: 'tls-istiod', port: 15012, targetPort: 15012 },
  ],
  replicas: { desired: 1, ready: why === undefined ? 1 : 0 },
  state: why === undefined ? ('ok' as const) : ('broken' as const),
  ...(why === undefined
    ? {}
    : { why, fix: 'kubectl --context west -n istio-system scale deploy istio-eastwestgateway --replicas=1' }),
});

const seen = { namespaces: 4, workloads: 6, pods: 6, podsReady: 6, proxies: 5, services: 7 };

const mesh: MeshView = {
  timestamp: iso(0),
  meshIDs: ['mesh1'],
  trustDomains: ['cluster.local'],
  clusters: [
    {
      name: 'east',
      context: 'east',
      origin: { type: 'kubeconfig', context: 'east' },
      server: 'https://127.0.0.1:37731',
      network: 'network1',
      role: 'primary',
      controlledBy: ['east'],
      api: { reachable: true, lastSeen: iso(1), unseenKinds: [] },
      kubernetesVersion: 'v1.36.3',
      controlPlanes: [
        {
          cluster: 'east',
          namespace: 'istio-system',
          name: 'istiod',
          revision: 'default',
          version: '1.30.0',
          clusterId: 'east',
          autoMtls: true,
          external: true,
          replicas: { desired: 1, ready: 1 },
          state: 'ok',
          serves: [
            { cluster: 'east', syncStatus: 'synced' },
            { cluster: 'west', secret: 'istio-system/istio-remote-secret-west', syncStatus: 'synced' },
          ],
          proxies: { total: 8, synced: 8, stale: [] },
        },
      ],
      gateways: [gateway('east', 'network1', '192.168.49.20')],
      remoteSecrets: [
        {
          cluster: 'east',
          namespace: 'istio-system',
          name: 'istio-remote-secret-west',
          target: 'west',
          server: 'https://192.168.49.3:6443',
          state: 'ok',
          syncStatus: 'synced',
          tokenExpires: iso(-86_400 * 200),
        },
        {
          cluster: 'east',
          namespace: 'istio-system',
          name: 'istio-remote-secret-north',
          target: 'north',
          server: 'https://192.168.49.4:6443',
          state: 'broken',
          why: 'istiod cannot read the cluster: connection refused',
          syncStatus: 'timeout',
        },
      ],
      trust: {
        ...trust(['west']),
        workloads: { proxies: 8, read: 8, expired: 0, ending: 0, foreign: 0, nextEnd: iso(-80_000), state: 'ok' },
      },
      prometheus: {
        state: 'ok',
        source: 'istio-system/prometheus',
        version: '3.5',
        clusters: ['east', 'west'],
        targets: { up: 6, down: 0 },
        federation: [{ job: 'federate-west', target: '192.168.49.31:9090', cluster: 'west', state: 'ok' }],
      },
      counts: seen,
      proxyVersions: { '1.30.0': 5 },
    },
    {
      name: 'west',
      context: 'west',
      origin: { type: 'kubeconfig', context: 'west' },
      server: 'https://127.0.0.1:39585',
      network: 'network2',
      role: 'remote',
      controlledBy: ['east'],
      api: { reachable: true, lastSeen: iso(1), unseenKinds: [] },
      kubernetesVersion: 'v1.36.3',
      controlPlanes: [],
      gateways: [gateway('west', 'network2', '192.168.49.30', 'No pod of the gateway runs: it is scaled to 0')],
      remoteSecrets: [],
      trust: {
        ...trust(['east']),
        workloads: {
          proxies: 4,
          read: 4,
          expired: 1,
          ending: 0,
          foreign: 0,
          nextEnd: iso(60),
          state: 'broken',
          why: 'the certificate of sample/helloworld-v2-1 has ended',
        },
      },
      prometheus: {
        state: 'ok',
        source: 'istio-system/prometheus',
        clusters: ['west'],
        targets: { up: 4, down: 1 },
        federation: [],
      },
      counts: { ...seen, podsReady: 5 },
      proxyVersions: { '1.30.0': 4 },
    },
    {
      name: 'north',
      context: 'north',
      origin: { type: 'kubeconfig', context: 'north' },
      server: 'https://192.168.49.4:6443',
      network: 'network3',
      role: 'unknown',
      controlledBy: [],
      api: { reachable: false, reason: problem.why, lastSeen: iso(600), unseenKinds: [] },
      controlPlanes: [],
      gateways: [],
      remoteSecrets: [],
      trust: { certificates: [], sharedWith: [], state: 'unknown', why: 'its API server does not answer' },
      prometheus: { state: 'unknown', why: 'its API server does not answer', clusters: [], federation: [] },
      counts: { namespaces: 0, workloads: 0, pods: 0, podsReady: 0, proxies: 0, services: 0 },
      proxyVersions: {},
    },
  ],
  networks: [
    { name: 'network1', clusters: ['east'] },
    { name: 'network2', clusters: ['west'] },
    { name: 'network3', clusters: ['north'] },
  ],
  links: [
    link('control-plane', 'west', 'east'),
    link('remote-secret', 'east', 'west'),
    link(
      'remote-secret',
      'east',
      'north',
      'istiod cannot read the cluster: connection refused',
      'Look whether 192.168.49.4:6443 answers from east.',
    ),
    link(
      'east-west',
      'east',
      'west',
      'No pod of the gateway runs: it is scaled to 0',
      'kubectl --context west -n istio-system scale deploy istio-eastwestgateway --replicas=1',
    ),
    link('east-west', 'west', 'east'),
    link('trust', 'east', 'west'),
    link('trust', 'west', 'east'),
    link('federation', 'east', 'west'),
  ],
  roots: [
    {
      fingerprint: 'd8b2da2bdf03be4d4c1a'.padEnd(64, '0'),
      subject: 'CN=root, O=Isthmus',
      notAfter: iso(-86_400 * 3650),
      clusters: ['east', 'west'],
    },
  ],
  disagreements: [
    {
      what: 'cluster ID',
      cluster: 'west',
      values: [
        { where: 'CLUSTER_ID of its proxies', value: 'west' },
        { where: 'key of the remote secret', value: 'kind-west' },
      ],
      why: 'Metrics and endpoints carry different names.',
      fix: 'Make the remote secret again with --name west.',
    },
  ],
  problems: [problem],
};

const entity = (cluster: string, name: string, status: HealthStatus, rate: number) => ({
  cluster,
  namespace: 'sample',
  name,
  istioSidecar: true,
  labels: { app: name },
  health: health(status, ...(status === 'Failure' ? ['12 % of the requests failed with 503'] : [])),
  traffic: traffic(rate, status === 'Failure' ? rate * 0.12 : 0, 3),
  istioReferences: [],
});

const workloads: WorkloadListItem[] = [
  ...(['east', 'west'] as const).map((cluster) => ({
    ...entity(cluster, 'curl', 'Healthy', 0),
    kind: 'Deployment',
    app: 'curl',
    isGateway: false,
    podCount: 1,
    readyCount: 1,
    serviceAccountNames: ['curl'],
  })),
  {
    ...entity('east', 'helloworld-v1', 'Healthy', 12.4),
    kind: 'Deployment',
    app: 'helloworld',
    version: 'v1',
    isGateway: false,
    podCount: 1,
    readyCount: 1,
    serviceAccountNames: ['default'],
  },
  {
    ...entity('west', 'helloworld-v2', 'Failure', 20.2),
    kind: 'Deployment',
    app: 'helloworld',
    version: 'v2',
    isGateway: false,
    podCount: 1,
    readyCount: 0,
    serviceAccountNames: ['default'],
  },
];
const apps: AppListItem[] = [
  { ...entity('east', 'helloworld', 'Healthy', 12.4), workloads: ['helloworld-v1'], versions: ['v1'] },
  { ...entity('west', 'helloworld', 'Failure', 20.2), workloads: ['helloworld-v2'], versions: ['v2'] },
];
const services: ServiceListItem[] = (['east', 'west'] as const).map((cluster) => ({
  ...entity(cluster, 'helloworld', cluster === 'west' ? 'Failure' : 'Healthy', 12),
  type: 'ClusterIP',
  ports: [{ name: 'http', port: 5000, protocol: 'TCP' }],
  selector: { app: 'helloworld' },
  sameIn: ['east', 'west'],
  serviceRegistry: 'Kubernetes',
}));

const serviceDetails: ServiceDetails = {
  ...services[0]!,
  annotations: {},
  addresses: ['10.110.0.19'],
  externalAddresses: [],
  endpoints: [],
  workloads: (['v1', 'v2'] as const).map((version) => ({
    cluster: version === 'v1' ? 'east' : 'west',
    namespace: 'sample',
    name: `helloworld-${version}`,
    version,
  })),
  peers: [],
  yaml: 'kind: Service\n',
  problems: [],
};

const kinds = ['VirtualService', 'DestinationRule', 'PeerAuthentication', 'AuthorizationPolicy'];

const node = (fields: Partial<GraphNode> & { id: string }): { data: GraphNode } => ({
  data: { nodeType: 'workload', cluster: 'east', namespace: 'sample', healthData: null, ...fields },
});
const edge = (
  source: string,
  target: string,
  rate: number,
  failed: number,
  more: Partial<GraphEdge> = {},
): { data: GraphEdge } => ({
  data: {
    id: `${source}>${target}`,
    source,
    target,
    healthStatus: failed >= 10 ? 'Failure' : failed > 0 ? 'Degraded' : 'Healthy',
    isMTLS: '100.0',
    responseTime: '12',
    throughput: '2400',
    traffic: {
      protocol: 'http',
      rates: { http: rate.toFixed(2), httpPercentErr: failed.toFixed(1), httpPercentReq: '50.0' },
      responses: {
        '200': { flags: { '-': (100 - failed).toFixed(1) }, hosts: { 'helloworld.sample.svc.cluster.local': '100.0' } },
        ...(failed > 0
          ? { '503': { flags: { UF: failed.toFixed(1) }, hosts: { 'helloworld.sample.svc.cluster.local': '100.0' } } }
          : {}),
      },
    },
    ...more,
  },
});

const crossing = {
  crossCluster: true as const,
  crossNetwork: {
    from: 'network1',
    to: 'network2',
    gateway: {
      cluster: 'west',
      namespace: 'istio-system',
      name: 'istio-eastwestgateway',
      addresses: ['192.168.49.30'],
    },
  },
  reporters: { source: 12.1, destination: 9.7 },
};

const graph: Graph = {
  timestamp: Math.floor(now / 1000),
  duration: 300,
  graphType: 'workload',
  elements: {
    nodes: [
      node({ id: 'east', nodeType: 'box', isBox: 'cluster', network: 'network1' }),
      node({ id: 'west', nodeType: 'box', isBox: 'cluster', cluster: 'west', network: 'network2' }),
      node({ id: 'north', nodeType: 'box', isBox: 'cluster', cluster: 'north', unreachable: problem.why }),
      node({ id: 'east/sample', parent: 'east', nodeType: 'box', isBox: 'namespace' }),
      node({ id: 'west/sample', parent: 'west', nodeType: 'box', isBox: 'namespace', cluster: 'west' }),
      node({
        id: 'curl-e',
        parent: 'east/sample',
        workload: 'curl',
        app: 'curl',
        isRoot: true,
        healthStatus: 'Healthy',
      }),
      node({
        id: 'svc-e',
        parent: 'east/sample',
        nodeType: 'service',
        service: 'helloworld',
        healthStatus: 'Healthy',
        hasVS: { hostnames: ['helloworld.sample'] },
      }),
      node({
        id: 'v1',
        parent: 'east/sample',
        workload: 'helloworld-v1',
        app: 'helloworld',
        version: 'v1',
        healthStatus: 'Healthy',
      }),
      node({
        id: 'curl-w',
        parent: 'west/sample',
        cluster: 'west',
        workload: 'curl',
        app: 'curl',
        isRoot: true,
        healthStatus: 'Healthy',
      }),
      node({
        id: 'svc-w',
        parent: 'west/sample',
        cluster: 'west',
        nodeType: 'service',
        service: 'helloworld',
        healthStatus: 'Failure',
      }),
      node({
        id: 'v2',
        parent: 'west/sample',
        cluster: 'west',
        workload: 'helloworld-v2',
        app: 'helloworld',
        version: 'v2',
        healthStatus: 'Failure',
        healthData: health('Failure', '12 % of the requests failed with 503'),
      }),
      node({ id: 'idle', parent: 'east/sample', workload: 'nobody', isIdle: true }),
      node({ id: 'n', parent: 'north', cluster: 'north', workload: 'helloworld-v3', isInaccessible: true }),
    ],
    edges: [
      edge('curl-e', 'svc-e', 6.2, 0),
      edge('svc-e', 'v1', 6.2, 0),
      edge('curl-e', 'svc-w', 12.1, 20, crossing),
      edge('svc-w', 'v2', 20.2, 12),
      edge('curl-w', 'svc-w', 8.1, 0),
      edge('curl-w', 'svc-e', 6.1, 2, { crossCluster: true }),
      edge('curl-w', 'n', 0, 0, { broken: 'The API server of north does not answer', crossCluster: true }),
    ],
  },
  problems: [problem],
};

const wave = (base: number, swing: number): [number, number][] =>
  Array.from({ length: 60 }, (_, index) => [
    Math.floor(now / 1000) - (60 - index) * 15,
    base + swing * Math.sin(index / 6),
  ]);

const metrics: MetricsMap = {
  request_count: [
    { name: 'request_count', labels: { destination_cluster: 'east' }, datapoints: wave(12, 2) },
    { name: 'request_count', labels: { destination_cluster: 'west' }, datapoints: wave(20, 5) },
  ],
  request_error_count: [
    { name: 'request_error_count', labels: { destination_cluster: 'west' }, datapoints: wave(2, 1) },
  ],
  request_duration_millis: [
    { name: 'request_duration_millis', stat: 'avg', labels: {}, datapoints: wave(12, 3) },
    { name: 'request_duration_millis', stat: '0.95', labels: {}, datapoints: wave(40, 9) },
  ],
};

const configItem = (cluster: string, kind: string, name: string, same: boolean, error?: string): IstioConfigItem => ({
  cluster,
  namespace: 'sample',
  apiVersion: kind === 'PeerAuthentication' ? 'security.istio.io/v1' : 'networking.istio.io/v1',
  kind,
  name,
  createdAt: iso(7200),
  updatedAt: iso(300),
  updatedBy: 'kubectl-edit',
  labels: {},
  resourceVersion: '77',
  inEffect: cluster === 'east',
  ...(cluster === 'east' ? {} : { notInEffectWhy: 'istiod of east reads its configuration in east only' }),
  elsewhere: [{ cluster: cluster === 'east' ? 'west' : 'east', same }],
  validation: {
    cluster,
    namespace: 'sample',
    name,
    objectGVK: { Group: 'networking.istio.io', Version: 'v1', Kind: kind },
    valid: error === undefined,
    checks:
      error === undefined
        ? []
        : [
            {
              code: 'KIA1101',
              message: error,
              severity: 'error',
              path: 'spec/http[0]/route[0]/destination/host',
              fix: 'Write the name of a service that exists.',
            },
          ],
    references: [],
  },
});

const yaml = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: helloworld
  namespace: sample
spec:
  hosts:
    - helloworld
  http:
    - route:
        - destination:
            host: nowhere
          weight: 100
`;

const events: MeshEvent[] = [
  {
    id: 3,
    time: iso(60),
    cluster: 'west',
    type: 'link',
    severity: 'warning',
    message: 'East-west from east to west broke: no pod of the gateway runs',
  },
  {
    id: 2,
    time: iso(70),
    cluster: 'west',
    type: 'updated',
    severity: 'normal',
    object: {
      cluster: 'west',
      namespace: 'istio-system',
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'istio-eastwestgateway',
    },
    message: 'Scaled from 1 to 0',
    by: 'kubectl-scale',
    fields: ['spec.replicas'],
  },
  {
    id: 1,
    time: iso(400),
    cluster: 'east',
    type: 'added',
    severity: 'normal',
    object: {
      cluster: 'east',
      namespace: 'sample',
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      name: 'helloworld',
    },
    message: 'VirtualService helloworld was made',
    by: 'kubectl-client-side-apply',
  },
];

export const vsPath = 'namespaces/sample/istio/networking.istio.io/v1/VirtualService/helloworld';

/** A fresh copy each time, so that a test may change it. */
export function plantedAnswers(): PlantedAnswers {
  const item = configItem('east', 'VirtualService', 'helloworld', false, 'The host nowhere is not known');
  return structuredClone({
    'auth/info': { strategy: 'anonymous', sessionInfo: { username: 'anonymous' } },
    config: { allowEdit: true, durations: [60, 300, 600, 1800, 3600], clusters: {}, istioNamespaces: {}, version: '0' },
    clusters: [
      { name: 'east', accessible: true, network: 'network1' },
      { name: 'north', accessible: false, reason: problem.why },
      { name: 'west', accessible: true, network: 'network2' },
    ],
    namespaces: ['east', 'west'].flatMap((cluster) =>
      ['sample', 'istio-system'].map((name) => ({
        name,
        cluster,
        isControlPlane: false,
        isAmbient: false,
        labels: {},
        annotations: {},
      })),
    ),
    overview,
    mesh,
    'namespaces/graph': graph,
    'clusters/workloads': { workloads, problems: [problem] },
    'clusters/apps': { applications: apps, problems: [] },
    'clusters/services': { services, problems: [] },
    'clusters/metrics': metrics,
    'istio/config': {
      items: [
        item,
        configItem('west', 'VirtualService', 'helloworld', false),
        configItem('east', 'PeerAuthentication', 'default', true),
      ],
      problems: [],
    },
    'istio/differences': {
      differences: [
        {
          kind: 'VirtualService',
          apiVersion: 'networking.istio.io/v1',
          namespace: 'sample',
          name: 'helloworld',
          variants: [
            { clusters: ['east'], yaml },
            { clusters: ['west'], yaml: yaml.replace('nowhere', 'helloworld') },
          ],
          missingIn: ['north'],
          fields: [
            {
              path: 'spec.http[0].route[0].destination.host',
              values: [
                { cluster: 'east', value: 'nowhere' },
                { cluster: 'west', value: 'helloworld' },
              ],
            },
          ],
          why: 'Both clusters have a VirtualService for the same host.',
        },
      ],
      problems: [],
    },
    [vsPath]: {
      ...item,
      resource: parse(yaml),
      yaml,
      references: [],
      editable: true,
      schema: {
        type: 'object',
        properties: {
          spec: {
            type: 'object',
            properties: {
              hosts: { type: 'array', items: { type: 'string' } },
              gateways: { type: 'array', items: { type: 'string' }, description: 'Gateways that the routes are for.' },
              http: { type: 'array', items: { type: 'object' } },
            },
          },
        },
      },
    },
    events: { events, since: iso(3600) },
    doctor: doctorReport,
    'mesh/certificates': proxyCertificates,
    'istio/permissions': { cluster: 'east', namespace: 'sample', create: kinds, update: kinds, delete: kinds },
    'namespaces/sample/services/helloworld': serviceDetails,
    'namespaces/sample/services/helloworld/graph': graph,
  });
}
