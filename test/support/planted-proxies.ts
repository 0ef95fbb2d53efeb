/**
 * Two clusters of one mesh as `explain` sees them: objects, istiod's debug pages, and the dumps of the proxies' configuration, laid out as
 * Envoy prints them. All is well; tests change one thing of it and see what is said.
 */
import type { ExecOptions, ExecResult, Kind, KubeClient, KubeObject } from '../../src/kube/index.ts';
import { KubeApiError } from '../../src/kube/index.ts';
import { createRoot, issueLeaf, type KeyPair } from '../../src/pki/index.ts';

const system = 'istio-system';
const host = 'helloworld.sample.svc.cluster.local';
export const outbound = `outbound|5000||${host}`;
const sni = `outbound_.5000_._.${host}`;
const istioAlpn = ['istio', 'istio-peer-exchange', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'];

const socketAddress = (address: string, port_value: number) => ({ socket_address: { address, port_value } });
const typed = (name: string, fields: object) => ({
  name,
  typed_config: { '@type': `type.googleapis.com/envoy.${name}`, ...fields },
});
const manager = (fields: object) => typed('HttpConnectionManager', { http_filters: [typed('Router', {})], ...fields });
const inspectors = ['tls_inspector', 'http_inspector'].map((name) => ({ name: `envoy.filters.listener.${name}` }));
const tlsContext = (type: string, names: object[], more: object) => ({
  typed_config: {
    '@type': `type.googleapis.com/envoy.${type}`,
    ...more,
    common_tls_context: {
      alpn_protocols: ['istio-http/1.1', 'istio'],
      tls_certificate_sds_secret_configs: [{ name: 'default' }],
      combined_validation_context: {
        default_validation_context: {
          match_typed_subject_alt_names: names.map((matcher) => ({ san_type: 'URI', matcher })),
        },
      },
    },
  },
});

export const endpointOf = (address: string, port: number, workload: string, more: object = {}) => ({
  endpoint: { address: socketAddress(address, port) },
  health_status: 'HEALTHY',
  load_balancing_weight: 1,
  metadata: { filter_metadata: { 'envoy.transport_socket_match': { tlsMode: 'istio' }, istio: { workload } } },
  ...more,
});

/** One proxy's configuration, by name. */
export class PlantedProxy {
  readonly listeners = new Map<string, any>();
  readonly routes = new Map<string, any>();
  readonly clusters = new Map<string, any>();
  readonly endpoints = new Map<string, any[]>();
  certificate: string;
  root: string;
  /** Of /clusters, by cluster and address. */
  readonly status = new Map<string, object>();

  constructor(certificate: string, root: string) {
    this.certificate = certificate;
    this.root = root;
  }

  answer(path: string): unknown {
    if (path.startsWith('clusters'))
      return {
        cluster_statuses: [...this.status].map(([key, status]) => {
          const [name, address = '', port] = key.split(' ');
          return { name, host_statuses: [{ address: socketAddress(address, Number(port)), ...status }] };
        }),
      };
    const section = (name: string, fields: object) => ({
      '@type': `type.googleapis.com/envoy.admin.v3.${name}`,
      ...fields,
    });
    return {
      configs: [
        section('BootstrapConfigDump', { bootstrap: { node: { id: 'sidecar', metadata: {} } } }),
        section('ListenersConfigDump', {
          dynamic_listeners: [...this.listeners].map(([name, listener]) => ({
            name,
            active_state: { listener: { name, ...listener } },
          })),
        }),
        section('RoutesConfigDump', {
          dynamic_route_configs: [...this.routes].map(([name, one]) => ({ route_config: { name, ...one } })),
        }),
        section('ClustersConfigDump', {
          dynamic_active_clusters: [...this.clusters].map(([name, one]) => ({ cluster: { name, ...one } })),
        }),
        section('EndpointsConfigDump', {
          dynamic_endpoint_configs: [...this.endpoints].map(([cluster_name, lb_endpoints]) => ({
            endpoint_config: { cluster_name, endpoints: [{ lb_endpoints }] },
          })),
        }),
        section('SecretsConfigDump', {
          dynamic_active_secrets: [
            {
              secret: { name: 'default', tls_certificate: { certificate_chain: { inline_string: this.certificate } } },
            },
            { secret: { name: 'ROOTCA', validation_context: { trusted_ca: { inline_string: this.root } } } },
          ].filter((one) => !('tls_certificate' in one.secret) || this.certificate !== ''),
        }),
      ],
    };
  }
}

export class PlantedSide {
  readonly name: string;
  readonly objects: any[] = [];
  readonly proxies = new Map<string, PlantedProxy>();
  readonly pages = new Map<string, unknown>();
  /** Whether tokens are accepted here. */
  isTokenGood = true;
  /** Set: no request is answered. */
  silent = false;

  constructor(name: string) {
    this.name = name;
  }

  put(
    kind: string,
    namespace: string | undefined,
    name: string,
    fields: object,
    labels: Record<string, string> = {},
  ): any {
    const object = {
      kind,
      metadata: { name, ...(namespace ? { namespace } : {}), labels, creationTimestamp: '2026-01-01T00:00:00Z' },
      ...fields,
    };
    this.objects.push(object);
    return object;
  }

  get(kind: string, name: string): any {
    return this.objects.find((one) => one.kind === kind && one.metadata.name === name);
  }

  remove(kind: string, name: string): void {
    this.objects.splice(this.objects.indexOf(this.get(kind, name)), 1);
  }

  client(): KubeClient {
    const refuse = (path: string) => {
      if (this.silent) throw new Error('the API server gives no answer');
      throw new KubeApiError({ status: 404, body: { message: 'not found' }, method: 'GET', path, server: this.name });
    };
    const client = {
      name: this.name,
      list: async (
        kind: Kind,
        { namespace, labelSelector = '' }: { namespace?: string; labelSelector?: string } = {},
      ) => {
        if (this.silent) refuse('');
        const items = this.objects.filter(
          (one) =>
            one.kind === kind.kind &&
            (namespace === undefined || one.metadata.namespace === namespace) &&
            fits(one, labelSelector),
        );
        return { items, resourceVersion: '1' };
      },
      request: async (_method: string, path: string) => {
        const page = path.split('/debug/')[1] ?? '';
        return this.pages.has(page) ? this.pages.get(page) : refuse(path);
      },
      create: async (_kind: Kind, object: KubeObject) => ({
        ...object,
        status: { authenticated: this.isTokenGood },
      }),
      exec: async ({ pod, command }: ExecOptions): Promise<ExecResult> => {
        const proxy = this.proxies.get(pod);
        if (!proxy) return { stdout: '', stderr: 'there is no such container', exitCode: 1 };
        return { stdout: JSON.stringify(proxy.answer(command.at(-1) ?? '')), stderr: '', exitCode: 0 };
      },
    };
    return client as unknown as KubeClient;
  }
}

const fits = ({ metadata }: KubeObject, selector: string): boolean =>
  selector
    .split(',')
    .filter(Boolean)
    .every((term) => {
      const [key = '', value] = term.split('=');
      return value === undefined ? metadata.labels?.[key] !== undefined : metadata.labels?.[key] === value;
    });

export interface PlantedProxies {
  east: PlantedSide;
  west: PlantedSide;
  root: KeyPair;
  clusters: { name: string; client: KubeClient }[];
}

const shapes = [
  {
    name: 'east',
    network: 'network1',
    version: 'v1',
    prefix: '10.10.0',
    gateway: '192.168.49.20',
    service: '10.110.0.9',
  },
  {
    name: 'west',
    network: 'network2',
    version: 'v2',
    prefix: '10.20.0',
    gateway: '192.168.49.30',
    service: '10.120.0.9',
  },
] as const;
type Shape = (typeof shapes)[number];

/** A primary in east with west as its remote, helloworld v1 and v2, and a client in each. */
export async function plantProxies(): Promise<PlantedProxies> {
  const root = await createRoot({ commonName: 'Root' });
  const certificateOf = async (account: string) => {
    const leaf = await issueLeaf(root, { uris: [`spiffe://cluster.local/ns/sample/sa/${account}`], seconds: 86_400 });
    return leaf.certPem;
  };
  const [curl, server] = await Promise.all([certificateOf('curl'), certificateOf('default')]);
  const sides = shapes.map((shape) => {
    const side = new PlantedSide(shape.name);
    plantObjects(side, shape);
    side.proxies.set('curl-1', clientProxy(shape, curl, root.certPem));
    side.proxies.set(`helloworld-${shape.version}-1`, serverProxy(server, root.certPem));
    side.proxies.set('gateway-1', gatewayProxy(shape, server, root.certPem));
    return side;
  });
  const [east, west] = sides as [PlantedSide, PlantedSide];
  plantControlPlane(east);
  return { east, west, root, clusters: sides.map((side) => ({ name: side.name, client: side.client() })) };
}

function plantObjects(side: PlantedSide, { name, network, version, prefix, gateway, service }: Shape): void {
  side.put('Namespace', undefined, system, {}, { 'topology.istio.io/network': network });
  side.put('Namespace', undefined, 'sample', {}, { 'istio-injection': 'enabled' });
  const ports = [{ name: 'http', port: 5000, targetPort: 5000 }];
  side.put('Service', 'sample', 'helloworld', { spec: { clusterIP: service, ports, selector: { app: 'helloworld' } } });
  const tls = [{ name: 'tls', port: 15_443, targetPort: 15_443 }];
  const labels = { istio: 'eastwestgateway', 'topology.istio.io/network': network };
  const spec = { clusterIP: service.replace(/9$/, '8'), ports: tls, selector: { istio: 'eastwestgateway' } };
  side.put(
    'Service',
    system,
    'istio-eastwestgateway',
    { spec, status: { loadBalancer: { ingress: [{ ip: gateway }] } } },
    labels,
  );
  const pod = (podName: string, namespace: string, address: string, more: Record<string, string>) => {
    const env = [
      { name: 'ISTIO_META_CLUSTER_ID', value: name },
      { name: 'ISTIO_META_NETWORK', value: network },
    ];
    side.put(
      'Pod',
      namespace,
      podName,
      {
        spec: {
          serviceAccountName: podName.startsWith('curl') ? 'curl' : 'default',
          containers: [{ name: 'app' }, { name: 'istio-proxy', env }],
        },
        status: { phase: 'Running', podIP: address, conditions: [{ type: 'Ready', status: 'True' }] },
      },
      {
        'security.istio.io/tlsMode': 'istio',
        'service.istio.io/canonical-name': podName,
        'topology.istio.io/network': network,
        ...more,
      },
    );
  };
  pod('curl-1', 'sample', `${prefix}.11`, { app: 'curl' });
  pod(`helloworld-${version}-1`, 'sample', `${prefix}.12`, { app: 'helloworld', version });
  pod('gateway-1', system, `${prefix}.13`, { istio: 'eastwestgateway' });
  const slice = (of: string, namespace: string, target: string, address: string, port: object) =>
    side.put(
      'EndpointSlice',
      namespace,
      `${of}-abcde`,
      {
        endpoints: [{ addresses: [address], conditions: { ready: true }, targetRef: { kind: 'Pod', name: target } }],
        ports: [port],
      },
      { 'kubernetes.io/service-name': of },
    );
  slice('helloworld', 'sample', `helloworld-${version}-1`, `${prefix}.12`, { name: 'http', port: 5000 });
  slice('istio-eastwestgateway', system, 'gateway-1', `${prefix}.13`, { name: 'tls', port: 15_443 });
}

function plantControlPlane(east: PlantedSide): void {
  east.put(
    'Pod',
    system,
    'istiod-1',
    {
      spec: { containers: [{ name: 'discovery' }] },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    },
    { app: 'istiod' },
  );
  east.put('ConfigMap', system, 'istio', { data: { mesh: 'trustDomain: cluster.local\n' } });
  const server = { port: { number: 15_443 }, hosts: ['*.local'], tls: { mode: 'AUTO_PASSTHROUGH' } };
  east.put('Gateway', system, 'cross-network-gateway', {
    spec: { selector: { istio: 'eastwestgateway' }, servers: [server] },
  });
  east.pages.set('clusterz', [
    { id: 'east', secretName: '', syncStatus: 'synced' },
    { id: 'west', secretName: `${system}/istio-remote-secret-west`, syncStatus: 'synced' },
  ]);
  const acknowledged = Object.fromEntries(
    ['cluster', 'listener', 'route', 'endpoint'].flatMap((type) => [
      [`${type}_sent`, '1'],
      [`${type}_acked`, '1'],
    ]),
  );
  east.pages.set(
    'syncz',
    shapes.flatMap(({ name, version }) =>
      ['curl-1.sample', `helloworld-${version}-1.sample`, `gateway-1.${system}`].map((proxy) => ({
        cluster_id: name,
        proxy,
        ...acknowledged,
      })),
    ),
  );
}

/** Endpoints as a proxy of one cluster is told them: its own directly, the other's gateway. */
const toldEndpoints = ({ name }: Shape): any[] =>
  shapes.map((one) =>
    one.name === name
      ? endpointOf(`${one.prefix}.12`, 5000, `helloworld-${one.version};sample;helloworld;${one.version};${one.name}`)
      : endpointOf(one.gateway, 15_443, `;;;;${one.name}`),
  );

function clientProxy(shape: Shape, certificate: string, root: string): PlantedProxy {
  const proxy = new PlantedProxy(certificate, root);
  const direction = { traffic_direction: 'OUTBOUND', listener_filters: inspectors };
  proxy.listeners.set('0.0.0.0_5000', {
    address: socketAddress('0.0.0.0', 5000),
    bind_to_port: false,
    ...direction,
    filter_chains: [
      {
        filter_chain_match: { transport_protocol: 'raw_buffer', application_protocols: ['http/1.1', 'h2c'] },
        filters: [manager({ rds: { route_config_name: '5000' } })],
      },
    ],
    default_filter_chain: { filters: [typed('TcpProxy', { cluster: 'PassthroughCluster' })] },
  });
  proxy.listeners.set('virtualOutbound', {
    address: socketAddress('0.0.0.0', 15_001),
    use_original_dst: true,
    ...direction,
    filter_chains: [{ filters: [typed('TcpProxy', { cluster: 'PassthroughCluster' })] }],
  });
  const route = {
    cluster: outbound,
    timeout: '0s',
    retry_policy: { retry_on: 'connect-failure,refused-stream', num_retries: 2 },
  };
  proxy.routes.set('5000', {
    ignore_port_in_host_matching: true,
    virtual_hosts: [
      {
        name: `${host}:5000`,
        domains: ['helloworld', 'helloworld.sample', host, shape.service],
        routes: [{ name: 'default', match: { prefix: '/' }, route }],
      },
      {
        name: 'allow_any',
        domains: ['*'],
        routes: [{ name: 'allow_any', match: { prefix: '/' }, route: { cluster: 'PassthroughCluster' } }],
      },
    ],
  });
  proxy.clusters.set('PassthroughCluster', { type: 'ORIGINAL_DST' });
  proxy.clusters.set(outbound, {
    type: 'EDS',
    lb_policy: 'LEAST_REQUEST',
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    transport_socket_matches: [
      {
        name: 'tlsMode-istio',
        match: { tlsMode: 'istio' },
        transport_socket: tlsContext('UpstreamTlsContext', [{ exact: 'spiffe://cluster.local/ns/sample/sa/default' }], {
          sni,
        }),
      },
      { name: 'tlsMode-disabled', match: {}, transport_socket: { typed_config: {} } },
    ],
  });
  proxy.endpoints.set(outbound, toldEndpoints(shape));
  return proxy;
}

function serverProxy(certificate: string, root: string): PlantedProxy {
  const proxy = new PlantedProxy(certificate, root);
  const cluster = 'inbound|5000||';
  const filters = [
    manager({
      route_config: { virtual_hosts: [{ domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster } }] }] },
    }),
  ];
  const at = { destination_port: 5000 };
  proxy.listeners.set('virtualInbound', {
    address: socketAddress('0.0.0.0', 15_006),
    traffic_direction: 'INBOUND',
    listener_filters: inspectors,
    filter_chains: [
      {
        name: '0.0.0.0_5000',
        filter_chain_match: { ...at, transport_protocol: 'tls', application_protocols: istioAlpn },
        transport_socket: tlsContext('DownstreamTlsContext', [{ prefix: 'spiffe://cluster.local/' }], {
          require_client_certificate: true,
        }),
        filters,
      },
      { name: '0.0.0.0_5000', filter_chain_match: { ...at, transport_protocol: 'raw_buffer' }, filters },
    ],
  });
  proxy.clusters.set(cluster, { type: 'ORIGINAL_DST' });
  return proxy;
}

function gatewayProxy({ name, prefix, version }: Shape, certificate: string, root: string): PlantedProxy {
  const proxy = new PlantedProxy(certificate, root);
  proxy.listeners.set('0.0.0.0_15443', {
    address: socketAddress('0.0.0.0', 15_443),
    traffic_direction: 'OUTBOUND',
    listener_filters: inspectors,
    filter_chains: [
      {
        name: sni,
        filter_chain_match: { server_names: [sni], application_protocols: istioAlpn },
        filters: [typed('TcpProxy', { cluster: sni })],
      },
    ],
  });
  proxy.clusters.set(sni, { type: 'EDS', common_lb_config: { healthy_panic_threshold: { value: 0 } } });
  proxy.endpoints.set(sni, [
    endpointOf(`${prefix}.12`, 5000, `helloworld-${version};sample;helloworld;${version};${name}`),
  ]);
  return proxy;
}
