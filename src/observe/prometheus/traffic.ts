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
  /** Both ends, the service and the protocol, as one text: series of one flow have the same. */
  path: string;
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
  /** Bytes of bodies in a second, of the whole path: it is on one row of each reporter. */
  throughput?: number;
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
  /** Also measure the bytes of bodies in a second. */
  throughput?: 'request' | 'response' | undefined;
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
/** Times are of all answers on a path, whatever their code. */
const timeLabels = [
  ...['reporter', 'request_protocol', 'destination_service_namespace', 'destination_service_name'],
  ...ends.filter((one) => one !== 'principal').flatMap((one) => [`source_${one}`, `destination_${one}`]),
];
/** As clients measured, the way there and back included; as servers did for clients without a proxy. */
const timeSelectors = ['reporter="source"', 'reporter="destination",source_workload="unknown"'];

/** Asks for everything in one query; `kind` tells the parts of the answer apart. */
export function trafficQuery({ duration, responseTime, throughput, idle }: TrafficOptions): string {
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
  for (const selector of responseTime ? timeSelectors : []) {
    const of = (what: string, labels: string[]): string =>
      `sum ${by(labels)} (rate(istio_request_duration_milliseconds_${what}{${selector}}${range}))`;
    parts.push(
      kind(
        responseTime === 'avg'
          ? `((${of('sum', timeLabels)}) / (${of('count', timeLabels)} > 0))`
          : `histogram_quantile(0.${responseTime}, ${of('bucket', ['le', ...timeLabels])})`,
        'time',
      ),
    );
  }
  for (const selector of throughput ? timeSelectors : [])
    parts.push(
      kind(`(sum ${by(timeLabels)} (rate(istio_${throughput}_bytes_sum{${selector}}${range})))`, 'throughput'),
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

/** What is gathered of one path. */
interface Gathered {
  source: TrafficSeries['source'];
  destination: TrafficSeries['destination'];
  rows: TrafficSeries[];
  /** Milliseconds, by who measured. */
  times: Map<string, number> | undefined;
  /** Bytes in a second, by who measured. */
  bytes: Map<string, number> | undefined;
}

/** Joins the answers. Exported for tests and benchmarks. */
export function mergeSamples(answers: Answer[]): TrafficSeries[] {
  const answered = new Set(answers.filter((one) => one.samples.length > 0).map((one) => one.cluster));
  // Who stands in for a cluster without answer: one other, lest two federations count twice.
  const standIn = new Map<string, string>();
  const byPath = new Map<string, Gathered>();
  for (const { cluster, samples } of answers)
    for (const { metric, value } of samples) {
      const owner = counterOf(metric, cluster);
      if (owner !== cluster) {
        if (answered.has(owner)) continue;
        if (!standIn.has(owner)) standIn.set(owner, cluster);
        if (standIn.get(owner) !== cluster) continue;
      }
      const number = Number(value[1]);
      if (Number.isFinite(number)) gather(byPath, metric, number);
    }
  const all: TrafficSeries[] = [];
  for (const { rows, times, bytes } of byPath.values()) {
    for (const row of rows) {
      const time = times?.get(row.reporter);
      if (time !== undefined) row.responseTime = time;
      const throughput = bytes?.get(row.reporter);
      if (throughput !== undefined) {
        row.throughput = throughput;
        bytes?.delete(row.reporter);
      }
      all.push(row);
    }
  }
  return all;
}

/** Tens of thousands of samples come at once, so that ends are made once for a path and not for each sample. */
function gather(byPath: Map<string, Gathered>, metric: Record<string, string>, number: number): void {
  const { kind } = metric;
  const isTcp = kind === 'sent' || kind === 'received' || metric['request_protocol'] === 'tcp';
  const protocol = isTcp ? 'tcp' : metric['request_protocol'] === 'grpc' ? 'grpc' : 'http';
  const path = `${protocol}|${endKey(metric, 'source')}|${endKey(metric, 'destination')}|${metric['destination_service_namespace']}|${metric['destination_service_name']}`;
  let gathered = byPath.get(path);
  if (!gathered) {
    gathered = {
      source: sourceOf(metric),
      destination: destinationOf(metric),
      rows: [],
      times: undefined,
      bytes: undefined,
    };
    byPath.set(path, gathered);
  }
  const reporter = (metric['reporter'] || 'unknown') as TrafficSeries['reporter'];
  if (kind === 'time') {
    gathered.times ??= new Map();
    gathered.times.set(reporter, number);
  } else if (kind === 'throughput') {
    gathered.bytes ??= new Map();
    gathered.bytes.set(reporter, number);
  } else
    gathered.rows.push({
      path,
      reporter,
      protocol,
      code: isTcp ? '' : codeOf(protocol, metric),
      flags: metric['response_flags'] || '-',
      source: gathered.source,
      destination: gathered.destination,
      sourcePrincipal: metric['source_principal'] || 'unknown',
      destinationPrincipal: metric['destination_principal'] || 'unknown',
      security: metric['connection_security_policy'] || 'unknown',
      rate: number,
    });
}

/** A workload's name is enough; where there is none the app has to do. */
function endKey(metric: Record<string, string>, side: 'source' | 'destination'): string {
  const isSource = side === 'source';
  const workload = isSource ? metric['source_workload'] : metric['destination_workload'];
  const cluster = isSource ? metric['source_cluster'] : metric['destination_cluster'];
  const namespace = isSource ? metric['source_workload_namespace'] : metric['destination_workload_namespace'];
  if (workload && workload !== 'unknown') return `${cluster}|${namespace}|${workload}`;
  return `${cluster}|${namespace}||${metric[`${side}_canonical_service`]}|${metric[`${side}_canonical_revision`]}`;
}

/** The cluster whose proxy counted: the client's for reporter source, the server's else; the scrape's label where the proxy does not know. */
function counterOf(metric: Record<string, string>, asked: string): string {
  const own = metric['reporter'] === 'source' ? metric['source_cluster'] : metric['destination_cluster'];
  if (own && own !== 'unknown') return own;
  return metric['cluster'] || asked;
}

const sourceOf = (metric: Record<string, string>): TrafficSeries['source'] => ({
  cluster: metric['source_cluster'] || 'unknown',
  namespace: metric['source_workload_namespace'] || 'unknown',
  workload: metric['source_workload'] || 'unknown',
  app: metric['source_canonical_service'] || 'unknown',
  version: metric['source_canonical_revision'] || 'unknown',
});

const destinationOf = (metric: Record<string, string>): TrafficSeries['destination'] => ({
  cluster: metric['destination_cluster'] || 'unknown',
  namespace: metric['destination_workload_namespace'] || 'unknown',
  workload: metric['destination_workload'] || 'unknown',
  app: metric['destination_canonical_service'] || 'unknown',
  version: metric['destination_canonical_revision'] || 'unknown',
  service: metric['destination_service'] || 'unknown',
  serviceName: metric['destination_service_name'] || 'unknown',
  serviceNamespace: metric['destination_service_namespace'] || 'unknown',
});

/** Kiali's rule: 0 is no response; for gRPC its own status counts unless HTTP itself failed. */
function codeOf(protocol: string, metric: Record<string, string>): string {
  const http = metric['response_code'] || '0';
  const grpc = metric['grpc_response_status'];
  const code = protocol === 'grpc' && grpc && !/^[45]/.test(http) ? grpc : http;
  return code === '0' && (protocol === 'http' || !grpc) ? '-' : code;
}

/** Whether a label says something. */
export const isKnown = (value: string): boolean => value !== '' && value !== 'unknown';

const failedHttp = /^(5|-)/;

/** What counts as failed in rates that are shown: 5xx, no response, and gRPC statuses other than OK. */
export function isFailure(series: Pick<TrafficSeries, 'protocol' | 'code'>): boolean {
  if (series.protocol === 'grpc') return !['0', '200'].includes(series.code);
  return series.protocol === 'http' && failedHttp.test(series.code);
}
