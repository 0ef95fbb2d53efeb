/** CDS: the clusters of sidecars and gateways. */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshProxy, MeshService, MeshSnapshot, ServicePort } from '../model.ts';
import { isHttp, isHttp2 } from '../registry/protocol.ts';
import { destinationRuleFor, subsetsOf, trafficPolicy } from './destination-rule.ts';
import { seconds } from './durations.ts';
import { byTargetPort, type ServiceInstance } from './instances.ts';
import { blackHole, clusterName, configMetadata, inboundPassthrough, passthrough, sniName, typed } from './names.ts';
import { mtlsMode } from './peer-authentication.ts';
import { upstreamMtls, upstreamSimpleTls } from './tls.ts';

const most = 4_294_967_295;
const duration = (ms: number): string => `${ms / 1000}s`;

export function outboundClusters(snapshot: MeshSnapshot, proxy: MeshProxy, services: MeshService[]): any[] {
  return services.flatMap((service) => {
    const rule = destinationRuleFor(snapshot, proxy.namespace, service);
    return service.ports
      .filter((port) => port.protocol !== 'UDP')
      .flatMap((port) =>
        [undefined, ...subsetsOf(rule)].map((subset) =>
          outboundCluster(
            snapshot,
            proxy,
            service,
            port,
            subset?.name ?? '',
            trafficPolicy(rule, subset, port.port),
            rule,
          ),
        ),
      );
  });
}

