/** Charts: range queries in Kiali's form, of one entity or of namespaces, over all clusters that have counted it. */
import type { ClusterModel } from '../model/cluster-model.ts';
import { PrometheusClient, type RangeSeries } from '../prometheus/client.ts';
import type { MetricSeries, MetricsMap } from '../types/index.ts';

export interface MetricsOptions {
  direction: 'inbound' | 'outbound';
  /** Exact values of labels without source_ or destination_, as in { workload, workload_namespace, cluster }. */
  match: Record<string, string>;
  /** Regular expressions for labels with their whole name. */
  matching?: Record<string, string>;
  /** Labels, with their whole name, by which series are split. */
  byLabels: string[];
  /** Seconds. */
  duration: number;
  step: number;
  /** Seconds since 1970. */
  end: number;
}

interface Chart {
  name: string;
  stat?: string;
  query: (selector: string, range: string, by: string[]) => string;
}

const sum = (by: string[], inner: string): string => `sum${by.length > 0 ? ` by (${by.join(', ')})` : ''} (${inner})`;
const counter = (name: string, metric: string, extra = ''): Chart => ({
  name,
  query: (selector, range, by) => sum(by, `rate(${metric}{${selector}${extra}}[${range}])`),
});
const histogram = (name: string, metric: string): Chart[] => [
  {
    name,
    stat: 'avg',
    query: (selector, range, by) =>
      `${sum(by, `rate(${metric}_sum{${selector}}[${range}])`)} / (${sum(by, `rate(${metric}_count{${selector}}[${range}])`)} > 0)`,
  },
  ...['0.5', '0.95', '0.99'].map((stat) => ({
    name,
    stat,
    query: (selector: string, range: string, by: string[]) =>
      `histogram_quantile(${stat}, ${sum(['le', ...by], `rate(${metric}_bucket{${selector}}[${range}])`)})`,
  })),
];

const charts: Chart[] = [
  counter('request_count', 'istio_requests_total'),
  counter('request_error_count', 'istio_requests_total', ',response_code=~"0|5.*"'),
  ...histogram('request_duration_millis', 'istio_request_duration_milliseconds'),
  ...histogram('request_size', 'istio_request_bytes'),
  ...histogram('response_size', 'istio_response_bytes'),
  counter('tcp_sent', 'istio_tcp_sent_bytes_total'),
  counter('tcp_received', 'istio_tcp_received_bytes_total'),
  counter('tcp_opened', 'istio_tcp_connections_opened_total'),
  counter('tcp_closed', 'istio_tcp_connections_closed_total'),
];

/** Rates need two samples at least: the range reaches over several scrapes even where the step does not. */
const shortestRange = 20;

/**
 * Incoming traffic is what servers counted, outgoing what clients counted; so each series is in one cluster's Prometheus, and that one is asked
 * when the entity's cluster is given, else all of them.
 * @param only charts by name; without it all
 */
export async function readMetrics(
  clusters: ClusterModel[],
  options: MetricsOptions,
  only?: string[],
): Promise<MetricsMap> {
  const { direction, match, matching = {}, byLabels, duration, step, end } = options;
  const side = direction === 'inbound' ? 'destination' : 'source';
  const range = `${Math.max(shortestRange, step * 2)}s`;
  const own = (cluster: ClusterModel): string =>
    [
      `reporter="${side}"`,
      ...Object.entries(match).map(([label, value]) => `${side}_${label}=${JSON.stringify(value)}`),
      ...Object.entries(matching).map(([label, value]) => `${label}=~${JSON.stringify(value)}`),
      // What federation brought from elsewhere is answered there.
      ...(match['cluster'] ? [] : [`${side}_cluster="${cluster.name}"`]),
    ].join(',');
  const wanted = only ? charts.filter((one) => only.includes(one.name)) : charts;
  const asked = clusters.flatMap((cluster) =>
    wanted.map(async ({ name, stat, query }): Promise<MetricSeries[]> => {
      const series = await new PrometheusClient(cluster)
        .queryRange(query(own(cluster), range, byLabels), { start: end - duration, end, step })
        .catch((error): RangeSeries[] => {
          // One cluster's silence leaves the charts of the others; lists of problems say which is silent.
          if (clusters.length === 1) throw error;
          return [];
        });
      return series.map(({ metric, values }) => ({
        name,
        ...(stat ? { stat } : {}),
        labels: metric,
        datapoints: values
          .map(([time, value]): [number, number] => [time, Number(value)])
          .filter(([, value]) => Number.isFinite(value)),
      }));
    }),
  );
  const result: MetricsMap = {};
  for (const series of (await Promise.all(asked)).flat()) (result[series.name] ??= []).push(series);
  return result;
}
