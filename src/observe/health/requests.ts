/**
 * Requests by what they went to and came from, taken from all series at once and keyed by cluster, so that a call from a namespace in one
 * cluster to the namespace of the same name in another is counted where it arrived.
 */
import { flowsOf } from '../graph/flows.ts';
import { type Endpoint, isFailure, isKnown, type TrafficSeries } from '../prometheus/traffic.ts';
import type { RequestRates, TrafficSum } from '../types/index.ts';

export interface Requests {
  inbound: RequestRates;
  outbound: RequestRates;
  /** Bytes in a second. */
  tcpIn: number;
  tcpOut: number;
}

export type EntityType = 'workload' | 'app' | 'service' | 'namespace' | 'cluster';

/**
 * Rates by protocol and code, as in `http 200`. A Map, since an object with a key like 200 is an array of two hundred slots to V8, and there are
 * tens of thousands of these.
 */
type CodeSums = Map<string, number>;

interface Counted {
  bySource: CodeSums | undefined;
  byDestination: CodeSums | undefined;
  outbound: CodeSums | undefined;
}

const nothing = (): Counted => ({ bySource: undefined, byDestination: undefined, outbound: undefined });
const none = nothing();

export class RequestTable {
  readonly #counted = new Map<string, Counted>();
  /** A workload, its app, its namespace and its cluster: what is counted for the first is counted for all. */
  readonly #around = new Map<string, Counted[]>();

  constructor(series: TrafficSeries[]) {
    for (const { sample, bySource, byDestination } of flowsOf(series)) {
      for (const counted of this.#arrivals(sample)) {
        for (const one of bySource) add((counted.bySource ??= new Map()), one);
        for (const one of byDestination) add((counted.byDestination ??= new Map()), one);
      }
      if (bySource.length > 0 && isKnown(sample.source.workload))
        for (const counted of this.#aroundWorkload(sample.source))
          for (const one of bySource) add((counted.outbound ??= new Map()), one);
    }
  }

  /** For each code the larger of what clients and servers have counted; outgoing as clients have counted. */
  of(type: EntityType, cluster: string, namespace = '', name = ''): Requests {
    const { bySource, byDestination, outbound } = this.#counted.get(keyOf(type, cluster, namespace, name)) ?? none;
    const received = larger(bySource, byDestination);
    return {
      inbound: ratesOf(received),
      outbound: ratesOf(outbound),
      tcpIn: received?.get(tcp) ?? 0,
      tcpOut: outbound?.get(tcp) ?? 0,
    };
  }

  #arrivals({ source, destination: to }: TrafficSeries): Counted[] {
    const workload = isKnown(to.workload) ? this.#aroundWorkload(to) : [];
    if (!isKnown(to.serviceName)) return workload;
    // Where no server answered, the service that the client meant is charged, in the client's cluster: it is there that it fails.
    const cluster = isKnown(to.cluster) ? to.cluster : source.cluster;
    const namespace = isKnown(to.serviceNamespace) ? to.serviceNamespace : to.namespace;
    return [...workload, this.#at('service', cluster, namespace, to.serviceName)];
  }

  #aroundWorkload({ cluster, namespace, workload, app }: Endpoint): Counted[] {
    const key = `${cluster}|${namespace}|${workload}`;
    const known = this.#around.get(key);
    if (known) return known;
    const all = [
      this.#at('workload', cluster, namespace, workload),
      ...(isKnown(app) ? [this.#at('app', cluster, namespace, app)] : []),
      this.#at('namespace', cluster, namespace, ''),
      this.#at('cluster', cluster, '', ''),
    ];
    this.#around.set(key, all);
    return all;
  }

  #at(type: EntityType, cluster: string, namespace: string, name: string): Counted {
    const key = keyOf(type, cluster, namespace, name);
    const known = this.#counted.get(key);
    if (known) return known;
    const made = nothing();
    this.#counted.set(key, made);
    return made;
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

const tcp = 'tcp ';
const codeKeys = new Map<string, string>();

function add(sums: CodeSums, { protocol, code, rate }: TrafficSeries): void {
  let key = protocol === 'http' ? codeKeys.get(code) : protocol === 'tcp' ? tcp : `grpc ${code}`;
  if (key === undefined) {
    key = `http ${code}`;
    codeKeys.set(code, key);
  }
  sums.set(key, (sums.get(key) ?? 0) + rate);
}

function larger(one: CodeSums | undefined, other: CodeSums | undefined): CodeSums | undefined {
  if (!one || !other) return one ?? other;
  const result = new Map(one);
  for (const [key, rate] of other) if (rate > (result.get(key) ?? 0)) result.set(key, rate);
  return result;
}

/** Requests only: bytes are no requests. */
function ratesOf(sums: CodeSums | undefined): RequestRates {
  const rates: RequestRates = {};
  for (const [key, rate] of sums ?? []) {
    if (key === tcp) continue;
    const space = key.indexOf(' ');
    const codes = (rates[key.slice(0, space)] ??= {});
    codes[key.slice(space + 1)] = rate;
  }
  return rates;
}
