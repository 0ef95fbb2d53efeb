/** The traffic graph over all clusters, in Kiali's form. */
import { hash } from 'node:crypto';
import { isSuccess, judgeRequests, worst } from '../health/thresholds.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import { isKnown, type TrafficSeries } from '../prometheus/traffic.ts';
import type {
  BoxBy,
  Graph,
  GraphEdge,
  GraphNode,
  GraphType,
  HealthStatus,
  HealthView,
  MeshLink,
  NamespaceKey,
  SourceProblem,
} from '../types/index.ts';
import { boxNodes } from './boxes.ts';
import { buildElements } from './build.ts';
import { addIdle, decorate } from './decorate.ts';
import type { BuiltEdge, BuiltNode, Elements } from './elements.ts';
import { focusOn, type GraphFocus } from './focus.ts';
import { edgeRates, rateText, responsesOf } from './numbers.ts';
import { nodeTraffic, sumsOf } from './sums.ts';

export type { GraphFocus } from './focus.ts';

export interface GraphOptions {
  graphType: GraphType;
  /** Seconds. */
  duration: number;
  /** Seconds since 1970. */
  queryTime: number;
  boxBy: BoxBy[];
  injectServiceNodes: boolean;
  includeIdle: boolean;
  isWanted: (where: NamespaceKey) => boolean;
  /** Neighbours that may not be seen are drawn by their name only. */
  isSeen?: ((where: NamespaceKey) => boolean) | undefined;
  focus?: GraphFocus | undefined;
}

export interface GraphSources {
  clusters: ClusterModel[];
  series: TrafficSeries[];
  problems: SourceProblem[];
  links: MeshLink[];
  gatewayInto: (
    cluster: string,
  ) => { cluster: string; namespace: string; name: string; addresses: string[] } | undefined;
  isPassage: (cluster: string, namespace: string, workload: string) => boolean;
  healthOf: (node: {
    nodeType: string;
    cluster: string;
    namespace: string;
    workload?: string;
    app?: string;
    service?: string;
  }) => HealthView | null;
}

export function generateGraph(sources: GraphSources, options: GraphOptions): Graph {
  const isWanted = (cluster: string, namespace: string): boolean => options.isWanted({ cluster, namespace });
  let elements = buildElements(sources.series, { ...options, isWanted, isPassage: sources.isPassage });
  if (options.includeIdle) addIdle(elements, sources.clusters, options.graphType, isWanted);
  if (options.focus) elements = focusOn(elements, options.focus);
  decorate(elements, sources.clusters);
  const ids = new Map<string, string>();
  const idOf = (key: string): string => {
    let id = ids.get(key);
    if (!id) ids.set(key, (id = hash('sha256', key)));
    return id;
  };
  const sums = sumsOf(elements);
  const networks = new Map(sources.clusters.map((one) => [one.name, one.network]));
  const nodes = [...elements.nodes.values()].map((node) => nodeData(node, elements, sums, sources, options, idOf));
  const boxes = boxNodes(nodes, options.boxBy, idOf);
  for (const box of boxes) if (box.isBox === 'cluster') Object.assign(box, clusterMarks(box.cluster, sources));
  return {
    timestamp: Math.round(options.queryTime),
    duration: options.duration,
    graphType: options.graphType,
    elements: {
      nodes: [...boxes, ...nodes].map((data) => ({ data })),
      edges: [...elements.edges.values()].map((edge) => ({ data: edgeData(edge, sums, sources, networks, idOf) })),
    },
    problems: sources.problems,
  };
}

