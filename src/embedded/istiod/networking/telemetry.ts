/**
 * Istio's standard metrics from upstream Envoy: the stats access logger counts with Istio's labels; the peer's half of them comes in one
 * header of ours, which the other proxy sets and this one reads and takes off. See docs/decisions/0002.
 */
import type { MeshProxy } from '../model.ts';
import type { MetricOverride, MetricOverrides } from '../telemetry/metrics.ts';
import { typed } from './names.ts';

export const peerHeader = 'x-isthmus-peer';
const peerNamespace = 'isthmus.peer';

/** The fields of the header, in their order. None of them may hold the separator. */
const peerFields = [
  'namespace',
  'workload',
  'app',
  'version',
  'canonical_service',
  'canonical_revision',
  'cluster',
] as const;
type PeerField = (typeof peerFields)[number];
type Labels = Record<PeerField, string>;

export function ownLabels(proxy: MeshProxy): Labels {
  const { labels, metadata } = proxy;
  const workload = String(metadata['WORKLOAD_NAME'] ?? proxy.name);
  return {
    namespace: proxy.namespace,
    workload,
    app: labels['app'] ?? labels['app.kubernetes.io/name'] ?? 'unknown',
    version: labels['version'] ?? labels['app.kubernetes.io/version'] ?? 'unknown',
    canonical_service: labels['service.istio.io/canonical-name'] ?? labels['app'] ?? workload,
    canonical_revision: labels['service.istio.io/canonical-revision'] ?? labels['version'] ?? 'latest',
    cluster: proxy.clusterId,
  };
}

export function peerHeaderValue(proxy: MeshProxy): any {
  const labels = ownLabels(proxy);
  return {
    header: { key: peerHeader, value: peerFields.map((field) => labels[field].replaceAll(';', '_')).join(';') },
    append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
  };
}

/** Reads the peer's header into metadata. From a peer without a verified identity nothing is believed; the header goes all the same. */
export function peerFilter(side: 'request' | 'response', trusted: boolean): any {
  const rules = peerFields.map((field, index) => ({
    header: peerHeader,
    on_header_present: {
      metadata_namespace: peerNamespace,
      key: field,
      type: 'STRING',
      ...(trusted
        ? { regex_value_rewrite: { pattern: { regex: `^(?:[^;]*;){${index}}([^;]*).*$` }, substitution: '\\1' } }
        : { value: 'unknown' }),
    },
    on_header_missing: {
      metadata_namespace: peerNamespace,
      key: field,
      type: 'STRING',
      value: field === 'canonical_revision' ? 'latest' : 'unknown',
    },
    ...(index === peerFields.length - 1 ? { remove: true } : {}),
  }));
  return {
    name: 'envoy.filters.http.header_to_metadata',
    typed_config: typed(
      'extensions.filters.http.header_to_metadata.v3.Config',
      side === 'request' ? { request_rules: rules } : { response_rules: rules },
    ),
  };
}

export type Reporter = 'source' | 'destination';

export interface ReportedConnection {
  reporter: Reporter;
  proxy: MeshProxy;
  /** Whether the peer's identity is verified: what a destination says of the connection's security. */
  mutual: boolean;
}

const peer = (field: PeerField): string => `%DYNAMIC_METADATA(${peerNamespace}:${field})%`;
/** Who has not answered has sent no header: what istiod has said of the endpoint holds then, if one was chosen. */
const peerCluster = `metadata.filter_metadata['${peerNamespace}']['cluster']`;
const endpointSays = "xds.upstream_host_metadata.filter_metadata['isthmus']['cluster']";
const answeringCluster = `%CEL('${peerNamespace}' in metadata.filter_metadata && ${peerCluster} != 'unknown' ? ${peerCluster} : has(upstream.address) ? ${endpointSays} : 'unknown')%`;
const endpointCluster = '%UPSTREAM_METADATA(isthmus:cluster)%';
const known =
  (labels: Labels) =>
  (field: PeerField): string =>
    labels[field];

