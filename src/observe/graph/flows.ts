/**
 * Flows: all that one client workload sent to one server workload by one service and protocol. Client and server both count. What is shown
 * is the client's count, as it saw also what was lost on the way; the server's stands where the client has no proxy, or its Prometheus is
 * silent. Security is known to servers only.
 */
import type { TrafficSeries } from '../prometheus/traffic.ts';

export interface Flow {
  /** Any of them: they agree on both ends and on the protocol. */
  sample: TrafficSeries;
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

export function flowsOf(series: TrafficSeries[]): Flow[] {
  const byEnds = new Map<string, { source: TrafficSeries[]; destination: TrafficSeries[] }>();
  for (const one of series) {
    const { source: from, destination: to, protocol } = one;
    const key = `${protocol}|${from.cluster}|${from.namespace}|${from.workload}|${from.app}|${from.version}|${to.cluster}|${to.namespace}|${to.workload}|${to.app}|${to.version}|${to.serviceNamespace}|${to.serviceName}`;
    let found = byEnds.get(key);
    if (!found) byEnds.set(key, (found = { source: [], destination: [] }));
    (one.reporter === 'source' ? found.source : found.destination).push(one);
  }
  return [...byEnds.values()].map(({ source, destination }) => {
    const shown = source.length > 0 ? source : destination;
    const proven = destination.find((one) => one.security === 'mutual_tls');
    return {
      sample: shown[0]!,
      shown,
      source: source.length > 0 ? sum(source) : undefined,
      destination: destination.length > 0 ? sum(destination) : undefined,
      mutual: sum(destination.filter((one) => one.security === 'mutual_tls')),
      judged: sum(destination.filter((one) => one.security !== 'unknown')),
      principals: proven && { source: proven.sourcePrincipal, destination: proven.destinationPrincipal },
    };
  });
}

const sum = (series: TrafficSeries[]): number => series.reduce((total, one) => total + one.rate, 0);
