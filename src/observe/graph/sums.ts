/** What goes into and out of each node, summed over its edges. */
import type { GraphNode } from '../types/index.ts';
import type { Elements } from './elements.ts';
import { type CodeClasses, classesOf, rateText } from './numbers.ts';

export interface NodeSums {
  in: Map<string, CodeClasses>;
  out: Map<string, CodeClasses>;
}

export function sumsOf(elements: Elements): Map<string, NodeSums> {
  const sums = new Map<string, NodeSums>();
  const at = (key: string): NodeSums => {
    const found = sums.get(key) ?? { in: new Map(), out: new Map() };
    sums.set(key, found);
    return found;
  };
  for (const edge of elements.edges.values()) {
    const classes = edge.protocol === 'tcp' ? { ...nothing, total: edge.rate } : classesOf(edge);
    plus(at(edge.source.key).out, edge.protocol, classes);
    plus(at(edge.target.key).in, edge.protocol, classes);
  }
  return sums;
}

const nothing: CodeClasses = { total: 0, failed: 0, noResponse: 0, class3: 0, class4: 0, class5: 0 };

function plus(into: Map<string, CodeClasses>, protocol: string, more: CodeClasses): void {
  const sum = { ...(into.get(protocol) ?? nothing) };
  for (const field of Object.keys(sum) as (keyof CodeClasses)[]) sum[field] += more[field];
  into.set(protocol, sum);
}

export function nodeTraffic(sums: NodeSums | undefined): NonNullable<GraphNode['traffic']> {
  if (!sums) return [];
  const protocols = [...new Set([...sums.in.keys(), ...sums.out.keys()])];
  return protocols.map((protocol) => {
    const rates: Record<string, string> = {};
    const put = (name: string, rate: number | undefined): void => {
      if (rate) rates[`${protocol}${name}`] = rateText(rate);
    };
    const incoming = sums.in.get(protocol);
    put('In', incoming?.total);
    if (protocol === 'http') {
      put('In3xx', incoming?.class3);
      put('In4xx', incoming?.class4);
      put('In5xx', incoming?.class5);
    } else if (protocol === 'grpc') put('InErr', incoming?.failed);
    put('InNoResponse', incoming?.noResponse);
    put('Out', sums.out.get(protocol)?.total);
    return { protocol, rates };
  });
}
