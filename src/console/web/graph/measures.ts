/** Numbers of the graph's JSON, where rates are text. */
import type { GraphEdge, GraphNode } from '../../api.ts';
import { bytesText, millisecondsText, percentText, rateText } from '../common/format.ts';

/** Requests in a second; for TCP bytes in a second. */
export const edgeRate = (edge: GraphEdge): number => Number(edge.traffic.rates[edge.traffic.protocol] ?? 0);

/** Share of requests that failed, 0 to 100; TCP has none. */
export function errorPercent(edge: GraphEdge): number {
  const { protocol, rates } = edge.traffic;
  return protocol === 'tcp' ? 0 : Number(rates[`${protocol}PercentErr`] ?? 0);
}

export function nodeRate(node: GraphNode, name: string): number {
  return (node.traffic ?? []).reduce((sum, traffic) => sum + Number(traffic.rates[name] ?? 0), 0);
}

/** What a node is called on the graph. */
export function nodeName(node: GraphNode): string {
  if (node.isBox) return { cluster: node.cluster, namespace: node.namespace, app: node.app ?? '' }[node.isBox];
  if (node.nodeType === 'unknown') return 'unknown';
  if (node.nodeType === 'service') return node.service ?? 'unknown';
  if (node.nodeType === 'workload') return node.workload ?? node.app ?? 'unknown';
  return node.app ?? node.workload ?? node.service ?? 'unknown';
}

export const edgeLabelKinds = ['rate', 'share', 'time', 'throughput'] as const;
export type EdgeLabelKind = (typeof edgeLabelKinds)[number];

/** The text on an edge, one line a kind. */
export function edgeLabel(edge: GraphEdge, kinds: readonly EdgeLabelKind[]): string {
  const { protocol, rates } = edge.traffic;
  const rate = edgeRate(edge);
  const lines: string[] = [];
  if (kinds.includes('rate') && rate > 0) {
    const failed = errorPercent(edge);
    const text = protocol === 'tcp' ? `${bytesText(rate)}/s` : `${rateText(rate)} rps`;
    lines.push(failed > 0 ? `${text}, ${percentText(failed)} failed` : text);
  }
  const share = rates[`${protocol}PercentReq`];
  if (kinds.includes('share') && share !== undefined && Number(share) < 100) lines.push(percentText(Number(share)));
  if (kinds.includes('time') && edge.responseTime !== undefined)
    lines.push(millisecondsText(Number(edge.responseTime)));
  if (kinds.includes('throughput') && edge.throughput !== undefined)
    lines.push(`${bytesText(Number(edge.throughput))}/s`);
  return lines.join('\n');
}