function nodeData(
  node: BuiltNode,
  elements: Elements,
  sums: ReturnType<typeof sumsOf>,
  sources: GraphSources,
  { isWanted, isSeen = () => true }: Pick<GraphOptions, 'isWanted' | 'isSeen'>,
  idOf: (key: string) => string,
): GraphNode {
  const { key, nodeType, cluster, namespace, workload, app, version, service, why, destServices, marks } = node;
  const isHidden = isKnown(namespace) && isKnown(cluster) && !isSeen({ cluster, namespace });
  const health = nodeType === 'unknown' || isHidden ? null : sources.healthOf(node);
  const traffic = nodeTraffic(sums.get(key));
  const isRoot = (sums.get(key)?.in.size ?? 0) === 0 && (sums.get(key)?.out.size ?? 0) > 0;
  const isOutside = elements.nodes.size > 0 && isKnown(namespace) && !isWanted({ cluster, namespace });
  return {
    id: idOf(key),
    nodeType,
    cluster,
    namespace,
    ...(workload ? { workload } : {}),
    ...(app ? { app } : {}),
    ...(version ? { version } : {}),
    ...(service ? { service } : {}),
    ...(destServices.size > 0 ? { destServices: [...destServices.values()] } : {}),
    healthData: health,
    ...(health ? { healthStatus: health.status } : {}),
    ...(traffic.length > 0 ? { traffic } : {}),
    ...(isHidden ? { isInaccessible: true as const } : marks),
    ...(isRoot ? { isRoot: true as const } : {}),
    ...(isOutside ? { isOutside: true as const } : {}),
    ...(['PassthroughCluster', 'BlackHoleCluster'].includes(service ?? '') ? { isInaccessible: true as const } : {}),
    ...(why ? { why } : {}),
  };
}

function clusterMarks(name: string, { clusters }: GraphSources): Partial<GraphNode> {
  const cluster = clusters.find((one) => one.name === name);
  if (!cluster)
    return { isInaccessible: true, unreachable: 'no kubeconfig context leads to it; it is known by metrics only' };
  const { reachable, reason } = cluster.api;
  return {
    ...(cluster.network ? { network: cluster.network } : {}),
    ...(reachable ? {} : { unreachable: reason ?? 'no answer' }),
  };
}

function edgeData(
  edge: BuiltEdge,
  sums: ReturnType<typeof sumsOf>,
  sources: GraphSources,
  networks: Map<string, string | undefined>,
  idOf: (key: string) => string,
): GraphEdge {
  const { source, target, protocol, reporters, principals } = edge;
  const from = source.cluster;
  const to = target.cluster;
  const isCross = from !== to && isKnown(from) && isKnown(to);
  const [fromNetwork, toNetwork] = [networks.get(from), networks.get(to)];
  const gateway = isCross ? sources.gatewayInto(to) : undefined;
  const link = isCross
    ? sources.links.find((one) => one.kind === 'east-west' && one.from === from && one.to === to)
    : undefined;
  return {
    id: `${idOf(source.key).slice(0, 24)}-${idOf(target.key).slice(0, 24)}-${protocol}`,
    source: idOf(source.key),
    target: idOf(target.key),
    ...(principals ? { sourcePrincipal: principals.source, destPrincipal: principals.destination } : {}),
    ...(edge.judged > 0 && edge.mutual > 0 ? { isMTLS: ((100 * edge.mutual) / edge.judged).toFixed(0) } : {}),
    ...(edge.timed > 0 ? { responseTime: (edge.time / edge.timed).toFixed(edge.time / edge.timed < 10 ? 1 : 0) } : {}),
    ...(edge.throughput === undefined ? {} : { throughput: edge.throughput.toFixed(0) }),
    healthStatus: link?.state === 'broken' ? 'Failure' : edgeHealth(edge),
    traffic: {
      protocol,
      rates: edgeRates(edge, sums.get(source.key)?.out.get(protocol)?.total ?? 0),
      responses: responsesOf(edge),
    },
    ...(isCross ? { crossCluster: true as const } : {}),
    ...(isCross && fromNetwork && toNetwork && fromNetwork !== toNetwork
      ? { crossNetwork: { from: fromNetwork, to: toNetwork, ...(gateway ? { gateway } : {}) } }
      : {}),
    reporters: {
      ...(reporters.source === undefined ? {} : { source: Number(rateText(reporters.source)) }),
      ...(reporters.destination === undefined ? {} : { destination: Number(rateText(reporters.destination)) }),
    },
    ...(link?.state === 'broken' && link.why ? { broken: link.why } : {}),
  };
}

/** The rules of both ends, applied to what the edge carries. */
function edgeHealth({ protocol, codes }: BuiltEdge): HealthStatus {
  if (protocol === 'tcp') return 'NA';
  let isWell = true;
  for (const code of codes.keys()) if (!isSuccess(protocol, code)) isWell = false;
  if (isWell) return 'Healthy';
  const rates = { [protocol]: Object.fromEntries([...codes].map(([code, { rate }]) => [code, rate])) };
  return worst([judgeRequests(rates, 'outbound').status, judgeRequests(rates, 'inbound').status]);
}
