/** Tables of a configuration dump, as `istioctl proxy-config` shows them. Takes Envoy's own form and that of istiods which list resources by type. */
import type { EnvoyConfig } from '../types/index.ts';

type Tables = Pick<EnvoyConfig, 'listeners' | 'routes' | 'clusters' | 'endpoints'>;

export function summarize(dump: any): Tables {
  const of = (types: string[], byType: string, pick: (one: any) => any): any[] => {
    const configs: any[] = dump?.configs ?? [];
    const found = configs.filter((one) => types.some((type) => String(one['@type']).endsWith(type)));
    const rows = found.flatMap((one) => Object.values(one).filter(Array.isArray).flat()) as any[];
    return (rows.length > 0 ? rows : (dump?.[byType] ?? [])).map(pick).filter(Boolean);
  };
  const listeners = of(
    ['ListenersConfigDump'],
    'listener',
    (one) => one.active_state?.listener ?? one.listener ?? (one.name ? one : undefined),
  );
  const routes = of(
    ['RoutesConfigDump'],
    'route',
    (one) => one.route_config ?? ((one.virtual_hosts ?? one.virtualHosts) ? one : undefined),
  );
  const clusters = of(['ClustersConfigDump'], 'cluster', (one) => one.cluster ?? (one.name ? one : undefined));
  const endpoints = of(
    ['EndpointsConfigDump'],
    'endpoint',
    (one) => one.endpoint_config ?? ((one.cluster_name ?? one.clusterName) ? one : undefined),
  );
  return {
    listeners: listeners.flatMap(listenerRows),
    routes: routes.flatMap(routeRows),
    clusters: clusters.map(clusterRow),
    endpoints: endpoints.flatMap(endpointRows),
  };
}

/** Both spellings of protocol buffers' JSON. */
const field = (object: any, snake: string): any =>
  object?.[snake] ?? object?.[snake.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())];

function listenerRows(listener: any): Tables['listeners'] {
  const socket = field(listener.address, 'socket_address') ?? {};
  const at = { name: listener.name ?? '', address: socket.address ?? '', port: field(socket, 'port_value') ?? 0 };
  const chains: any[] = field(listener, 'filter_chains') ?? [];
  const last = field(listener, 'default_filter_chain');
  return [...chains, ...(last ? [last] : [])].map((chain) => ({
    ...at,
    match: matchText(field(chain, 'filter_chain_match')),
    destination: destinationText(chain),
  }));
}

function matchText(match: any): string {
  const parts = [
    field(match, 'transport_protocol') && `transport ${field(match, 'transport_protocol')}`,
    field(match, 'application_protocols')?.length && `ALPN ${field(match, 'application_protocols').join(', ')}`,
    field(match, 'server_names')?.length && `SNI ${field(match, 'server_names').join(', ')}`,
    field(match, 'destination_port') && `port ${field(match, 'destination_port')}`,
    field(match, 'prefix_ranges')?.length &&
      field(match, 'prefix_ranges')
        .map((one: any) => field(one, 'address_prefix'))
        .join(', '),
  ].filter(Boolean);
  return parts.join('; ') || 'ALL';
}

function destinationText(chain: any): string {
  for (const filter of chain.filters ?? []) {
    const config = field(filter, 'typed_config') ?? {};
    const value = config.value ?? config;
    if (value.rds ?? field(value, 'route_config')) {
      const name = field(value.rds, 'route_config_name') ?? field(value, 'route_config')?.name;
      return `Route: ${name ?? 'inline'}`;
    }
    if (value.cluster) return `Cluster: ${value.cluster}`;
  }
  return 'none';
}

function routeRows(config: any): Tables['routes'] {
  return (field(config, 'virtual_hosts') ?? []).flatMap((host: any) =>
    (host.routes ?? []).map((one: any) => {
      const { route, redirect, match = {} } = one;
      const direct = field(one, 'direct_response');
      const weighted = field(route, 'weighted_clusters')?.clusters;
      const destination =
        route?.cluster ??
        weighted?.map((part: any) => `${part.name} ${part.weight?.value ?? part.weight ?? ''}`.trim()).join(', ') ??
        (redirect ? 'redirect' : direct ? `status ${direct.status}` : '');
      const from = istioConfigOf(one.metadata, 'VirtualService') ?? istioConfigOf(one.metadata, 'virtual-service');
      return {
        route: config.name ?? '',
        name: host.name ?? '',
        domains: (host.domains ?? []).join(', '),
        match:
          match.path ??
          match.prefix ??
          field(match, 'path_separated_prefix') ??
          field(match, 'safe_regex')?.regex ??
          '*',
        destination,
        ...(from ? { virtualService: from } : {}),
      };
    }),
  );
}

function clusterRow(cluster: any): Tables['clusters'][number] {
  const [direction = '', port = '', subset = '', service = ''] = String(cluster.name ?? '').split('|');
  const rule =
    istioConfigOf(cluster.metadata, 'DestinationRule') ?? istioConfigOf(cluster.metadata, 'destination-rule');
  const isNamed = service !== '' || port !== '';
  return {
    service: isNamed ? service : (cluster.name ?? ''),
    port: Number(port) || 0,
    subset: isNamed ? subset : '',
    direction: isNamed ? direction : '',
    type: cluster.type ?? field(cluster, 'cluster_type')?.name ?? 'STATIC',
    ...(rule ? { destinationRule: rule } : {}),
  };
}

/** Istio notes the object that made a route or cluster, as in /apis/networking.istio.io/v1/namespaces/NS/destination-rule/NAME. */
function istioConfigOf(metadata: any, kind: string): string | undefined {
  const path: string = field(metadata, 'filter_metadata')?.istio?.config ?? '';
  const [, namespace, type, name] = /namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  return namespace && type?.toLowerCase().replaceAll('-', '') === kind.toLowerCase().replaceAll('-', '')
    ? `${namespace}/${name}`
    : undefined;
}

function endpointRows(assignment: any): Tables['endpoints'] {
  const cluster = field(assignment, 'cluster_name') ?? '';
  return (assignment.endpoints ?? []).flatMap((group: any) => {
    const { region = '', zone = '' } = group.locality ?? {};
    const locality = [region, zone, field(group.locality, 'sub_zone')].filter(Boolean).join('/');
    return (field(group, 'lb_endpoints') ?? []).map((one: any) => {
      const socket = field(one.endpoint?.address, 'socket_address') ?? {};
      const weight = field(one, 'load_balancing_weight');
      const number = Number(weight?.value ?? weight);
      return {
        cluster,
        address: socket.address ?? one.endpoint?.address?.pipe?.path ?? '',
        port: field(socket, 'port_value') ?? 0,
        health: field(one, 'health_status') ?? 'HEALTHY',
        ...(Number.isFinite(number) ? { weight: number } : {}),
        priority: group.priority ?? 0,
        locality,
      };
    });
  });
}
