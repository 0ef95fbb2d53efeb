/** From flows to nodes and edges, by the type of graph. */
import { isKnown, type TrafficSeries } from '../prometheus/traffic.ts';
import type { GraphType } from '../types/index.ts';
import { addEdge, addFlow, type BuiltNode, Elements } from './elements.ts';
import { flowsOf } from './flows.ts';
import { destinationOf, serviceOf, sourceOf } from './identity.ts';

export interface BuildOptions {
  graphType: GraphType;
  /** A service between each client and the workloads that answer for it. */
  injectServiceNodes: boolean;
  /** Which namespaces are asked for; an edge is shown when one of its ends is in one. */
  isWanted: (cluster: string, namespace: string) => boolean;
  /** Workloads whose bytes are others' requests already: east-west gateways pass them on unopened. */
  isPassage: (cluster: string, namespace: string, workload: string) => boolean;
}

export function buildElements(series: TrafficSeries[], options: BuildOptions): Elements {
  const elements = new Elements();
  const isServiceGraph = options.graphType === 'service';
  const inject = options.injectServiceNodes || isServiceGraph;
  for (const flow of flowsOf(series)) {
    const { sample } = flow;
    if (!isShown(sample, options)) continue;
    const source = sourceOf(sample, options.graphType);
    const destination = destinationOf(sample, options.graphType);
    if (!source || !destination) continue;
    const from = elements.node(source);
    const to = elements.node(destination);
    const service = serviceOf(sample);
    if (service)
      to.destServices.set(service.key, {
        cluster: service.cluster,
        namespace: service.namespace,
        name: service.service ?? '',
      });
    if (inject && service && service.key !== to.key) {
      const between = elements.node(service);
      between.marks.isInjected = true;
      between.destServices.set(service.key, {
        cluster: service.cluster,
        namespace: service.namespace,
        name: service.service ?? '',
      });
      addFlow(elements.edge(from, between, sample.protocol), flow);
      addFlow(elements.edge(between, to, sample.protocol), flow);
    } else addFlow(elements.edge(from, to, sample.protocol), flow);
  }
  return isServiceGraph ? withoutWorkloads(elements) : elements;
}

function isShown({ source, destination, protocol, rate }: TrafficSeries, options: BuildOptions): boolean {
  if (rate < 0) return false;
  const namespace = isKnown(destination.namespace) ? destination.namespace : destination.serviceNamespace;
  if (protocol === 'tcp') {
    if (options.isPassage(source.cluster, source.namespace, source.workload)) return false;
    if (options.isPassage(destination.cluster, namespace, destination.workload)) return false;
  }
  return options.isWanted(source.cluster, source.namespace) || options.isWanted(destination.cluster, namespace);
}

/** The service graph: services in front of a workload call what the workload calls; those that nothing is in front of stay as they are. */
function withoutWorkloads(elements: Elements): Elements {
  const result = new Elements();
  const fronts = new Map<string, BuiltNode[]>();
  for (const { source, target } of elements.edges.values())
    if (source.nodeType === 'service' && target.nodeType === 'workload')
      fronts.set(target.key, [...new Set([...(fronts.get(target.key) ?? []), source])]);
  const copy = (node: BuiltNode): BuiltNode => {
    const made = result.node(node);
    made.destServices = node.destServices;
    if (made.nodeType !== 'service') return made;
    const { isInjected: _, ...marks } = node.marks;
    made.marks = marks;
    return made;
  };
  for (const edge of elements.edges.values()) {
    const { source, target, protocol } = edge;
    if (source.nodeType === 'service' && fronts.has(target.key)) {
      copy(source);
      continue;
    }
    for (const from of fronts.get(source.key) ?? [source])
      addEdge(result.edge(copy(from), copy(target), protocol), edge);
  }
  return result;
}
