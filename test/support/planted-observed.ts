/** East (primary, network1) and west (its remote, network2) as clusters that an Observer watches; all is well until a test changes it. */

import { Observer } from '../../src/observe/index.ts';
import { ClusterModel } from '../../src/observe/model/cluster-model.ts';
import { createIntermediate, createRoot, type KeyPair } from '../../src/pki/index.ts';
import { PlantedApi } from './planted-api.ts';

const system = 'istio-system';
export const encoded = (text: string): string => Buffer.from(text).toString('base64');

export interface PlantedObserved extends AsyncDisposable {
  observer: Observer;
  east: PlantedApi;
  west: PlantedApi;
  root: KeyPair;
  /** Lets the watches deliver what was planted. */
  settle(): Promise<void>;
}

export async function plantObserved(): Promise<PlantedObserved> {
  const [east, west] = [new PlantedApi('east'), new PlantedApi('west')];
  const root = await createRoot({ commonName: 'Root' });
  for (const [api, network] of [
    [east, 'network1'],
    [west, 'network2'],
  ] as const) {
    await plantCluster(api, network, root);
    plantSample(api, api.name === 'east' ? 'v1' : 'v2');
  }
  plantControlPlane(east);
  west.put('Namespace', {
    metadata: {
      name: system,
      labels: { 'topology.istio.io/network': 'network2' },
      annotations: { 'topology.istio.io/controlPlaneClusters': 'east' },
    },
  });
  west.tokens.add('good-token-of-west');
  const observer = new Observer();
  for (const api of [east, west]) observer.model.add(new ClusterModel(api.name, api.client()));
  const settle = async (): Promise<void> => {
    await observer.model.settled(2000);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await settle();
  await observer.facts.refresh();
  return { observer, east, west, root, settle, [Symbol.asyncDispose]: () => observer[Symbol.asyncDispose]() };
}

export async function plantTrust(api: PlantedApi, root: KeyPair, days = 365): Promise<void> {
  const intermediate = await createIntermediate(root, { commonName: `Intermediate of ${api.name}`, days });
  const data = {
    'ca-cert.pem': encoded(intermediate.certPem),
    'ca-key.pem': encoded(intermediate.keyPem),
    'root-cert.pem': encoded(root.certPem),
    'cert-chain.pem': encoded(intermediate.certPem),
  };
  api.put('Secret', { metadata: { name: 'cacerts', namespace: system }, data });
  api.put('ConfigMap', {
    metadata: { name: 'istio-ca-root-cert', namespace: system },
    data: { 'root-cert.pem': root.certPem },
  });
}

async function plantCluster(api: PlantedApi, network: string, root: KeyPair): Promise<void> {
  api.put('Namespace', { metadata: { name: system, labels: { 'topology.istio.io/network': network } } });
  api.put('Namespace', { metadata: { name: 'sample', labels: { 'istio-injection': 'enabled' } } });
  await plantTrust(api, root);
  const labels = { istio: 'eastwestgateway', app: 'istio-eastwestgateway', 'topology.istio.io/network': network };
  plantDeployment(api, system, 'istio-eastwestgateway', labels, { gateway: true });
  api.put('Service', {
    metadata: { name: 'istio-eastwestgateway', namespace: system, labels },
    spec: {
      type: 'LoadBalancer',
      selector: { istio: 'eastwestgateway' },
      ports: [15_443, 15_012, 15_017].map((port) => ({ name: `tls-${port}`, port })),
    },
    status: { loadBalancer: { ingress: [{ ip: api.name === 'east' ? '192.168.49.20' : '192.168.49.30' }] } },
  });
  api.put('Service', {
    metadata: { name: 'prometheus', namespace: system, labels: { app: 'prometheus' } },
    spec: { ports: [{ name: 'http', port: 9090 }] },
    status: {},
  });
  const proxy = `/api/v1/namespaces/${system}/services/prometheus:9090/proxy/api/v1`;
  const answer = (data: unknown) => ({ status: 'success', data });
  api.pages.set(
    `${proxy}/targets`,
    answer({
      activeTargets: [
        { health: 'up', scrapeUrl: 'http://10.0.0.1:15020/stats/prometheus', labels: { job: 'kubernetes-pods' } },
      ],
    }),
  );
  api.pages.set(`${proxy}/status/buildinfo`, answer({ version: '2.42.0' }));
  api.pages.set(`${proxy}/query`, answer({ resultType: 'vector', result: [] }));
}

export function plantDeployment(
  api: PlantedApi,
  namespace: string,
  name: string,
  labels: Record<string, string>,
  options: { ready?: number; replicas?: number; gateway?: boolean; proxy?: boolean } = {},
): void {
  const { replicas = 1, ready = replicas, gateway = false, proxy = true } = options;
  const all = { ...labels, 'pod-template-hash': 'abc' };
  api.put('Deployment', {
    metadata: { name, namespace, labels },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [] } } },
    status: { replicas, availableReplicas: ready, readyReplicas: ready },
  });
  const env = [{ name: 'ISTIO_META_CLUSTER_ID', value: api.name }];
  for (let index = 0; index < replicas; index++)
    api.put('Pod', {
      metadata: {
        name: `${name}-abc-${index}`,
        namespace,
        labels: all,
        ownerReferences: [
          { kind: 'ReplicaSet', name: `${name}-abc`, controller: true, apiVersion: 'apps/v1', uid: 'u' },
        ],
      },
      spec: {
        containers: [
          { name: 'main', image: 'main:1' },
          ...(proxy
            ? [{ name: 'istio-proxy', image: 'proxyv2:1.31.0', args: ['proxy', gateway ? 'router' : 'sidecar'], env }]
            : []),
        ],
      },
      status: {
        phase: 'Running',
        podIP: `10.0.0.${index + 1}`,
        conditions: [{ type: 'Ready', status: index < ready ? 'True' : 'False' }],
      },
    });
}

