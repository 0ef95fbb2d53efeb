/**
 * What proxies have counted, of all clusters. Each cluster's Prometheus is asked once, all at the same time. A series is taken from the
 * Prometheus of the cluster whose proxy counted it; what federation has brought elsewhere is used only where that one gives no answer, so
 * that nothing is counted twice.
 */
import { messageOf } from '../../errors/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import type { SourceProblem } from '../types/index.ts';
import { PrometheusClient } from './client.ts';

/** One row of traffic in a second; absent labels are `unknown`, as Istio writes it. */
export interface TrafficSeries {
  reporter: 'source' | 'destination' | 'waypoint';
  protocol: 'http' | 'grpc' | 'tcp';
  /** HTTP or gRPC status; `-` for no response; empty for TCP. */
  code: string;
  flags: string;
  source: Endpoint;
  destination: Endpoint & { service: string; serviceName: string; serviceNamespace: string };
  sourcePrincipal: string;
  destinationPrincipal: string;
  security: string;
  /** Requests in a second, or bytes in a second for TCP (both directions together). */
  rate: number;
  /** Milliseconds; undefined where it was not asked for or nothing was measured. */
  responseTime?: number;
}

export interface Endpoint {
  cluster: string;
  namespace: string;
  workload: string;
  app: string;
  version: string;
}

export interface Traffic {
  series: TrafficSeries[];
  problems: SourceProblem[];
}

export interface TrafficOptions {
  /** Seconds over which the rate is taken. */
  duration: number;
  /** Seconds since 1970; without it: now. */
  queryTime?: number | undefined;
  /** Also measure how long answers took. */
  responseTime?: 'avg' | '50' | '95' | '99' | undefined;
  /** Also rows whose rate is nil. */
  idle?: boolean | undefined;
}

const ends = ['cluster', 'workload_namespace', 'workload', 'canonical_service', 'canonical_revision', 'principal'];
const shared = [
  'reporter',
  ...ends.map((one) => `source_${one}`),
  ...ends.map((one) => `destination_${one}`),
  'destination_service_namespace',
  'destination_service',
  'destination_service_name',
  'connection_security_policy',
  'response_flags',
  'cluster',
];
const requestLabels = [...shared, 'request_protocol', 'response_code', 'grpc_response_status'];

/** Asks for everything in one query; `kind` tells the parts of the answer apart. */
export function trafficQuery({ duration, responseTime, idle }: TrafficOptions): string {
  const range = `[${Math.max(1, Math.round(duration))}s]`;
  const by = (labels: string[]): string => `by (${labels.join(', ')})`;
  const some = idle ? '' : ' > 0';
  const kind = (query: string, name: string): string => `label_replace(${query}, "kind", "${name}", "", "")`;
  const parts = [
    kind(`(sum ${by(requestLabels)} (rate(istio_requests_total${range})))${some}`, 'requests'),
    ...['sent', 'received'].map((way) =>
      kind(`(sum ${by(shared)} (rate(istio_tcp_${way}_bytes_total${range})))${some}`, way),
    ),
  ];
  if (responseTime === 'avg') {
    const of = (what: string): string =>
      `sum ${by(requestLabels)} (rate(istio_request_duration_milliseconds_${what}${range}))`;
    parts.push(kind(`((${of('sum')}) / (${of('count')} > 0))`, 'time'));
  } else if (responseTime)
    parts.push(
      kind(
        `histogram_quantile(0.${responseTime}, sum ${by(['le', ...requestLabels])} (rate(istio_request_duration_milliseconds_bucket${range})))`,
        'time',
      ),
    );
  return parts.join(' or ');
}

export async function readTraffic(clusters: ClusterModel[], options: TrafficOptions): Promise<Traffic> {
  const query = trafficQuery(options);
  const answers = await Promise.all(
    clusters.map(async (cluster) => {
      const client = new PrometheusClient(cluster);
      try {
        const samples = await client.query(query, options.queryTime);
        return { cluster: cluster.name, samples };
      } catch (error) {
        return { cluster: cluster.name, problem: problemOf(cluster, error) };
      }
    }),
  );
  return {
    series: mergeSamples(answers.flatMap((one) => (one.samples ? [one] : []))),
    problems: answers.flatMap((one) => (one.problem ? [one.problem] : [])),
  };
}

function problemOf(cluster: ClusterModel, error: unknown): SourceProblem {
  const { lastSeen } = cluster.api;
  return { cluster: cluster.name, source: 'prometheus', why: messageOf(error), ...(lastSeen ? { lastSeen } : {}) };
}

