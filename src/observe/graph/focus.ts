/** The graph of one workload, app or service: it and its neighbours, over all clusters. */
import { type BuiltNode, Elements } from './elements.ts';

export interface GraphFocus {
  type: 'workload' | 'app' | 'service';
  /** Without it: the entity of this name in every cluster. */
  cluster?: string | undefined;
  namespace: string;
  name: string;
}

export function focusOn(elements: Elements, focus: GraphFocus): Elements {
  const isFocus = (node: BuiltNode): boolean =>
    (focus.cluster === undefined || node.cluster === focus.cluster) &&
    node.namespace === focus.namespace &&
    node[focus.type] === focus.name;
  const edges = [...elements.edges.values()];
  const kept = new Set<BuiltNode>([...elements.nodes.values()].filter(isFocus));
  for (const { source, target } of edges) {
    if (isFocus(source)) kept.add(target);
    if (isFocus(target)) kept.add(source);
  }
  // Through an injected service to who calls it, or to who answers for it.
  for (const { source, target } of edges) {
    if (kept.has(source) && source.marks.isInjected) kept.add(target);
    if (kept.has(target) && target.marks.isInjected) kept.add(source);
  }
  const result = new Elements();
  for (const node of kept) result.nodes.set(node.key, node);
  for (const [key, edge] of elements.edges)
    if (kept.has(edge.source) && kept.has(edge.target)) result.edges.set(key, edge);
  return result;
}
