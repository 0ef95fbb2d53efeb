/**
 * Istio's standard metrics from upstream Envoy under Istio's control plane: an EnvoyFilter adds the stats access logger with Istio's labels,
 * and carries the peer's half of them in a header, as the embedded control plane does (docs/decisions/0002). What differs from proxy to
 * proxy is read from its node metadata when a request ends, since one filter is for all.
 */
import { type DesiredObject, systemNamespace } from '../part.ts';

const peerHeader = 'x-isthmus-peer';
const peerNamespace = 'isthmus.peer';

/** Node metadata, in the language of Envoy's attributes. */
const node = (key: string): string => `xds.node.metadata['${key}']`;
const label = (keys: string[], fallback: string): string =>
  keys.reduceRight((rest, key) => `('${key}' in ${node('LABELS')} ? ${node('LABELS')}['${key}'] : ${rest})`, fallback);

/** A proxy's own labels; the keys are the fields of the header, in their order. */
const own: Record<string, string> = {
  namespace: node('NAMESPACE'),
  workload: node('WORKLOAD_NAME'),
  app: label(['app', 'app.kubernetes.io/name'], "'unknown'"),
  version: label(['version', 'app.kubernetes.io/version'], "'unknown'"),
  canonical_service: label(['service.istio.io/canonical-name', 'app'], node('WORKLOAD_NAME')),
  canonical_revision: label(['service.istio.io/canonical-revision', 'version'], "'latest'"),
  cluster: node('CLUSTER_ID'),
};
const fields = Object.keys(own);

const cel = (expression: string): string => `%CEL(${expression})%`;
const typed = (name: string, rest: Record<string, unknown>) => ({
  '@type': `type.googleapis.com/envoy.extensions.${name}`,
  ...rest,
});

type Reporter = 'source' | 'destination';

/** The peer's label. At a destination it is believed of a verified peer only. */
function peer(reporter: Reporter, field: string): string {
  const fallback = field === 'canonical_revision' ? "'latest'" : "'unknown'";
  const known = `'${peerNamespace}' in metadata.filter_metadata`;
  const condition = reporter === 'destination' ? `connection.mtls && ${known}` : known;
  return `${condition} ? metadata.filter_metadata['${peerNamespace}']['${field}'] : ${fallback}`;
}

/** Istio names the Service of a cluster in its metadata. */
const service = (key: string): string =>
  cel(
    `'istio' in xds.cluster_metadata.filter_metadata && 'services' in xds.cluster_metadata.filter_metadata['istio'] ? xds.cluster_metadata.filter_metadata['istio']['services'][0]['${key}'] : 'unknown'`,
  );

function tags(reporter: Reporter, isHttp: boolean) {
  const other = (field: string): string =>
    isHttp ? peer(reporter, field) : field === 'canonical_revision' ? "'latest'" : "'unknown'";
  const of = (side: Reporter, field: string): string => cel(side === reporter ? own[field]! : other(field));
  const side = (name: Reporter) => ({
    [`${name}_workload`]: of(name, 'workload'),
    [`${name}_workload_namespace`]: of(name, 'namespace'),
    [`${name}_canonical_service`]: of(name, 'canonical_service'),
    [`${name}_canonical_revision`]: of(name, 'canonical_revision'),
    [`${name}_app`]: of(name, 'app'),
    [`${name}_version`]: of(name, 'version'),
    [`${name}_cluster`]: of(name, 'cluster'),
  });
  const [ownId, peerId] =
    reporter === 'source'
      ? ['%UPSTREAM_LOCAL_URI_SAN%', '%UPSTREAM_PEER_URI_SAN%']
      : ['%DOWNSTREAM_LOCAL_URI_SAN%', '%DOWNSTREAM_PEER_URI_SAN%'];
  const labels: Record<string, string> = {
    reporter,
    ...side('source'),
    ...side('destination'),
    source_principal: reporter === 'source' ? ownId : peerId,
    destination_principal: reporter === 'source' ? peerId : ownId,
    destination_service: service('host'),
    destination_service_name: service('name'),
    destination_service_namespace: service('namespace'),
    response_flags: '%RESPONSE_FLAGS%',
    connection_security_policy: reporter === 'source' ? 'unknown' : cel("connection.mtls ? 'mutual_tls' : 'none'"),
    ...(isHttp
      ? {
          request_protocol: cel(
            "'content-type' in request.headers && request.headers['content-type'].startsWith('application/grpc') ? 'grpc' : 'http'",
          ),
          response_code: '%RESPONSE_CODE%',
          grpc_response_status: '%GRPC_STATUS_NUMBER%',
        }
      : { request_protocol: 'tcp' }),
  };
  return Object.entries(labels).map(([name, value_format]) => ({ name, value_format }));
}

