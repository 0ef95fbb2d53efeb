/**
 * Requests by what they went to and came from, taken from all series at once and keyed by cluster, so that a call from a namespace in one
 * cluster to the namespace of the same name in another is counted where it arrived.
 */
import { isFailure, isKnown, type TrafficSeries } from '../prometheus/traffic.ts';
import type { RequestRates, TrafficSum } from '../types/index.ts';

export interface Requests {
  inbound: RequestRates;
  outbound: RequestRates;
  /** Bytes in a second. */
  tcpIn: number;
  tcpOut: number;
}

export type EntityType = 'workload' | 'app' | 'service' | 'namespace' | 'cluster';

export class RequestTable {
  readonly #inbound = new Map<string, { source: RequestRates; destination: RequestRates }>();
  readonly #outbound = new Map<string, RequestRates>();

  constructor(series: TrafficSeries[]) {
    for (const one of series) {
      const side = one.reporter === 'source' ? 'source' : 'destination';
      for (const key of arrivals(one)) {
        const found = this.#inbound.get(key) ?? { source: {}, destination: {} };
        this.#inbound.set(key, found);
        add(found[side], one);
      }
      if (side !== 'source') continue;
      for (const key of departures(one)) {
        const found = this.#outbound.get(key) ?? {};
        this.#outbound.set(key, found);
        add(found, one);
      }
    }
  }

  /** For each code the larger of what clients and servers have counted; outgoing as clients have counted. */
  of(type: EntityType, cluster: string, namespace = '', name = ''): Requests {
    const key = keyOf(type, cluster, namespace, name);
    const { source = {}, destination = {} } = this.#inbound.get(key) ?? {};
    const inbound = larger(source, destination);
    const { tcp: tcpIn, ...inboundRest } = inbound;
    const { tcp: tcpOut, ...outbound } = this.#outbound.get(key) ?? {};
    return { inbound: inboundRest, outbound, tcpIn: sumOf(tcpIn), tcpOut: sumOf(tcpOut) };
  }
}

export function trafficSum(requests: Requests): TrafficSum {
  const sides = [requests.inbound, requests.outbound].map((rates) => {
    let all = 0;
    let failed = 0;
    for (const [protocol, codes] of Object.entries(rates))
      for (const [code, rate] of Object.entries(codes)) {
        all += rate;
        if (isFailure({ protocol: protocol as 'http', code })) failed += rate;
      }
    return { all, failed };
  });
  return {
    inbound: sides[0]!.all,
    inboundErrors: sides[0]!.failed,
    outbound: sides[1]!.all,
    outboundErrors: sides[1]!.failed,
    tcpIn: requests.tcpIn,
    tcpOut: requests.tcpOut,
  };
}

const keyOf = (type: EntityType, cluster: string, namespace: string, name: string): string =>
  `${type}|${cluster}|${namespace}|${name}`;

function arrivals({ source, destination: to }: TrafficSeries): string[] {
  const keys: string[] = [];
  if (isKnown(to.workload)) {
    keys.push(keyOf('workload', to.cluster, to.namespace, to.workload));
    if (isKnown(to.app)) keys.push(keyOf('app', to.cluster, to.namespace, to.app));
    keys.push(keyOf('namespace', to.cluster, to.namespace, ''), keyOf('cluster', to.cluster, '', ''));
  }
  // Where no server answered, the service that the client meant is charged, in the client's cluster: it is there that it fails.
  if (isKnown(to.serviceName)) {
    const cluster = isKnown(to.cluster) ? to.cluster : source.cluster;
    const namespace = isKnown(to.serviceNamespace) ? to.serviceNamespace : to.namespace;
    keys.push(keyOf('service', cluster, namespace, to.serviceName));
  }
  return keys;
}

function departures({ source: from }: TrafficSeries): string[] {
  if (!isKnown(from.workload)) return [];
  return [
    keyOf('workload', from.cluster, from.namespace, from.workload),
    ...(isKnown(from.app) ? [keyOf('app', from.cluster, from.namespace, from.app)] : []),
    keyOf('namespace', from.cluster, from.namespace, ''),
    keyOf('cluster', from.cluster, '', ''),
  ];
}

function add(rates: RequestRates, { protocol, code, rate }: TrafficSeries): void {
  const codes = (rates[protocol] ??= {});
  codes[code] = (codes[code] ?? 0) + rate;
}

function larger(one: RequestRates, other: RequestRates): RequestRates {
  const result: RequestRates = {};
  for (const rates of [one, other])
    for (const [protocol, codes] of Object.entries(rates))
      for (const [code, rate] of Object.entries(codes)) {
        const into = (result[protocol] ??= {});
        into[code] = Math.max(into[code] ?? 0, rate);
      }
  return result;
}

const sumOf = (codes: Record<string, number> | undefined): number =>
  Object.values(codes ?? {}).reduce((sum, rate) => sum + rate, 0);