type Answer = { cluster: string; samples: { metric: Record<string, string>; value: [number, string] }[] };

/** Joins the answers. Exported for tests and benchmarks. */
export function mergeSamples(answers: Answer[]): TrafficSeries[] {
  const answered = new Set(answers.filter((one) => one.samples.length > 0).map((one) => one.cluster));
  // Who stands in for a cluster without answer: one other, lest two federations count twice.
  const standIn = new Map<string, string>();
  const rows = new Map<string, TrafficSeries>();
  const times: { key: string; value: number }[] = [];
  for (const { cluster, samples } of answers)
    for (const { metric, value } of samples) {
      const owner = counterOf(metric, cluster);
      if (owner !== cluster) {
        if (answered.has(owner)) continue;
        if (!standIn.has(owner)) standIn.set(owner, cluster);
        if (standIn.get(owner) !== cluster) continue;
      }
      const number = Number(value[1]);
      if (!Number.isFinite(number)) continue;
      const series = toSeries(metric, number);
      const key = keyOf(series);
      if (metric['kind'] === 'time') times.push({ key, value: number });
      else {
        // A revision that has changed its labels, or a second scrape job: one row for what is the same to the reader.
        const known = rows.get(key);
        if (known) known.rate += number;
        else rows.set(key, series);
      }
    }
  for (const { key, value } of times) {
    const row = rows.get(key);
    if (row) row.responseTime = value;
  }
  return [...rows.values()];
}

/** The cluster whose proxy counted: the client's for reporter source, the server's else; the scrape's label where the proxy does not know. */
function counterOf(metric: Record<string, string>, asked: string): string {
  const own = metric['reporter'] === 'source' ? metric['source_cluster'] : metric['destination_cluster'];
  if (own && own !== 'unknown') return own;
  return metric['cluster'] || asked;
}

function toSeries(metric: Record<string, string>, rate: number): TrafficSeries {
  const label = (name: string): string => metric[name] || 'unknown';
  const isTcp = ['sent', 'received'].includes(metric['kind'] ?? '') || metric['request_protocol'] === 'tcp';
  const protocol = isTcp ? 'tcp' : metric['request_protocol'] === 'grpc' ? 'grpc' : 'http';
  const end = (side: 'source' | 'destination'): Endpoint => ({
    cluster: label(`${side}_cluster`),
    namespace: label(`${side}_workload_namespace`),
    workload: label(`${side}_workload`),
    app: label(`${side}_canonical_service`),
    version: label(`${side}_canonical_revision`),
  });
  return {
    reporter: label('reporter') as TrafficSeries['reporter'],
    protocol,
    code: isTcp ? '' : codeOf(protocol, metric),
    flags: metric['response_flags'] || '-',
    source: end('source'),
    destination: {
      ...end('destination'),
      service: label('destination_service'),
      serviceName: label('destination_service_name'),
      serviceNamespace: label('destination_service_namespace'),
    },
    sourcePrincipal: label('source_principal'),
    destinationPrincipal: label('destination_principal'),
    security: label('connection_security_policy'),
    rate,
  };
}

/** Kiali's rule: 0 is no response; for gRPC its own status counts unless HTTP itself failed. */
function codeOf(protocol: string, metric: Record<string, string>): string {
  const http = metric['response_code'] || '0';
  const grpc = metric['grpc_response_status'];
  const code = protocol === 'grpc' && grpc && !/^[45]/.test(http) ? grpc : http;
  return code === '0' && (protocol === 'http' || !grpc) ? '-' : code;
}

const keyOf = (one: TrafficSeries): string =>
  [
    one.reporter,
    one.protocol,
    one.code,
    one.flags,
    one.security,
    one.sourcePrincipal,
    one.destinationPrincipal,
    ...Object.values(one.source),
    ...Object.values(one.destination),
  ].join('|');

/** Whether a label says something. */
export const isKnown = (value: string): boolean => value !== '' && value !== 'unknown';

const failedHttp = /^(5|-)/;

/** What counts as failed in rates that are shown: 5xx, no response, and gRPC statuses other than OK. */
export function isFailure(series: Pick<TrafficSeries, 'protocol' | 'code'>): boolean {
  if (series.protocol === 'grpc') return !['0', '200'].includes(series.code);
  return series.protocol === 'http' && failedHttp.test(series.code);
}