function logger(types: string[], config: Record<string, unknown>) {
  return {
    name: 'envoy.access_loggers.stats',
    filter: { log_type_filter: { types } },
    typed_config: typed('access_loggers.stats.v3.Config', { stat_prefix: 'istio', ...config }),
  };
}

function httpLoggers(reporter: Reporter) {
  const all = tags(reporter, true);
  const histogram = (name: string, unit: string, value_format: string) => ({
    stat: { name, tags: all },
    unit,
    value_format,
  });
  return [
    logger(['DownstreamEnd'], {
      counters: [{ stat: { name: 'requests_total', tags: all }, value_fixed: 1 }],
      histograms: [
        histogram('request_duration_milliseconds', 'Milliseconds', '%DURATION%'),
        histogram('request_bytes', 'Bytes', '%BYTES_RECEIVED%'),
        histogram('response_bytes', 'Bytes', '%BYTES_SENT%'),
      ],
    }),
  ];
}

function tcpLoggers(reporter: Reporter) {
  const all = tags(reporter, false);
  const counter = (name: string, value: Record<string, unknown>) => ({ stat: { name, tags: all }, ...value });
  return [
    logger(['TcpUpstreamConnected'], { counters: [counter('tcp_connections_opened_total', { value_fixed: 1 })] }),
    logger(['TcpConnectionEnd'], {
      counters: [
        counter('tcp_connections_closed_total', { value_fixed: 1 }),
        counter('tcp_received_bytes_total', { value_format: '%BYTES_RECEIVED%' }),
        counter('tcp_sent_bytes_total', { value_format: '%BYTES_SENT%' }),
      ],
    }),
  ];
}

const managerName = 'envoy.filters.network.http_connection_manager';
const tcpName = 'envoy.filters.network.tcp_proxy';

function patches(reporter: Reporter) {
  const context = reporter === 'source' ? 'SIDECAR_OUTBOUND' : 'SIDECAR_INBOUND';
  const inFilter = (name: string, subFilter?: string) => ({
    context,
    listener: { filterChain: { filter: { name, ...(subFilter ? { subFilter: { name: subFilter } } : {}) } } },
  });
  const rules = fields.map((field, index) => ({
    header: peerHeader,
    on_header_present: {
      metadata_namespace: peerNamespace,
      key: field,
      type: 'STRING',
      regex_value_rewrite: { pattern: { regex: `^(?:[^;]*;){${index}}([^;]*).*$` }, substitution: '\\1' },
    },
    ...(index === fields.length - 1 ? { remove: true } : {}),
  }));
  const header = {
    header: { key: peerHeader, value: fields.map((field) => cel(own[field]!)).join(';') },
    append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
  };
  return [
    {
      applyTo: 'NETWORK_FILTER',
      match: inFilter(managerName),
      patch: {
        operation: 'MERGE',
        value: {
          name: managerName,
          typed_config: typed('filters.network.http_connection_manager.v3.HttpConnectionManager', {
            access_log: httpLoggers(reporter),
          }),
        },
      },
    },
    {
      applyTo: 'NETWORK_FILTER',
      match: inFilter(tcpName),
      patch: {
        operation: 'MERGE',
        value: {
          name: tcpName,
          typed_config: typed('filters.network.tcp_proxy.v3.TcpProxy', {
            access_log_options: { flush_access_log_on_connected: true },
            access_log: tcpLoggers(reporter),
          }),
        },
      },
    },
    {
      applyTo: 'HTTP_FILTER',
      match: inFilter(managerName, 'envoy.filters.http.router'),
      patch: {
        operation: 'INSERT_BEFORE',
        value: {
          name: 'envoy.filters.http.header_to_metadata',
          typed_config: typed(
            'filters.http.header_to_metadata.v3.Config',
            reporter === 'destination' ? { request_rules: rules } : { response_rules: rules },
          ),
        },
      },
    },
    {
      applyTo: 'ROUTE_CONFIGURATION',
      match: { context },
      patch: {
        operation: 'MERGE',
        value: reporter === 'source' ? { request_headers_to_add: [header] } : { response_headers_to_add: [header] },
      },
    },
  ];
}

/** For every sidecar of the mesh: it is in the root namespace and selects none. */
export function metricsFilter(): DesiredObject {
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'isthmus-metrics', namespace: systemNamespace },
    spec: { configPatches: [...patches('source'), ...patches('destination')] },
  };
}
