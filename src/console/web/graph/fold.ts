/**
 * Folds boxes of a graph: one node stands for all that is in a box, and one edge for all between the same two. A mesh of ten clusters is read
 * from the outside in, and each box is opened by hand.
 */
import type { Graph, GraphEdge, GraphNode, HealthStatus } from '../../api.ts';
import { edgeRate, errorPercent } from './measures.ts';

/** A box that stands for what is in it. */
export type FoldedNode = GraphNode & { folded?: { nodes: number; rateInside: number } };

export type FoldLevel = 'none' | 'namespace' | 'cluster';

export interface Folded {
  graph: Graph;
  level: FoldLevel;
  /** What stands for each node on the canvas: itself, or the outermost folded box around it. */
  standIn: Map<string, string>;
}

/** How a box is called in the address: `east`, or `east/sample`. */
export const boxKey = (node: GraphNode): string =>
  node.isBox === 'cluster' ? node.cluster : `${node.cluster}/${node.namespace}`;

/** `toggled` are boxes that are not as the level says. Boxes of applications are never folded. */
export function fold(graph: Graph, wanted: FoldLevel | 'auto', toggled: ReadonlySet<string>): Folded {
  const level = wanted === 'auto' ? readableLevel(graph) : wanted;
  const isFolded = (node: GraphNode): boolean => {
    const byLevel = node.isBox === 'namespace' ? level !== 'none' : node.isBox === 'cluster' && level === 'cluster';
    return (node.isBox === 'namespace' || node.isBox === 'cluster') && byLevel !== toggled.has(boxKey(node));
  };
  return foldBy(graph, level, isFolded);
}

function foldBy(graph: Graph, level: FoldLevel, isFolded: (node: GraphNode) => boolean): Folded {
  const byId = new Map(graph.elements.nodes.map(({ data }) => [data.id, data]));
  const standIn = new Map<string, string>();
  for (const { data } of graph.elements.nodes) {
    let outermost = data.id;
    for (let at: GraphNode | undefined = data; at; at = byId.get(at.parent ?? '')) if (isFolded(at)) outermost = at.id;
    standIn.set(data.id, outermost);
  }
  const members = new Map<string, GraphNode[]>();
  for (const { data } of graph.elements.nodes) {
    const id = standIn.get(data.id)!;
    if (id !== data.id && !data.isBox) members.set(id, [...(members.get(id) ?? []), data]);
  }
  const inside = new Map<string, number>();
  const edges = joined(graph, standIn, inside);
  const nodes = graph.elements.nodes
    .filter(({ data }) => standIn.get(data.id) === data.id)
    .map(({ data }): { data: FoldedNode } => {
      const within = members.get(data.id);
      if (!within) return { data };
      const folded = { nodes: within.length, rateInside: inside.get(data.id) ?? 0 };
      return { data: { ...data, healthStatus: worst(within.map(statusOf)), folded } };
    });
  return { graph: { ...graph, elements: { nodes, edges } }, level, standIn };
}

/** The first level at which there is not more than one can read. */
function readableLevel(graph: Graph): FoldLevel {
  const readable = { nodes: 120, edges: 300 };
  for (const level of ['none', 'namespace'] as const) {
    const { elements } = fold(graph, level, new Set()).graph;
    const leaves = elements.nodes.filter(({ data }) => !data.isBox || (data as FoldedNode).folded);
    if (leaves.length <= readable.nodes && elements.edges.length <= readable.edges) return level;
  }
  return 'cluster';
}

function joined(graph: Graph, standIn: Map<string, string>, inside: Map<string, number>): { data: GraphEdge }[] {
  const groups = new Map<string, { source: string; target: string; edges: GraphEdge[] }>();
  for (const { data } of graph.elements.edges) {
    const [source, target] = [standIn.get(data.source), standIn.get(data.target)];
    if (source === undefined || target === undefined) continue;
    if (source === target && source !== data.source) {
      if (data.traffic.protocol !== 'tcp') inside.set(source, (inside.get(source) ?? 0) + edgeRate(data));
      continue;
    }
    // An edge between two nodes that stand for themselves stays as it is.
    const isOwn = source === data.source && target === data.target;
    const id = isOwn ? data.id : `${source}>${target}>${data.traffic.protocol}`;
    const group = groups.get(id) ?? { source, target, edges: [] };
    group.edges.push(data);
    groups.set(id, group);
  }
  return [...groups].map(([id, { source, target, edges }]) =>
    edges.length === 1 ? { data: { ...edges[0]!, id, source, target } } : { data: sumOf(id, source, target, edges) },
  );
}

function sumOf(id: string, source: string, target: string, edges: GraphEdge[]): GraphEdge {
  const { protocol } = edges[0]!.traffic;
  const rate = edges.reduce((sum, edge) => sum + edgeRate(edge), 0);
  /** Weighed by the rate: what few requests do counts little. */
  const mean = (of: (edge: GraphEdge) => number): number =>
    rate === 0 ? 0 : edges.reduce((sum, edge) => sum + of(edge) * edgeRate(edge), 0) / rate;
  const slowest = Math.max(...edges.map((edge) => Number(edge.responseTime ?? -1)));
  const broken = edges.filter((edge) => edge.broken !== undefined);
  const networks = new Set(
    edges.map((edge) => edge.crossNetwork && `${edge.crossNetwork.from}>${edge.crossNetwork.to}`),
  );
  const crossNetwork = networks.size === 1 ? edges[0]!.crossNetwork : undefined;
  return {
    id,
    source,
    target,
    isMTLS: mean((edge) => Number(edge.isMTLS ?? 0)).toFixed(1),
    healthStatus: worst(edges.map((edge) => edge.healthStatus)),
    traffic: {
      protocol,
      rates: {
        [protocol]: String(rate),
        ...(protocol === 'tcp' ? {} : { [`${protocol}PercentErr`]: mean(errorPercent).toFixed(2) }),
      },
      responses: {},
    },
    ...(slowest >= 0 ? { responseTime: String(slowest) } : {}),
    ...(edges.some((edge) => edge.throughput)
      ? { throughput: String(edges.reduce((sum, edge) => sum + Number(edge.throughput ?? 0), 0)) }
      : {}),
    ...(edges.some((edge) => edge.crossCluster) ? { crossCluster: true as const } : {}),
    ...(crossNetwork ? { crossNetwork } : {}),
    ...(broken.length > 0 ? { broken: `${broken.length} of ${edges.length} ways: ${broken[0]!.broken}` } : {}),
  };
}

const order: HealthStatus[] = ['NA', 'Healthy', 'Not Ready', 'Degraded', 'Failure'];
const worst = (all: HealthStatus[]): HealthStatus => order[Math.max(...all.map((one) => order.indexOf(one)), 0)]!;
const statusOf = (node: GraphNode): HealthStatus => node.healthStatus ?? node.healthData?.status ?? 'NA';
