import { flowsOf } from '../graph/flows.ts';
import { type Endpoint, isFailure, isKnown, type TrafficSeries } from '../prometheus/traffic.ts';
import type { TrafficPeer } from '../types/index.ts';

type Sums = { rate: number; failed: number; mutual: number; judged: number };

/** Who sends to an entity and to whom it sends. @param isIt whether an end of a series is the entity */
export function peersOf(
  series: TrafficSeries[],
  isIt: (end: Endpoint & { serviceName?: string; serviceNamespace?: string }) => boolean,
): TrafficPeer[] {
  const peers = new Map<string, { peer: Omit<TrafficPeer, 'rate' | 'errorPercent'>; sums: Sums }>();
  for (const flow of flowsOf(series)) {
    const { source, destination, protocol } = flow.sample;
    const add = (direction: TrafficPeer['direction'], end: Endpoint, service?: string): void => {
      const peer = describe(direction, end, protocol, source.cluster !== destination.cluster, service);
      const key = JSON.stringify(peer);
      const { sums } = peers.get(key) ?? { sums: { rate: 0, failed: 0, mutual: 0, judged: 0 } };
      peers.set(key, { peer, sums });
      for (const one of flow.shown) {
        sums.rate += one.rate;
        if (isFailure(one)) sums.failed += one.rate;
      }
      sums.mutual += flow.mutual;
      sums.judged += flow.judged;
    };
    if (isIt(destination)) add('inbound', source);
    if (isIt(source)) add('outbound', destination, destination.serviceName);
  }
  return [...peers.values()]
    .map(({ peer, sums }) => ({
      ...peer,
      rate: sums.rate,
      errorPercent: sums.rate > 0 ? (100 * sums.failed) / sums.rate : 0,
      ...(sums.judged > 0 ? { mtlsPercent: (100 * sums.mutual) / sums.judged } : {}),
    }))
    .sort((one, other) => other.rate - one.rate);
}

function describe(
  direction: TrafficPeer['direction'],
  end: Endpoint,
  protocol: TrafficPeer['protocol'],
  isCross: boolean,
  service?: string,
): Omit<TrafficPeer, 'rate' | 'errorPercent'> {
  const at = {
    direction,
    cluster: end.cluster,
    namespace: end.namespace,
    protocol,
    crossCluster: isCross && isKnown(end.cluster),
  };
  const version = isKnown(end.version) && end.version !== 'latest' ? { version: end.version } : {};
  if (isKnown(end.workload)) return { ...at, name: end.workload, type: 'workload', ...version };
  if (service && isKnown(service)) return { ...at, name: service, type: 'service' };
  return { ...at, name: 'unknown', type: 'unknown' };
}