function plantSample(api: PlantedApi, version: string): void {
  plantDeployment(api, 'sample', 'curl', { app: 'curl' });
  plantDeployment(api, 'sample', `helloworld-${version}`, { app: 'helloworld', version });
  for (const [name, port] of [
    ['helloworld', 5000],
    ['curl', 80],
  ] as const)
    api.put('Service', {
      metadata: { name, namespace: 'sample' },
      spec: { selector: { app: name }, ports: [{ name: 'http', port }] },
    });
  api.put('ServiceAccount', { metadata: { name: 'default', namespace: 'sample' } });
}

function plantControlPlane(east: PlantedApi): void {
  const labels = { app: 'istiod', 'istio.io/rev': 'default' };
  plantDeployment(east, system, 'istiod', labels, { proxy: false });
  const env = [
    { name: 'CLUSTER_ID', value: 'east' },
    { name: 'EXTERNAL_ISTIOD', value: 'true' },
  ];
  const containers = [{ name: 'discovery', image: 'istio/pilot:1.31.0', env }];
  east.put('Deployment', {
    metadata: { name: 'istiod', namespace: system, labels },
    spec: { replicas: 1, template: { metadata: { labels }, spec: { containers } } },
    status: { replicas: 1, availableReplicas: 1 },
  });
  east.put('ConfigMap', {
    metadata: { name: 'istio', namespace: system },
    data: { mesh: 'trustDomain: cluster.local\ndefaultConfig: {meshId: mesh1}\n' },
  });
  east.put('Gateway', {
    metadata: { name: 'cross-network-gateway', namespace: system },
    spec: {
      selector: { istio: 'eastwestgateway' },
      servers: [{ port: { number: 15_443 }, tls: { mode: 'AUTO_PASSTHROUGH' }, hosts: ['*.local'] }],
    },
  });
  plantRemoteSecret(east, 'good-token-of-west');
  const debug = `/api/v1/namespaces/${system}/pods/istiod-abc-0:8080/proxy/debug`;
  east.pages.set(`${debug}/clusterz`, [
    { id: 'east', secretName: '', syncStatus: 'synced' },
    { id: 'west', secretName: `${system}/istio-remote-secret-west`, syncStatus: 'synced' },
  ]);
  const acknowledged = Object.fromEntries(
    ['cluster', 'listener', 'route', 'endpoint'].flatMap((type) => [
      [`${type}_sent`, '1'],
      [`${type}_acked`, '1'],
    ]),
  );
  const proxies = ['east', 'west'].flatMap((cluster) =>
    ['curl-abc-0.sample', `helloworld-${cluster === 'east' ? 'v1' : 'v2'}-abc-0.sample`].map((proxy) => ({
      cluster_id: cluster,
      proxy,
      ...acknowledged,
    })),
  );
  east.pages.set(`${debug}/syncz`, proxies);
}

export function plantRemoteSecret(east: PlantedApi, token: string, server = 'https://192.168.49.3:6443'): void {
  const kubeconfig = JSON.stringify({
    clusters: [{ name: 'west', cluster: { server } }],
    users: [{ name: 'west', user: { token } }],
  });
  east.put('Secret', {
    metadata: { name: 'istio-remote-secret-west', namespace: system, labels: { 'istio/multiCluster': 'true' } },
    data: { west: encoded(kubeconfig) },
  });
}
