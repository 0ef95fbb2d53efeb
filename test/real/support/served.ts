/**
 * What a proxy was served, read from its own config dump and brought to a form in which two control planes can be compared: addresses of
 * pods and Services by their names, and of each resource what decides where a request goes and how it is protected.
 */
import { type KubeClient, kinds, type Pod, type Service } from '../../../src/kube/index.ts';

/** Path of a fact, such as `clusters/outbound|5000||helloworld.../sni`, to its value. */
export type Facts = Map<string, string>;

/** Facts of each proxy, by cluster and app. */
export async function servedFacts(clients: Record<string, KubeClient>): Promise<Map<string, Facts>> {
  const names = await addressNames(clients);
  const found = new Map<string, Facts>();
  for (const [cluster, client] of Object.entries(clients)) {
    const { items } = await client.list<Pod>(kinds.Pod, {});
    for (const pod of items.filter(hasProxy)) {
      const { name = '', namespace = '' } = pod.metadata;
      const { stdout } = await client.exec({
        namespace,
        pod: name,
        container: 'istio-proxy',
        command: ['curl', '-s', 'http://127.0.0.1:15000/config_dump?include_eds'],
        timeoutMs: 20_000,
      });
      found.set(`${cluster}/${pod.metadata.labels?.['app']}`, factsOf(JSON.parse(named(stdout, names))));
    }
  }
  return found;
}

const hasProxy = ({ spec, status }: Pod): boolean =>
  status?.['phase'] === 'Running' &&
  [...(spec['initContainers'] ?? []), ...(spec['containers'] ?? [])].some((one: any) => one.name === 'istio-proxy');

async function addressNames(clients: Record<string, KubeClient>): Promise<[string, string][]> {
  const names: [string, string][] = [];
  for (const [cluster, client] of Object.entries(clients)) {
    const [pods, services] = await Promise.all([
      client.list<Pod>(kinds.Pod, {}),
      client.list<Service>(kinds.Service, {}),
    ]);
    for (const { metadata, status } of pods.items)
      if (status?.['podIP']) names.push([status['podIP'], `pod-${metadata.labels?.['app'] ?? 'x'}-${cluster}`]);
    for (const { metadata, spec, status } of services.items) {
      if (spec['clusterIP'] && spec['clusterIP'] !== 'None')
        names.push([spec['clusterIP'], `svc-${metadata.name}-${cluster}`]);
      for (const { ip } of status?.loadBalancer?.ingress ?? [])
        if (ip) names.push([ip, `lb-${metadata.name}-${cluster}`]);
    }
  }
  // The longest first: 10.0.0.1 is the beginning of 10.0.0.10.
  return names.sort(([a], [b]) => b.length - a.length);
}

const named = (text: string, names: [string, string][]): string =>
  names.reduce((result, [address, name]) => result.replaceAll(address, name), text);

export function factsOf(dump: any): Facts {
  const facts: Facts = new Map();
  const put = (path: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    facts.set(path, typeof value === 'string' ? value : JSON.stringify(value));
  };
  const section = (name: string): any[] => dump.configs.filter((one: any) => one['@type'].endsWith(name));
  for (const { dynamic_active_clusters = [] } of section('ClustersConfigDump'))
    for (const { cluster } of dynamic_active_clusters) clusterFacts(cluster, put);
  // Where a connection goes by its original destination, the proxy fills in itself what traffic has shown it.
  for (const { dynamic_endpoint_configs = [] } of section('EndpointsConfigDump'))
    for (const { endpoint_config } of dynamic_endpoint_configs)
      if (facts.get(`clusters/${endpoint_config.cluster_name}/type`) !== 'ORIGINAL_DST')
        endpointFacts(endpoint_config, put);
  for (const { dynamic_listeners = [] } of section('ListenersConfigDump'))
    for (const { active_state } of dynamic_listeners) if (active_state) listenerFacts(active_state.listener, put);
  for (const { dynamic_route_configs = [] } of section('RoutesConfigDump'))
    for (const { route_config } of dynamic_route_configs) routeFacts(`routes/${route_config.name}`, route_config, put);
  return facts;
}

