/** Network filters: the HTTP connection manager and the TCP proxy, inbound and outbound. */
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import { accessLogs, withFilter } from '../telemetry/access-logs.ts';
import { metricOverrides } from '../telemetry/metrics.ts';
import { typed } from './names.ts';
import { httpMetrics, peerFilter, type ReportedConnection, tcpMetrics } from './telemetry.ts';

const router = { name: 'envoy.filters.http.router', typed_config: typed('extensions.filters.http.router.v3.Router') };

export interface HttpFilterOptions extends ReportedConnection {
  snapshot: MeshSnapshot;
  statPrefix: string;
  /** Either a name for RDS or the routes themselves. */
  routes: { rds: string } | { inline: any };
  /** Filters before the router. */
  filters?: any[];
  /** Sets the ALPN of undeclared ports by filter state. */
  sniffed?: boolean;
  /** For connections from outside of the mesh: what Envoy's connection manager is told beyond what is said here. */
  edge?: Record<string, unknown>;
}

export function httpConnectionManager(options: HttpFilterOptions): any {
  const inbound = options.reporter === 'destination';
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: typed('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
      stat_prefix: options.statPrefix,
      codec_type: 'AUTO',
      use_remote_address: false,
      stream_idle_timeout: '0s',
      normalize_path: true,
      path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      ...('rds' in options.routes
        ? {
            rds: {
              route_config_name: options.routes.rds,
              config_source: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
            },
          }
        : { route_config: options.routes.inline }),
      ...(inbound
        ? {
            server_name: 'istio-envoy',
            forward_client_cert_details: 'APPEND_FORWARD',
            set_current_client_cert_details: { subject: true, uri: true, dns: true },
          }
        : {}),
      ...options.edge,
      http_filters: [
        peerFilter(inbound ? 'request' : 'response', inbound ? options.mutual : true),
        ...(options.sniffed ? [alpnFilter] : []),
        ...(options.filters ?? []),
        ...alwaysThere,
        router,
      ],
      access_log: [
        ...accessLogs(options.snapshot, options.proxy, sideOf(options)),
        ...httpMetrics(options, metricOverrides(options.snapshot, options.proxy, sideOf(options))),
      ],
    }),
  };
}

/** What goes nowhere is neither logged nor counted. */
function connectionLogs(snapshot: MeshSnapshot, connection: ReportedConnection): any[] {
  const side = sideOf(connection);
  const atEnd = { log_type_filter: { types: ['TcpConnectionEnd'] } };
  return [
    ...accessLogs(snapshot, connection.proxy, side).map((log) => withFilter(log, atEnd)),
    ...tcpMetrics(connection, metricOverrides(snapshot, connection.proxy, side)),
  ];
}

/** As Telemetry objects name the sides of a connection. */
const sideOf = ({ reporter }: ReportedConnection) => (reporter === 'destination' ? 'SERVER' : 'CLIENT');

/** Each does something only for the routes, or the traffic, that it concerns. */
const alwaysThere = [
  {
    name: 'envoy.filters.http.grpc_stats',
    typed_config: typed('extensions.filters.http.grpc_stats.v3.FilterConfig', {
      emit_filter_state: true,
      stats_for_all_methods: false,
    }),
  },
  { name: 'envoy.filters.http.fault', typed_config: typed('extensions.filters.http.fault.v3.HTTPFault') },
  { name: 'envoy.filters.http.cors', typed_config: typed('extensions.filters.http.cors.v3.Cors') },
];

/** The upstream connection of an HTTP request on an undeclared port says that it is HTTP, as Istio's own ALPN filter would. */
const alpnFilter = {
  name: 'envoy.filters.http.set_filter_state',
  typed_config: typed('extensions.filters.http.set_filter_state.v3.Config', {
    on_request_headers: [
      {
        object_key: 'envoy.network.application_protocols',
        format_string: { text_format_source: { inline_string: 'istio-http/1.1,istio,http/1.1' } },
        shared_with_upstream: 'ONCE',
      },
    ],
  }),
};

export function tcpProxy(
  snapshot: MeshSnapshot,
  connection: ReportedConnection | undefined,
  /** The cluster, or several by weight. */
  target: string | { weighted_clusters: unknown },
  statPrefix = typeof target === 'string' ? target : '',
  options: Record<string, unknown> = {},
): any {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: typed('extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      stat_prefix: statPrefix,
      ...(typeof target === 'string' ? { cluster: target } : target),
      ...options,
      // Connections are counted when they are made, too; the access log has its line at their end, as Istio's has.
      access_log_options: { flush_access_log_on_connected: true },
      access_log: [...(connection ? connectionLogs(snapshot, connection) : [])],
    }),
  };
}

export const originalDst = {
  name: 'envoy.filters.listener.original_dst',
  typed_config: typed('extensions.filters.listener.original_dst.v3.OriginalDst'),
};
export const tlsInspector = {
  name: 'envoy.filters.listener.tls_inspector',
  typed_config: typed('extensions.filters.listener.tls_inspector.v3.TlsInspector'),
};
export const httpInspector = {
  name: 'envoy.filters.listener.http_inspector',
  typed_config: typed('extensions.filters.listener.http_inspector.v3.HttpInspector'),
};

/** How long inspection may take; 0 means that there is no limit. */
export function inspection(snapshot: MeshSnapshot): any {
  return {
    listener_filters_timeout: `${snapshot.meshConfig.protocolDetectionTimeout / 1000}s`,
    continue_on_listener_filters_timeout: true,
  };
}

export const reporting = (
  proxy: MeshProxy,
  reporter: ReportedConnection['reporter'],
  mutual: boolean,
): ReportedConnection => ({ proxy, reporter, mutual });
