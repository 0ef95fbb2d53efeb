/** Envoy's bootstrap, laid out as Istio's: everything but the four ports of its own comes over ADS. */

import type { ProxySettings } from './proxy-settings.ts';
import { agentMountPath } from './types.ts';

const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.${name}` });
const address = (ip: string, port: number) => ({ socket_address: { address: ip, port_value: port } });

export const sockets = {
  xds: `${agentMountPath}/xds`,
  sds: `${agentMountPath}/sds`,
  drain: `${agentMountPath}/drain`,
};
/** Istio's agent lets a sidecar's inbound connections end, and all of a gateway's. */
export const drainPath = ({ type }: ProxySettings): string =>
  `/drain_listeners?${type === 'sidecar' ? 'inboundonly&' : ''}graceful`;

export function bootstrap(settings: ProxySettings, podIp: string): unknown {
  return {
    node: { id: settings.nodeId, cluster: settings.serviceCluster, metadata: settings.metadata },
    admin: { address: address('127.0.0.1', 15_000), profile_path: '/dev/null' },
    // Upstream connections carry a mark, by which interception knows them for the proxy's own.
    cluster_manager: {
      upstream_bind_config: {
        source_address: { address: '0.0.0.0', port_value: 0 },
        socket_options: [{ description: 'SO_MARK', level: 1, name: 36, int_value: 1337, state: 'STATE_PREBIND' }],
      },
    },
    stats_config: {
      use_all_default_tags: false,
      stats_matcher: {
        inclusion_list: {
          patterns: [
            ...[
              'istio',
              'cluster_manager',
              'listener_manager',
              'server.',
              'cluster.xds-grpc',
              'cluster.sds-grpc',
              'listener.0.0.0.0_15443',
            ].map((prefix) => ({ prefix })),
            ...['ssl_context_update_by_sds', 'update_rejected', 'update_success', 'no_filter_chain_match'].map(
              (suffix) => ({ suffix }),
            ),
          ],
        },
      },
      histogram_bucket_settings: [
        {
          match: { prefix: 'istio' },
          buckets: [
            0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
            3_600_000,
          ],
        },
      ],
    },
    stats_flush_interval: '1s',
    layered_runtime: {
      layers: [
        {
          name: 'static',
          static_layer: {
            'overload.global_downstream_max_connections': '2147483647',
            're2.max_program_size.error_level': '32768',
          },
        },
      ],
    },
    bootstrap_extensions: [
      {
        name: 'envoy.bootstrap.internal_listener',
        typed_config: type('extensions.bootstrap.internal_listener.v3.InternalListener'),
      },
    ],
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        // Envoy's own pauses grow to half a minute, in which a proxy would not know of an istiod that is back.
        grpc_services: [
          {
            envoy_grpc: {
              cluster_name: 'xds-grpc',
              retry_policy: { retry_back_off: { base_interval: '0.2s', max_interval: '3s' } },
            },
          },
        ],
      },
      lds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
      cds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
    },
    static_resources: {
      clusters: [
        socketCluster('xds-grpc', sockets.xds),
        socketCluster('sds-grpc', sockets.sds),
        localCluster('prometheus_stats', 15_000),
        ...probePorts(settings).map((port) => localCluster(`app_${port}`, port, podIp)),
      ],
      // On the pod's address alone: a listener on 0.0.0.0 would also take captured connections to the same port elsewhere.
      listeners: [
        httpListener('prometheus_stats', address(podIp, 15_090), [
          adminRoute('/stats/prometheus', '/stats/prometheus'),
        ]),
        httpListener('health', address(podIp, 15_021), [adminRoute('/healthz/ready', '/ready')]),
        httpListener('agent', address(podIp, 15_020), [
          adminRoute('/stats/prometheus', '/stats/prometheus'),
          adminRoute('/healthz/ready', '/ready'),
          ...probeRoutes(settings),
        ]),
        // The way to the admin port from outside of the pod, for the agent alone.
        httpListener('drain', { pipe: { path: sockets.drain, mode: 0o600 } }, [
          { match: { prefix: '/drain_listeners' }, route: { cluster: 'prometheus_stats' } },
        ]),
      ],
    },
  };
}

function socketCluster(name: string, path: string): unknown {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    upstream_bind_config: {},
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        ...type('extensions.upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
    },
  };
}

/** The application is called at the pod's own address, since it need not listen on loopback; the mark keeps it from being captured. */
function localCluster(name: string, port: number, ip = '127.0.0.1'): unknown {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    ...(ip === '127.0.0.1'
      ? {}
      : { upstream_bind_config: { source_address: { address: '127.0.0.6', port_value: 0 } } }),
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(ip, port) } }] }],
    },
  };
}

const adminRoute = (path: string, to: string): unknown => ({
  match: { prefix: path },
  route: { cluster: 'prometheus_stats', prefix_rewrite: to },
});

const probePorts = (settings: ProxySettings): number[] => [
  ...new Set(Object.values(settings.appProbes).flatMap((probe) => (probe.httpGet ? [Number(probe.httpGet.port)] : []))),
];

function probeRoutes(settings: ProxySettings): unknown[] {
  return Object.entries(settings.appProbes).flatMap(([path, probe]) =>
    probe.httpGet
      ? [
          {
            match: { path },
            route: {
              cluster: `app_${Number(probe.httpGet.port)}`,
              regex_rewrite: { pattern: { regex: '^.*$' }, substitution: probe.httpGet.path ?? '/' },
              timeout: `${probe.timeoutSeconds ?? 1}s`,
            },
          },
        ]
      : [],
  );
}

function httpListener(name: string, at: unknown, routes: unknown[]): unknown {
  return {
    name,
    address: at,
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              ...type('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
              stat_prefix: name,
              codec_type: 'AUTO',
              http_filters: [
                { name: 'envoy.filters.http.router', typed_config: type('extensions.filters.http.router.v3.Router') },
              ],
              route_config: { virtual_hosts: [{ name: 'backend', domains: ['*'], routes }] },
            },
          },
        ],
      },
    ],
  };
}
