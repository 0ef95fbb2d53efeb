/**
 * Flows: all that one client workload sent to one server workload by one service and protocol. Client and server both count. What is shown
 * is the client's count, as it saw also what was lost on the way; the server's stands where the client has no proxy, or its Prometheus is
 * silent. Security is known to servers only.
 */
import type { TrafficSeries } from '../prometheus/traffic.ts';

export interface Flow {
  /** Any of them: they agree on both ends and on the protocol. */
  sample: TrafficSeries;
  bySource: TrafficSeries[];
  byDestination: TrafficSeries[];
  /** Those whose rates are shown. */
  shown: TrafficSeries[];
  /** Sums of rates by who counted. */
  source: number | undefined;
  destination: number | undefined;
  /** Of what servers counted. */
  mutual: number;
  judged: number;
  principals: { source: string; destination: string } | undefined;
}

/** Graph, health and lists of one moment are made of the same series. */
const kept = new WeakMap<TrafficSeries[], Flow[]>();

export function flowsOf(series: TrafficSeries[]): Flow[] {
  const known = kept.get(series);
  if (known) return known;
  const byPath = new Map<string, Flow>();
  for (const one of series) {
    let flow = byPath.get(one.path);
    if (!flow) {
      flow = emptyFlow(one);
      byPath.set(one.path, flow);
    }
    if (one.reporter === 'source') {
      flow.bySource.push(one);
      flow.source = (flow.source ?? 0) + one.rate;
    } else addDestination(flow, one);
  }
  const flows = [...byPath.values()];
  for (const flow of flows) {
    flow.shown = flow.bySource.length > 0 ? flow.bySource : flow.byDestination;
    flow.sample = flow.shown[0]!;
  }
  kept.set(series, flows);
  return flows;
}

function addDestination(flow: Flow, one: TrafficSeries): void {
  flow.byDestination.push(one);
  flow.destination = (flow.destination ?? 0) + one.rate;
  if (one.security === 'unknown') return;
  flow.judged += one.rate;
  if (one.security !== 'mutual_tls') return;
  flow.mutual += one.rate;
  flow.principals ??= { source: one.sourcePrincipal, destination: one.destinationPrincipal };
}

const emptyFlow = (sample: TrafficSeries): Flow => ({
  sample,
  bySource: [],
  byDestination: [],
  shown: [],
  source: undefined,
  destination: undefined,
  mutual: 0,
  judged: 0,
  principals: undefined,
});