function outboundCluster(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  service: MeshService,
  port: ServicePort,
  subset: string,
  policy: any,
  rule: KubeObject | undefined,
): any {
  const name = clusterName('outbound', port.port, subset, service.hostname);
  const direct = service.headless && proxy.type === 'sidecar';
  return {
    ...base(snapshot, name, policy),
    ...(direct
      ? { type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' }
      : {
          type: 'EDS',
          eds_cluster_config: {
            service_name: name,
            eds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
          },
        }),
    metadata: serviceMetadata(service, subset, rule),
    // A router's listeners do not sniff.
    ...(proxy.type === 'router' && port.protocol === 'UNSUPPORTED' ? {} : protocolOptions(port, policy)),
    ...security(snapshot, service, port, subset, policy, direct),
  };
}

/** Envoy's own limits are low (1024 connections); Istio sets none but those of a DestinationRule. */
function limits(pool: any = {}): any {
  const threshold = {
    max_connections: pool.tcp?.maxConnections ?? most,
    max_pending_requests: pool.http?.http1MaxPendingRequests ?? most,
    max_requests: pool.http?.http2MaxRequests ?? most,
    max_retries: pool.http?.maxRetries ?? most,
    track_remaining: true,
  };
  return { circuit_breakers: { thresholds: [threshold] } };
}

function base(snapshot: MeshSnapshot, name: string, policy: any): any {
  const pool = policy?.connectionPool ?? {};
  return {
    name,
    alt_stat_name: `${name};`,
    connect_timeout: seconds(pool.tcp?.connectTimeout) ?? duration(snapshot.meshConfig.connectTimeout),
    lb_policy: balancing[policy?.loadBalancer?.simple ?? ''] ?? 'LEAST_REQUEST',
    ...limits(pool),
    ...outlierDetection(policy?.outlierDetection),
  };
}

const balancing: Record<string, string> = {
  ROUND_ROBIN: 'ROUND_ROBIN',
  RANDOM: 'RANDOM',
  LEAST_REQUEST: 'LEAST_REQUEST',
  LEAST_CONN: 'LEAST_REQUEST',
};

/** Unhealthy endpoints are sent, so that panic routing to them must be off unless it is asked for. */
function outlierDetection(settings: any): any {
  const common = { healthy_panic_threshold: { value: settings?.minHealthPercent ?? 0 } };
  if (!settings) return { common_lb_config: common };
  return {
    common_lb_config: common,
    outlier_detection: {
      consecutive_5xx: settings.consecutive5xxErrors ?? 5,
      enforcing_consecutive_5xx: settings.consecutive5xxErrors === 0 ? 0 : 100,
      ...(settings.consecutiveGatewayErrors
        ? { consecutive_gateway_failure: settings.consecutiveGatewayErrors, enforcing_consecutive_gateway_failure: 100 }
        : {}),
      interval: seconds(settings.interval) ?? '10s',
      base_ejection_time: seconds(settings.baseEjectionTime) ?? '30s',
      max_ejection_percent: settings.maxEjectionPercent ?? 10,
      enforcing_success_rate: 0,
    },
  };
}

/** Istio's own metadata, and the same flat, for the formatters of metrics. */
function serviceMetadata(service: MeshService, subset: string, rule?: KubeObject): any {
  const { hostname: host, name, namespace } = service;
  return {
    filter_metadata: {
      istio: {
        services: [{ host, name, namespace }],
        ...(subset ? { subset } : {}),
        ...(rule ? configMetadata('destination-rule', rule.metadata) : {}),
      },
      isthmus: { host, name, namespace },
    },
  };
}

function protocolOptions(port: ServicePort, policy?: any): any {
  const most = policy?.connectionPool?.http?.maxRequestsPerConnection;
  const common = most ? { common_http_protocol_options: { max_requests_per_connection: most } } : {};
  if (isHttp2(port.protocol)) return httpOptions({ ...common, explicit_http_config: { http2_protocol_options: {} } });
  if (port.protocol === 'UNSUPPORTED') return likeDownstream(common);
  return most ? httpOptions({ ...common, explicit_http_config: { http_protocol_options: {} } }) : {};
}

const likeDownstream = (common: object = {}): any =>
  httpOptions({
    ...common,
    use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
  });

function httpOptions(options: any): any {
  const name = 'extensions.upstreams.http.v3.HttpProtocolOptions';
  return { typed_extension_protocol_options: { [`envoy.${name}`]: typed(name, options) } };
}

/**
 * Istio's ALPN says to the peer what will come; upstream Envoy has no filter that sets it per request, and for declared protocols none is
 * needed. Undeclared ones get `istio`, which the HTTP connection manager of sniffed ports overrides by filter state.
 */
export function upstreamAlpn(port: ServicePort): string[] {
  if (isHttp2(port.protocol)) return ['istio-h2', 'istio', 'h2'];
  return isHttp(port.protocol) ? ['istio-http/1.1', 'istio'] : ['istio-peer-exchange', 'istio'];
}

function security(
  snapshot: MeshSnapshot,
  service: MeshService,
  port: ServicePort,
  subset: string,
  policy: any,
  direct: boolean,
): any {
  const accounts = [...service.serviceAccounts].flatMap((id) => [id, ...aliases(snapshot, id)]).sort();
  const mutual = upstreamMtls(sniName(port.port, subset, service.hostname), accounts, upstreamAlpn(port));
  const mode = policy?.tls?.mode;
  if (mode === 'DISABLE') return {};
  if (mode === 'SIMPLE' || mode === 'MUTUAL')
    return { transport_socket: upstreamSimpleTls(policy.tls, service.hostname) };
  if (mode === 'ISTIO_MUTUAL') return { transport_socket: mutual };
  if (!snapshot.meshConfig.enableAutoMtls || service.meshExternal) return {};
  if (mtlsMode(snapshot, { namespace: service.namespace, labels: {} }) === 'DISABLE') return {};
  const endpoints = snapshot.endpoints.get(service.hostname) ?? [];
  if (direct)
    return endpoints.length > 0 && endpoints.every((one) => one.tlsMode === 'istio')
      ? { transport_socket: mutual }
      : {};
  return {
    transport_socket_matches: [
      { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transport_socket: mutual },
      {
        name: 'tlsMode-disabled',
        match: {},
        transport_socket: {
          name: 'envoy.transport_sockets.raw_buffer',
          typed_config: typed('extensions.transport_sockets.raw_buffer.v3.RawBuffer'),
        },
      },
    ],
  };
}

function aliases(snapshot: MeshSnapshot, id: string): string[] {
  const own = `spiffe://${snapshot.meshConfig.trustDomain}/`;
  return id.startsWith(own)
    ? snapshot.meshConfig.trustDomainAliases.map((alias) => `spiffe://${alias}/${id.slice(own.length)}`)
    : [];
}

/** What a gateway passes on by SNI: the same endpoints, with no TLS of its own. */
export function sniClusters(snapshot: MeshSnapshot, proxy: MeshProxy, services: MeshService[]): any[] {
  return services.flatMap((service) => {
    if (service.meshExternal) return [];
    const rule = destinationRuleFor(snapshot, proxy.namespace, service);
    return service.ports
      .filter((port) => port.protocol !== 'UDP')
      .flatMap((port) =>
        [undefined, ...subsetsOf(rule)].map((subset) => {
          const name = sniName(port.port, subset?.name ?? '', service.hostname);
          return {
            ...base(snapshot, name, trafficPolicy(rule, subset, port.port)),
            type: 'EDS',
            eds_cluster_config: {
              service_name: name,
              eds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
            },
            metadata: serviceMetadata(service, subset?.name ?? '', rule),
            ...(isHttp2(port.protocol) ? protocolOptions(port) : {}),
          };
        }),
      );
  });
}

/** The proxy's mark must be said again where a cluster binds its own source. */
const localBind = {
  source_address: { address: '127.0.0.6', port_value: 0 },
  socket_options: [{ description: 'SO_MARK', level: 1, name: 36, int_value: 1337, state: 'STATE_PREBIND' }],
};

export function inboundClusters(snapshot: MeshSnapshot, instances: ServiceInstance[]): any[] {
  const timeout = duration(snapshot.meshConfig.connectTimeout);
  const ports = byTargetPort(instances);
  return [...ports.values()].map(({ targetPort, service, port }) => ({
    name: clusterName('inbound', targetPort, '', ''),
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: timeout,
    upstream_bind_config: localBind,
    ...limits(),
    metadata: serviceMetadata(service, ''),
    ...protocolOptions(port),
  }));
}

export function fixedClusters(snapshot: MeshSnapshot, proxy: MeshProxy): any[] {
  const timeout = duration(snapshot.meshConfig.connectTimeout);
  const metadata = (name: string) => ({
    filter_metadata: { isthmus: { host: 'unknown', name, namespace: 'unknown' } },
  });
  const original = (name: string, bind: any) => ({
    name,
    type: 'ORIGINAL_DST',
    lb_policy: 'CLUSTER_PROVIDED',
    connect_timeout: timeout,
    ...limits(),
    ...likeDownstream(),
    metadata: metadata(name),
    ...bind,
  });
  const hole = { name: blackHole, type: 'STATIC', connect_timeout: timeout, metadata: metadata(blackHole) };
  if (proxy.type === 'router') return [hole];
  return [hole, original(passthrough, {}), original(inboundPassthrough, { upstream_bind_config: localBind })];
}
