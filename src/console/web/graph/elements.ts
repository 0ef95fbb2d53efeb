/** From the graph's JSON to what the canvas draws. */
import type { Graph, GraphEdge, GraphNode, HealthStatus } from '../../api.ts';
import type { FoldedNode } from './fold.ts';
import { type EdgeLabelKind, edgeLabel, edgeRate, errorPercent, nodeName } from './measures.ts';

export type EdgeTone = 'good' | 'warn' | 'bad' | 'idle' | 'tcp';

export interface DrawnNode {
  id: string;
  parent?: string;
  label: string;
  /** Style class: box-cluster, workload, service, gateway ... */
  kind: string;
  tone: 'good' | 'warn' | 'bad' | 'none';
  faint: boolean;
  unreachable: boolean;
  width: number;
  height: number;
}

export interface DrawnEdge {
  id: string;
  source: string;
  target: string;
  label: string;
  tone: EdgeTone;
  broken: boolean;
  cross: boolean;
  mtls: boolean;
  /** Requests (bytes for TCP) in a second. */
  rate: number;
  /** Share of them that failed, 0 to 1. */
  failing: number;
  /** Width of the line in pixels. */
  width: number;
}

export interface DrawOptions {
  labels: readonly EdgeLabelKind[];
}

const tones: Record<HealthStatus, DrawnNode['tone']> = {
  NA: 'none',
  Healthy: 'good',
  'Not Ready': 'none',
  Degraded: 'warn',
  Failure: 'bad',
};

export function drawnNode(node: FoldedNode): DrawnNode {
  if (node.folded) return foldedNode(node, node.folded.nodes);
  const name = nodeName(node);
  const version = node.nodeType === 'app' && node.version ? `\n${node.version}` : '';
  const reason = node.unreachable === undefined ? '' : ' (unreachable)';
  const title = node.isBox === 'cluster' && node.network ? `${name} · ${node.network}` : name;
  const label = node.isBox ? `${title}${reason}` : `${name}${version}`;
  return {
    id: node.id,
    ...(node.parent === undefined ? {} : { parent: node.parent }),
    label,
    kind: node.isBox ? `box box-${node.isBox}` : kindOf(node),
    tone: tones[node.healthStatus ?? node.healthData?.status ?? 'NA'],
    faint: node.isIdle === true || node.isOutside === true || node.isInaccessible === true || node.isDead === true,
    unreachable: node.unreachable !== undefined,
    // A box takes the size of what is in it; these are of one that is empty.
    width: Math.max(50, longestLine(label) * (node.isBox ? 10 : 7.4) + 8),
    height: 66 + (version ? 14 : 0),
  };
}

/** A folded box is a node: its name, and how many are in it. */
function foldedNode(node: GraphNode, members: number): DrawnNode {
  const label = `${nodeName(node)}\n${members} ${members === 1 ? 'node' : 'nodes'}`;
  return {
    id: node.id,
    ...(node.parent === undefined ? {} : { parent: node.parent }),
    label,
    kind: `folded folded-${node.isBox}`,
    tone: tones[node.healthStatus ?? 'NA'],
    faint: false,
    unreachable: node.unreachable !== undefined,
    width: Math.max(86, longestLine(label) * 8 + 24),
    height: 64,
  };
}

function kindOf(node: GraphNode): string {
  if (node.isGateway) return 'gateway';
  if (node.isServiceEntry) return 'service-entry';
  return node.nodeType;
}

export function drawnEdge(edge: GraphEdge, options: DrawOptions): DrawnEdge {
  const rate = edgeRate(edge);
  return {
    id: edge.id,
    source: edge.source,
    target: edge.target,
    label: edgeLabel(edge, options.labels),
    tone: toneOf(edge, rate),
    broken: edge.broken !== undefined,
    cross: edge.crossCluster === true,
    mtls: Number(edge.isMTLS ?? 0) > 0,
    rate,
    failing: errorPercent(edge) / 100,
    width: rate === 0 ? 1.2 : Math.min(5, 1.6 + Math.log10(1 + rate)),
  };
}

function toneOf(edge: GraphEdge, rate: number): EdgeTone {
  if (rate === 0) return 'idle';
  if (edge.traffic.protocol === 'tcp') return 'tcp';
  if (edge.healthStatus === 'Failure') return 'bad';
  return edge.healthStatus === 'Degraded' ? 'warn' : 'good';
}

/** Nodes and edges, parents before their members as the canvas wants them. Edges to nodes that are not there are left out. */
export function drawn(graph: Graph, options: DrawOptions): { nodes: DrawnNode[]; edges: DrawnEdge[] } {
  const nodes = graph.elements.nodes.map(({ data }) => drawnNode(data));
  const ids = new Set(nodes.map((node) => node.id));
  const edges = graph.elements.edges
    .filter(({ data }) => ids.has(data.source) && ids.has(data.target))
    .map(({ data }) => drawnEdge(data, options));
  return { nodes: parentsFirst(nodes, ids), edges: edges.length > denseFrom ? thinned(edges) : edges };
}

/** Above this many edges most of them are drawn thin, so that those that carry most stand out. */
const denseFrom = 60;

function thinned(edges: DrawnEdge[]): DrawnEdge[] {
  const most = Math.max(...edges.map(({ rate, tone }) => (tone === 'tcp' ? 0 : rate)), Number.MIN_VALUE);
  return edges.map((edge) => ({
    ...edge,
    width: edge.tone === 'tcp' ? Math.min(edge.width, 2) : 0.6 + 3.4 * Math.min(1, edge.rate / most),
  }));
}

function parentsFirst(nodes: DrawnNode[], ids: Set<string>): DrawnNode[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const depth = (node: DrawnNode): number =>
    node.parent !== undefined && ids.has(node.parent) ? 1 + depth(byId.get(node.parent)!) : 0;
  return nodes
    .map((node) => ({ node, deep: depth(node) }))
    .sort((a, b) => a.deep - b.deep)
    .map(({ node }) => node);
}

const longestLine = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));
