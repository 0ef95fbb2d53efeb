/** Access logs that are streamed to a service of the mesh: Envoy's own protocol for HTTP and TCP, and OpenTelemetry's. */
import type { MeshSnapshot } from '../model.ts';
import { typed } from '../networking/names.ts';
import { providerCluster } from '../networking/provider-cluster.ts';
import type { ExtensionProvider } from './applicable.ts';
import { formatters, textFormat } from './log-formats.ts';

/** What Istio's own proxies know of the peer. */
const peers = ['upstream_peer', 'downstream_peer'];
const olderPeers = ['upstream_peer', 'upstream_peer_id', 'downstream_peer', 'downstream_peer_id'];

/** The logger of a provider; undefined for one of another kind, and for one whose service is not known. */
export function serviceLog(snapshot: MeshSnapshot, provider: ExtensionProvider): any {
  const { envoyHttpAls: http, envoyTcpAls: tcp, envoyOtelAls: otel } = provider;
  if (http)
    return logger(snapshot, http, 'envoy.access_loggers.http_grpc', 'http_envoy_accesslog', 'HttpGrpcAccessLogConfig', {
      ...list('additional_request_headers_to_log', http.additionalRequestHeadersToLog),
      ...list('additional_response_headers_to_log', http.additionalResponseHeadersToLog),
      ...list('additional_response_trailers_to_log', http.additionalResponseTrailersToLog),
    });
  if (tcp)
    return logger(snapshot, tcp, 'envoy.tcp_grpc_access_log', 'tcp_envoy_accesslog', 'TcpGrpcAccessLogConfig', {});
  return otel ? openTelemetry(snapshot, otel) : undefined;
}

const list = (key: string, values: string[] | undefined): any => (values?.length ? { [key]: values } : {});

function logger(snapshot: MeshSnapshot, settings: any, name: string, logName: string, type: string, more: any): any {
  const stated: string[] = settings.filterStateObjectsToLog ?? [];
  const common_config = common(snapshot, settings, logName, stated.length > 0 ? stated : peers);
  if (!common_config) return undefined;
  return { name, typed_config: typed(`extensions.access_loggers.grpc.v3.${type}`, { common_config, ...more }) };
}

function openTelemetry(snapshot: MeshSnapshot, settings: any): any {
  const states = [...peers, ...olderPeers.map((one) => `wasm.${one}`)];
  const common_config = common(snapshot, settings, 'otel_envoy_accesslog', states);
  if (!common_config) return undefined;
  const format = settings.logFormat?.text || textFormat;
  const labels: [string, unknown][] = Object.entries(settings.logFormat?.labels ?? {});
  const values = labels
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, value: { string_value: String(value) } }));
  return {
    name: 'envoy.access_loggers.open_telemetry',
    typed_config: typed('extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig', {
      common_config,
      disable_builtin_labels: true,
      body: { string_value: format },
      ...(values.length > 0 ? { attributes: { values } } : {}),
      ...formatters(format + JSON.stringify(values)),
    }),
  };
}

function common(snapshot: MeshSnapshot, settings: any, logName: string, states: string[]): any {
  const target = providerCluster(snapshot, settings.service, settings.port);
  if (!target) return undefined;
  return {
    log_name: settings.logName || logName,
    grpc_service: { envoy_grpc: { cluster_name: target.cluster, authority: target.host } },
    transport_api_version: 'V3',
    filter_state_objects_to_log: states,
  };
}