type Put = (path: string, value: unknown) => void;

function clusterFacts(cluster: any, put: Put): void {
  const at = `clusters/${cluster.name}`;
  put(`${at}/type`, cluster.type ?? cluster.cluster_type?.name ?? 'STATIC');
  put(`${at}/lb`, cluster.lb_policy ?? 'ROUND_ROBIN');
  put(`${at}/connect`, cluster.connect_timeout);
  put(
    `${at}/circuit`,
    cluster.circuit_breakers?.thresholds?.map(({ track_remaining: _, ...rest }: any) => sorted(rest)),
  );
  put(`${at}/outlier`, cluster.outlier_detection && sorted(cluster.outlier_detection));
  const options = cluster.typed_extension_protocol_options?.['envoy.extensions.upstreams.http.v3.HttpProtocolOptions'];
  const http =
    options && Object.keys(options).find((key) => key.endsWith('_config') || key === 'use_downstream_protocol_config');
  put(`${at}/protocol`, http ? (Object.keys(options[http] ?? {})[0] ?? http) : undefined);
  const sockets =
    cluster.transport_socket_matches ??
    (cluster.transport_socket ? [{ name: 'always', transport_socket: cluster.transport_socket }] : []);
  for (const { name, match, transport_socket: socket } of sockets) {
    put(`${at}/transport/${name}/match`, match && sorted(match));
    put(`${at}/transport/${name}/kind`, socket.name.split('.').at(-1));
    tlsFacts(`${at}/transport/${name}`, socket.typed_config, put);
  }
  const filters = (cluster.filters ?? [])
    .map((one: any) => one.name)
    .filter((name: string) => !name.includes('metadata_exchange'));
  if (filters.length > 0) put(`${at}/filters`, filters);
}

function tlsFacts(at: string, config: any, put: Put): void {
  if (!config) return;
  put(`${at}/sni`, config.sni);
  put(`${at}/client-certificate`, config.require_client_certificate);
  const common = config.common_tls_context;
  put(`${at}/alpn`, common?.alpn_protocols);
  put(
    `${at}/certificates`,
    common?.tls_certificate_sds_secret_configs?.map((one: any) => one.name),
  );
  const validation = common?.combined_validation_context;
  put(`${at}/root`, validation?.validation_context_sds_secret_config?.name);
  const names =
    validation?.default_validation_context?.match_subject_alt_names ??
    validation?.default_validation_context?.match_typed_subject_alt_names;
  put(
    `${at}/names`,
    names
      ?.map((one: any) => sorted(one.matcher ?? one))
      .map((one: any) => JSON.stringify(one))
      .sort(),
  );
  put(`${at}/versions`, common?.tls_params && sorted(common.tls_params));
}

function endpointFacts(assignment: any, put: Put): void {
  for (const group of assignment.endpoints ?? [])
    for (const one of group.lb_endpoints ?? []) {
      const { address, port_value } = one.endpoint?.address?.socket_address ?? {};
      const internal = one.endpoint?.address?.envoy_internal_address?.server_listener_name;
      const at = `endpoints/${assignment.cluster_name}/${internal ?? `${address}:${port_value}`}`;
      put(`${at}/weight`, one.load_balancing_weight ?? 1);
      put(`${at}/health`, one.health_status ?? 'UNKNOWN');
      put(`${at}/locality`, [group.locality?.region ?? '', group.locality?.zone ?? ''].join('/'));
      put(`${at}/priority`, group.priority ?? 0);
      put(`${at}/transport`, one.metadata?.filter_metadata?.['envoy.transport_socket_match']);
    }
}