/** Labels that HTTP and TCP have in common. */
function commonTags(
  { reporter, proxy, mutual }: ReportedConnection,
  other: (field: PeerField) => string,
): Record<string, string> {
  const own = known(ownLabels(proxy));
  const [source, destination] = reporter === 'source' ? [own, other] : [other, own];
  const id = `spiffe://${String(proxy.metadata['TRUST_DOMAIN'] ?? 'cluster.local')}/ns/${proxy.namespace}/sa/${proxy.serviceAccount}`;
  const peerId = reporter === 'source' ? '%UPSTREAM_PEER_URI_SAN%' : '%DOWNSTREAM_PEER_URI_SAN%';
  // At the source the own certificate is used only if the connection is mutual TLS.
  const ownId = reporter === 'source' ? '%UPSTREAM_LOCAL_URI_SAN%' : mutual ? id : '';
  return {
    reporter,
    source_workload: source('workload'),
    source_canonical_service: source('canonical_service'),
    source_canonical_revision: source('canonical_revision'),
    source_workload_namespace: source('namespace'),
    source_principal: reporter === 'source' ? ownId : peerId,
    source_app: source('app'),
    source_version: source('version'),
    source_cluster: source('cluster'),
    destination_workload: destination('workload'),
    destination_workload_namespace: destination('namespace'),
    destination_principal: reporter === 'source' ? peerId : ownId,
    destination_app: destination('app'),
    destination_version: destination('version'),
    destination_service: '%CLUSTER_METADATA(isthmus:host)%',
    destination_canonical_service: destination('canonical_service'),
    destination_canonical_revision: destination('canonical_revision'),
    destination_service_name: '%CLUSTER_METADATA(isthmus:name)%',
    destination_service_namespace: '%CLUSTER_METADATA(isthmus:namespace)%',
    destination_cluster: destination('cluster'),
    response_flags: '%RESPONSE_FLAGS%',
    connection_security_policy: reporter === 'source' ? 'unknown' : mutual ? 'mutual_tls' : 'none',
  };
}

const isGrpc = "'content-type' in request.headers && request.headers['content-type'].startsWith('application/grpc')";

/** @param overrides what Telemetry objects want otherwise; undefined when nothing is counted. */
export function httpMetrics(connection: ReportedConnection, overrides: MetricOverrides | undefined): any[] {
  const labels: Record<string, string> = {
    ...commonTags(connection, peer),
    ...(connection.reporter === 'source' ? { destination_cluster: answeringCluster } : {}),
    request_protocol: `%CEL(${isGrpc} ? 'grpc' : 'http')%`,
    response_code: '%RESPONSE_CODE%',
    grpc_response_status: '%GRPC_STATUS_NUMBER%',
  };
  return loggers(labels, overrides, ['DownstreamEnd'], {
    counters: [{ name: 'requests_total', value_fixed: 1 }],
    histograms: [
      { name: 'request_duration_milliseconds', unit: 'Milliseconds', value_format: '%DURATION%' },
      { name: 'request_bytes', unit: 'Bytes', value_format: '%BYTES_RECEIVED%' },
      { name: 'response_bytes', unit: 'Bytes', value_format: '%BYTES_SENT%' },
    ],
  });
}

/** TCP has no headers: of the peer only the principal is known. */
export function tcpMetrics(connection: ReportedConnection, overrides: MetricOverrides | undefined): any[] {
  const unknown = (field: PeerField): string => (field === 'canonical_revision' ? 'latest' : 'unknown');
  const labels = {
    ...commonTags(connection, unknown),
    ...(connection.reporter === 'source' ? { destination_cluster: endpointCluster } : {}),
    request_protocol: 'tcp',
  };
  return [
    ...loggers(labels, overrides, ['TcpUpstreamConnected'], {
      counters: [{ name: 'tcp_connections_opened_total', value_fixed: 1 }],
    }),
    ...loggers(labels, overrides, ['TcpConnectionEnd'], {
      counters: [
        { name: 'tcp_connections_closed_total', value_fixed: 1 },
        { name: 'tcp_received_bytes_total', value_format: '%BYTES_RECEIVED%' },
        { name: 'tcp_sent_bytes_total', value_format: '%BYTES_SENT%' },
      ],
    }),
  ];
}

interface Metric {
  name: string;
  [field: string]: unknown;
}

/** One logger for the metrics that are left, or none. */
function loggers(
  labels: Record<string, string>,
  overrides: MetricOverrides | undefined,
  types: string[],
  metrics: Record<'counters' | 'histograms', Metric[]> | Record<'counters', Metric[]>,
): any[] {
  const config = Object.entries(metrics).flatMap(([kind, list]) => {
    const counted = list
      .filter(({ name }) => overrides !== undefined && overrides.get(name)?.disabled !== true)
      .map(({ name, ...rest }) => ({ stat: { name, tags: tagList(labels, overrides?.get(name)) }, ...rest }));
    return counted.length > 0 ? [[kind, counted] as const] : [];
  });
  if (config.length === 0) return [];
  return [
    {
      name: 'envoy.access_loggers.stats',
      filter: { log_type_filter: { types } },
      typed_config: typed('extensions.access_loggers.stats.v3.Config', {
        stat_prefix: 'istio',
        ...Object.fromEntries(config),
      }),
    },
  ];
}

function tagList(labels: Record<string, string>, override: MetricOverride | undefined): any[] {
  const changed: Record<string, string> = { ...labels };
  for (const [tag, expression] of override?.tags ?? [])
    changed[tag] = expression === null ? '' : `%CEL(${expression})%`;
  // An empty value is refused; the scrape says `unknown` for a label that is absent.
  return Object.entries(changed)
    .filter(([, value_format]) => value_format !== '')
    .map(([name, value_format]) => ({ name, value_format }));
}
