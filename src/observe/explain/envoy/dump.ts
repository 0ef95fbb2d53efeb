/** A proxy's own configuration, as Envoy's admin interface prints it, with everything findable by its name. */

export interface ProxyDump {
  nodeId: string;
  metadata: Record<string, any>;
  listeners: Map<string, any>;
  routes: Map<string, any>;
  clusters: Map<string, any>;
  /** Clusters of which Envoy has a newer version that waits for its endpoints. */
  warming: Set<string>;
  /** ClusterLoadAssignments by the cluster's name. */
  endpoints: Map<string, any>;
  secrets: Map<string, any>;
  /** What /clusters says of each host now, by cluster and `address:port`. */
  hosts: Map<string, Map<string, HostStatus>>;
  /** Updates that Envoy refused, by resource. */
  refused: { name: string; why: string }[];
}

export interface HostStatus {
  failedOutlierCheck: boolean;
  edsHealth: string;
  connectFailures: number;
  successes: number;
}

/**
 * @param dump the answer of /config_dump?include_eds
 * @param clusters the answer of /clusters?format=json, where it is there
 * @throws Error when it is no dump of Envoy's configuration.
 */
export function readDump(dump: any, clusters?: any): ProxyDump {
  const sections: any[] = dump?.configs ?? [];
  if (sections.length === 0) throw new Error("the answer is no dump of Envoy's configuration");
  const section = (name: string): any => sections.find((one) => String(one['@type']).endsWith(`.${name}`)) ?? {};
  const listeners = section('ListenersConfigDump');
  const routes = section('RoutesConfigDump');
  const found = section('ClustersConfigDump');
  const endpoints = section('EndpointsConfigDump');
  const secrets = section('SecretsConfigDump');
  const { node } = section('BootstrapConfigDump').bootstrap ?? {};
  return {
    nodeId: node?.id ?? '',
    metadata: node?.metadata ?? {},
    listeners: byName([
      ...(listeners.static_listeners ?? []).map((one: any) => one.listener),
      ...(listeners.dynamic_listeners ?? []).map((one: any) => one.active_state?.listener),
    ]),
    routes: byName((routes.dynamic_route_configs ?? []).map((one: any) => one.route_config)),
    // One that has never been active holds requests back until it has its endpoints.
    clusters: byName(
      [
        ...(found.dynamic_warming_clusters ?? []),
        ...(found.static_clusters ?? []),
        ...(found.dynamic_active_clusters ?? []),
      ].map((one: any) => one.cluster),
    ),
    warming: new Set((found.dynamic_warming_clusters ?? []).map((one: any) => String(one.cluster?.name))),
    endpoints: byName(
      [...(endpoints.static_endpoint_configs ?? []), ...(endpoints.dynamic_endpoint_configs ?? [])].map(
        (one: any) => one.endpoint_config,
      ),
      'cluster_name',
    ),
    secrets: byName((secrets.dynamic_active_secrets ?? []).map((one: any) => one.secret)),
    hosts: hostStatuses(clusters),
    refused: [...(listeners.dynamic_listeners ?? []), ...(found.dynamic_active_clusters ?? [])]
      .filter((one: any) => one.error_state)
      .map((one: any) => ({
        name: one.name ?? one.cluster?.name ?? '',
        why: String(one.error_state.details ?? '').slice(0, 300),
      })),
  };
}

function byName(list: any[], key = 'name'): Map<string, any> {
  return new Map(list.filter(Boolean).map((one) => [String(one[key] ?? ''), one]));
}

function hostStatuses(clusters: any): ProxyDump['hosts'] {
  return new Map(
    (clusters?.cluster_statuses ?? []).map((cluster: any) => [
      cluster.name,
      new Map(
        (cluster.host_statuses ?? []).map((host: any): [string, HostStatus] => {
          const count = (name: string) => Number(host.stats?.find((one: any) => one.name === name)?.value ?? 0);
          return [
            addressText(host.address),
            {
              failedOutlierCheck: host.health_status?.failed_outlier_check === true,
              edsHealth: host.health_status?.eds_health_status ?? '',
              connectFailures: count('cx_connect_fail'),
              successes: count('rq_success'),
            },
          ];
        }),
      ),
    ]),
  );
}

export function addressText(address: any): string {
  const socket = address?.socket_address;
  return socket
    ? `${socket.address}:${socket.port_value}`
    : (address?.pipe?.path ?? address?.envoy_internal_address?.server_listener_name ?? '');
}

/** The typed configuration of a filter of that kind, by the end of its type's name. */
export function filterOf(filters: any[] | undefined, type: string): any {
  return (filters ?? []).map((one) => one.typed_config).find((one) => String(one?.['@type']).endsWith(`.${type}`));
}

export const managerOf = (chain: any): any => filterOf(chain?.filters, 'HttpConnectionManager');
export const tcpProxyOf = (chain: any): any => filterOf(chain?.filters, 'TcpProxy');

/** Clusters to which the TCP proxy of a chain leads, with their weights. */
export function targetsOf(chain: any): { name: string; weight: number }[] {
  const proxy = tcpProxyOf(chain);
  const weighted = (proxy?.weighted_clusters?.clusters ?? []).map((one: any) => ({
    name: one.name,
    weight: one.weight,
  }));
  return weighted.length > 0 ? weighted : [{ name: proxy?.cluster ?? '', weight: 1 }];
}