function listenerFacts(listener: any, put: Put): void {
  const socket = listener.address?.socket_address;
  const at = `listeners/${listener.name}`;
  put(`${at}/address`, socket ? `${socket.address}:${socket.port_value}` : 'internal');
  put(`${at}/direction`, listener.traffic_direction);
  put(`${at}/bind`, listener.bind_to_port ?? true);
  put(`${at}/original-dst`, listener.use_original_dst);
  put(
    `${at}/filters`,
    (listener.listener_filters ?? []).map((one: any) => one.name.split('.').at(-1)),
  );
  put(`${at}/timeout`, listener.listener_filters_timeout);
  for (const chain of listener.filter_chains ?? []) chainFacts(`${at}/chain`, chain, put);
  if (listener.default_filter_chain)
    chainFacts(`${at}/default`, { ...listener.default_filter_chain, filter_chain_match: undefined }, put);
}

function chainFacts(parent: string, chain: any, put: Put): void {
  const match = chain.filter_chain_match ? JSON.stringify(sorted(chain.filter_chain_match)) : '{}';
  const at = `${parent} ${match}`;
  put(`${at}/tls`, chain.transport_socket?.name.split('.').at(-1) ?? 'none');
  tlsFacts(at, chain.transport_socket?.typed_config, put);
  const filters = (chain.filters ?? []).filter((one: any) => !/metadata_exchange|istio.stats/.test(one.name));
  put(
    `${at}/filters`,
    filters.map((one: any) => one.name.split('.').at(-1)),
  );
  for (const { typed_config: config } of filters) {
    if (config?.cluster) put(`${at}/cluster`, config.cluster);
    if (config?.weighted_clusters) put(`${at}/cluster`, config.weighted_clusters);
    if (config?.rds) put(`${at}/route`, config.rds.route_config_name);
    if (config?.route_config) routeFacts(`${at}/route`, config.route_config, put);
    if (config?.http_filters) put(`${at}/http`, httpFilters(config.http_filters));
    if (config?.forward_client_cert_details) put(`${at}/xfcc`, config.forward_client_cert_details);
  }
}

/** Those that decide; what carries metrics and peers' labels differs on purpose (docs/decisions/0002). */
function httpFilters(filters: any[]): string[] {
  return filters
    .map((one) => one.name.split('.').at(-1))
    .filter(
      (name) =>
        !['header_to_metadata', 'set_filter_state', 'istio_stats', 'stats', 'peer_metadata', 'alpn'].includes(name),
    );
}

function routeFacts(at: string, config: any, put: Put): void {
  put(`${at}/validate`, config.validate_clusters);
  for (const host of config.virtual_hosts ?? []) {
    const inHost = `${at}/${host.name}`;
    put(`${inHost}/domains`, [...(host.domains ?? [])].sort());
    for (const [index, route] of (host.routes ?? []).entries()) {
      const inRoute = `${inHost}/${index}`;
      put(`${inRoute}/match`, sorted(route.match));
      put(
        `${inRoute}/to`,
        route.route?.cluster ?? route.route?.weighted_clusters ?? route.redirect ?? route.direct_response,
      );
      put(`${inRoute}/timeout`, route.route?.timeout);
      const retry = route.route?.retry_policy;
      put(`${inRoute}/retry`, retry && `${retry.num_retries} on ${retry.retry_on}`);
    }
  }
}

function sorted(value: any): any {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== '@type')
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, one]) => [key, sorted(one)]),
  );
}

export interface Difference {
  proxy: string;
  path: string;
  istio: string | undefined;
  isthmus: string | undefined;
}

export function differences(istio: Map<string, Facts>, isthmus: Map<string, Facts>): Difference[] {
  return [...new Set([...istio.keys(), ...isthmus.keys()])].flatMap((proxy) => {
    const [theirs, ours] = [istio.get(proxy) ?? new Map(), isthmus.get(proxy) ?? new Map()];
    return [...new Set([...theirs.keys(), ...ours.keys()])]
      .filter((path) => theirs.get(path) !== ours.get(path))
      .map((path) => ({ proxy, path, istio: theirs.get(path), isthmus: ours.get(path) }));
  });
}
