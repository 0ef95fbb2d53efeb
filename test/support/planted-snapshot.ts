/** What istiod's generators read: a snapshot of planted objects, and a proxy. No process runs. */
import type { KubeObject } from '../../src/kube/index.ts';

/** istiod's own types are behind its door; what they hold is checked where they are used. */
export function plantedSnapshot(objects: KubeObject[], meshConfig: Record<string, any> = {}): any {
  const hostname = 'web.ns.svc.cluster.local';
  const { trustDomain = 'cluster.local', trustDomainAliases = [], accessLogFile = '' } = meshConfig;
  return {
    version: 1,
    meshConfig: {
      trustDomain,
      trustDomainAliases,
      enableAutoMtls: true,
      outboundTrafficPolicy: { mode: 'ALLOW_ANY' },
      accessLogFile,
      accessLogFormat: meshConfig['accessLogFormat'] ?? '',
      accessLogEncoding: meshConfig['accessLogEncoding'] ?? 'TEXT',
      connectTimeout: 10_000,
      protocolDetectionTimeout: 0,
      meshId: '',
      discoveryAddress: '',
      raw: { defaultProviders: { metrics: ['prometheus'] }, ...meshConfig },
    },
    rootNamespace: 'istio-system',
    domain: 'cluster.local',
    configClusterId: 'east',
    clusters: new Map(),
    services: new Map([
      [
        hostname,
        {
          key: hostname,
          hostname,
          origin: 'Kubernetes',
          name: 'web',
          namespace: 'ns',
          ports: [
            { name: 'http', port: 80, protocol: 'HTTP' },
            { name: 'tcp', port: 81, protocol: 'TCP' },
          ],
          addresses: new Map([['east', ['10.96.0.1']]]),
          defaultAddress: '10.96.0.1',
          statedAddresses: [],
          aliases: [],
          selector: { app: 'web' },
          headless: false,
          resolution: 'ClientSideLB',
          meshExternal: false,
          labels: {},
          exportTo: [],
          serviceAccounts: new Set(),
          internalTrafficPolicyLocal: false,
          createdAt: '',
          clusterLocal: false,
        },
      ],
    ]),
    endpoints: new Map([[hostname, [plantedEndpoint(hostname, 'http', 8080), plantedEndpoint(hostname, 'tcp', 8081)]]]),
    workloads: new Map(),
    gateways: [],
    config: Map.groupBy(objects, (one) => one.kind ?? ''),
    jwks: new Map(),
  };
}

const plantedEndpoint = (hostname: string, portName: string, port: number) => ({
  hostname,
  clusterId: 'east',
  network: '',
  address: '10.0.0.1',
  port,
  portName,
  health: 'healthy',
  tlsMode: 'istio',
  serviceAccount: 'spiffe://cluster.local/ns/ns/sa/web',
  namespace: 'ns',
  workloadName: 'web',
  labels: { app: 'web' },
  canonicalName: 'web',
  canonicalRevision: 'latest',
  locality: { region: '', zone: '', subzone: '' },
  nodeName: '',
});

/** A sidecar in `ns`, of the workload `web`. */
export const plantedProxy = (more: Record<string, unknown> = {}): any => ({
  nodeId: 'sidecar~10.0.0.1~web-1.ns~ns.svc.cluster.local',
  type: 'sidecar',
  address: '10.0.0.1',
  name: 'web-1',
  namespace: 'ns',
  clusterId: 'east',
  network: '',
  requestedNetworkView: [],
  labels: { app: 'web' },
  serviceAccount: 'web',
  locality: { region: '', zone: '', subzone: '' },
  metadata: { ISTIO_VERSION: '1.29.2', CLUSTER_ID: 'east' },
  ...more,
});

let age = 0;

/** An object of Istio's configuration; each is younger than the one before. */
export const planted = (kind: string, name: string, spec: object, more: Record<string, any> = {}): KubeObject => ({
  kind,
  metadata: {
    name,
    namespace: 'ns',
    creationTimestamp: new Date(1_700_000_000_000 + age++ * 1000).toISOString(),
    ...more,
  },
  spec,
});
