/** What a DestinationRule's connectionPool says of a cluster: its limits, its connections, and the protocol that is spoken on them. */
import type { MeshConfig, ServicePort } from '../model.ts';
import { isHttp, isHttp2 } from '../registry/protocol.ts';
import { seconds } from './durations.ts';
import { typed } from './names.ts';

const most = 4_294_967_295;

/** Envoy's own limits are low (1024 connections); Istio sets none but those that are asked for. Zero asks for none. */
export function limits(policy: any = {}): any {
  const { tcp, http } = policy.connectionPool ?? {};
  const budget = policy.retryBudget;
  const threshold = {
    max_connections: tcp?.maxConnections || most,
    max_pending_requests: http?.http1MaxPendingRequests || most,
    max_requests: http?.http2MaxRequests || most,
    max_retries: http?.maxRetries || most,
    track_remaining: true,
    ...(budget
      ? {
          retry_budget: {
            budget_percent: { value: budget.percent ?? 20 },
            min_retry_concurrency: budget.minRetryConcurrency || 3,
            ...(seconds(budget.budgetInterval) ? { budget_interval: seconds(budget.budgetInterval) } : {}),
          },
        }
      : {}),
  };
  return { circuit_breakers: { thresholds: [threshold] } };
}

export function connections(meshConfig: MeshConfig, policy: any = {}): any {
  const tcp = policy.connectionPool?.tcp;
  const keepalive: any = tcp?.tcpKeepalive ?? meshConfig.raw['tcpKeepalive'];
  return {
    connect_timeout: seconds(tcp?.connectTimeout) ?? `${meshConfig.connectTimeout / 1000}s`,
    ...(keepalive
      ? {
          upstream_connection_options: {
            tcp_keepalive: {
              ...(keepalive.probes ? { keepalive_probes: keepalive.probes } : {}),
              ...(seconds(keepalive.time) ? { keepalive_time: whole(keepalive.time) } : {}),
              ...(seconds(keepalive.interval) ? { keepalive_interval: whole(keepalive.interval) } : {}),
            },
          },
        }
      : {}),
  };
}

const whole = (duration: string): number => Math.floor(Number(seconds(duration)!.slice(0, -1)));

/** Whether HTTP/2 is spoken: because the port says so, or because the rule or the mesh asks for it. */
export function speaksHttp2(meshConfig: MeshConfig, port: ServicePort, policy: any = {}): boolean {
  const { h2UpgradePolicy, useClientProtocol } = policy.connectionPool?.http ?? {};
  if (isHttp2(port.protocol)) return true;
  if (useClientProtocol) return false;
  if (h2UpgradePolicy === 'UPGRADE') return true;
  if (h2UpgradePolicy === 'DO_NOT_UPGRADE') return false;
  return meshConfig.raw['h2UpgradePolicy'] === 'UPGRADE' && isHttp(port.protocol);
}

export interface ProtocolOptions {
  http2: boolean;
  /** The upstream connection speaks what the downstream one does. */
  likeDownstream: boolean;
  /** Of TLS that the rule asks for: server name and certificate are judged by the request's host. */
  upstream?: Record<string, boolean>;
}

export function protocolOptions({ http2, likeDownstream, upstream = {} }: ProtocolOptions, policy: any = {}): any {
  const { http, tcp } = policy.connectionPool ?? {};
  const idle = seconds(http?.idleTimeout) ?? seconds(tcp?.idleTimeout);
  const lifetime = seconds(tcp?.maxConnectionDuration);
  const common = {
    ...(idle ? { idle_timeout: idle } : {}),
    ...(http?.maxRequestsPerConnection ? { max_requests_per_connection: http.maxRequestsPerConnection } : {}),
    ...(lifetime ? { max_connection_duration: lifetime } : {}),
  };
  const says = Object.keys(common).length > 0 || Object.keys(upstream).length > 0;
  const client = likeDownstream || http?.useClientProtocol === true;
  if (!http2 && !client && !says && !http?.maxConcurrentStreams && !http?.http2KeepAlive) return {};
  return httpOptions({
    ...(Object.keys(common).length > 0 ? { common_http_protocol_options: common } : {}),
    ...(Object.keys(upstream).length > 0 ? { upstream_http_protocol_options: upstream } : {}),
    ...(client
      ? { use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} } }
      : {
          explicit_http_config: http2 ? { http2_protocol_options: http2Options(http) } : { http_protocol_options: {} },
        }),
  });
}

function http2Options(http: any): any {
  const keepalive = http?.http2KeepAlive;
  return {
    ...(http?.maxConcurrentStreams ? { max_concurrent_streams: http.maxConcurrentStreams } : {}),
    ...(keepalive
      ? {
          connection_keepalive: {
            ...(seconds(keepalive.interval) ? { interval: seconds(keepalive.interval) } : {}),
            ...(seconds(keepalive.timeout) ? { timeout: seconds(keepalive.timeout) } : {}),
          },
        }
      : {}),
  };
}

export function httpOptions(options: any): any {
  const name = 'extensions.upstreams.http.v3.HttpProtocolOptions';
  return { typed_extension_protocol_options: { [`envoy.${name}`]: typed(name, options) } };
}
