/** The graph while it is built: nodes and edges by key, with sums that are written as text at the end. */
import type { GraphNode } from '../types/index.ts';
import type { Flow } from './flows.ts';
import type { NodeIdentity } from './identity.ts';

export interface BuiltNode extends NodeIdentity {
  destServices: Map<string, { cluster: string; namespace: string; name: string }>;
  /** What is known of it besides traffic. */
  marks: Partial<GraphNode>;
}

export interface CodeSums {
  rate: number;
  flags: Map<string, number>;
  hosts: Map<string, number>;
}

export interface BuiltEdge {
  source: BuiltNode;
  target: BuiltNode;
  protocol: 'http' | 'grpc' | 'tcp';
  rate: number;
  codes: Map<string, CodeSums>;
  reporters: { source: number | undefined; destination: number | undefined };
  mutual: number;
  judged: number;
  principals: Flow['principals'];
  /** Milliseconds times rate, and the rate for which they are known. */
  time: number;
  timed: number;
  /** Bytes in a second; undefined where they were not measured. */
  throughput: number | undefined;
}

export class Elements {
  readonly nodes = new Map<string, BuiltNode>();
  readonly edges = new Map<string, BuiltEdge>();

  node(identity: NodeIdentity): BuiltNode {
    const known = this.nodes.get(identity.key);
    if (known) return known;
    const node: BuiltNode = { ...identity, destServices: new Map(), marks: {} };
    this.nodes.set(identity.key, node);
    return node;
  }

  edge(source: BuiltNode, target: BuiltNode, protocol: BuiltEdge['protocol']): BuiltEdge {
    const key = `${source.key}>${target.key}>${protocol}`;
    const known = this.edges.get(key);
    if (known) return known;
    const edge: BuiltEdge = {
      source,
      target,
      protocol,
      rate: 0,
      codes: new Map(),
      reporters: { source: undefined, destination: undefined },
      mutual: 0,
      judged: 0,
      principals: undefined,
      time: 0,
      timed: 0,
      throughput: undefined,
    };
    this.edges.set(key, edge);
    return edge;
  }
}

export function addFlow(edge: BuiltEdge, flow: Flow): void {
  for (const { code, flags, rate, destination, responseTime, throughput } of flow.shown) {
    if (throughput !== undefined) edge.throughput = (edge.throughput ?? 0) + throughput;
    edge.rate += rate;
    const sums = edge.codes.get(code) ?? { rate: 0, flags: new Map(), hosts: new Map() };
    edge.codes.set(code, sums);
    sums.rate += rate;
    sums.flags.set(flags, (sums.flags.get(flags) ?? 0) + rate);
    sums.hosts.set(destination.service, (sums.hosts.get(destination.service) ?? 0) + rate);
    if (responseTime !== undefined && Number.isFinite(responseTime)) {
      edge.time += responseTime * rate;
      edge.timed += rate;
    }
  }
  const plus = (one: number | undefined, other: number | undefined) => (other === undefined ? one : (one ?? 0) + other);
  edge.reporters.source = plus(edge.reporters.source, flow.source);
  edge.reporters.destination = plus(edge.reporters.destination, flow.destination);
  edge.mutual += flow.mutual;
  edge.judged += flow.judged;
  edge.principals ??= flow.principals;
}

/** Adds what one edge carries to another, as when the node between is left out. */
export function addEdge(into: BuiltEdge, from: BuiltEdge): void {
  into.rate += from.rate;
  for (const [code, sums] of from.codes) {
    const found = into.codes.get(code) ?? { rate: 0, flags: new Map(), hosts: new Map() };
    into.codes.set(code, found);
    found.rate += sums.rate;
    for (const [flag, rate] of sums.flags) found.flags.set(flag, (found.flags.get(flag) ?? 0) + rate);
    for (const [host, rate] of sums.hosts) found.hosts.set(host, (found.hosts.get(host) ?? 0) + rate);
  }
  for (const side of ['source', 'destination'] as const)
    if (from.reporters[side] !== undefined) into.reporters[side] = (into.reporters[side] ?? 0) + from.reporters[side];
  into.mutual += from.mutual;
  into.judged += from.judged;
  into.time += from.time;
  into.timed += from.timed;
  if (from.throughput !== undefined) into.throughput = (into.throughput ?? 0) + from.throughput;
  into.principals ??= from.principals;
}
