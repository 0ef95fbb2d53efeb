/** Metrics of Telemetry objects: what is not counted, and which labels are other than the standard ones. */
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import {
  applicableTelemetry,
  defaultProviders,
  modeFits,
  providerNames,
  providerOf,
  type WorkloadMode,
} from './applicable.ts';
import { expressionProblem } from './expressions.ts';

/** What is wanted of one metric beside the standard. */
export interface MetricOverride {
  disabled: boolean;
  /** Label to CEL expression; null takes the label away. */
  tags: ReadonlyMap<string, string | null>;
}

/** By the metric's name without `istio_`; undefined where nothing is counted at all. */
export type MetricOverrides = ReadonlyMap<string, MetricOverride>;

const names: Record<string, string> = {
  REQUEST_COUNT: 'requests_total',
  REQUEST_DURATION: 'request_duration_milliseconds',
  REQUEST_SIZE: 'request_bytes',
  RESPONSE_SIZE: 'response_bytes',
  TCP_OPENED_CONNECTIONS: 'tcp_connections_opened_total',
  TCP_CLOSED_CONNECTIONS: 'tcp_connections_closed_total',
  TCP_SENT_BYTES: 'tcp_sent_bytes_total',
  TCP_RECEIVED_BYTES: 'tcp_received_bytes_total',
  GRPC_REQUEST_MESSAGES: 'request_messages_total',
  GRPC_RESPONSE_MESSAGES: 'response_messages_total',
};

/**
 * What holds for one side of a proxy. Overrides are applied in their order, those of wider scope first; a narrower one that enables a
 * metric again takes back that all are disabled.
 * @returns undefined when the proxy counts nothing
 */
export function metricOverrides(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  side: WorkloadMode,
): MetricOverrides | undefined {
  const metrics = applicableTelemetry(snapshot, proxy).flatMap((spec): any[] => spec.metrics ?? []);
  let parent = defaultProviders(snapshot, 'metrics');
  const inScope = metrics.map(providerNames).findLast((list) => list.length > 0) ?? parent;
  if (!inScope.some((name) => isPrometheus(snapshot, name))) return undefined;
  const overrides = new Map<string, { disabled: boolean; tags: Map<string, string | null> }>();
  let allDisabled = false;
  for (const one of metrics) {
    const named = providerNames(one);
    if (named.length > 0) parent = named;
    if (!parent.some((name) => inScope.includes(name) && isPrometheus(snapshot, name))) continue;
    for (const override of one.overrides ?? []) {
      if (!modeFits(override.match?.mode, side)) continue;
      const isAll = !override.match?.customMetric && (override.match?.metric ?? 'ALL_METRICS') === 'ALL_METRICS';
      allDisabled = isAll && override.disabled === true;
      if (allDisabled) continue;
      for (const metric of isAll ? Object.values(names) : [metricOf(override.match)]) {
        const known = overrides.get(metric) ?? { disabled: false, tags: new Map() };
        overrides.set(metric, known);
        if (override.disabled !== undefined && override.disabled !== null) known.disabled = override.disabled === true;
        for (const [tag, change] of Object.entries<any>(override.tagOverrides ?? {}))
          if (change?.operation === 'REMOVE') known.tags.set(tag, null);
          // A label that cannot be made is left as it is.
          else if (change?.value && expressionProblem(change.value) === undefined) known.tags.set(tag, change.value);
      }
    }
  }
  return allDisabled ? undefined : overrides;
}

const isPrometheus = (snapshot: MeshSnapshot, name: string): boolean =>
  providerOf(snapshot, name)?.prometheus !== undefined;

const metricOf = ({ customMetric, metric }: any): string => customMetric ?? names[metric] ?? String(metric);
