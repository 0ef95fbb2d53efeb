import { Button } from '@patternfly/react-core';
import type { Graph, GraphEdge } from '../../api.ts';
import { Facts } from '../common/facts.tsx';
import { bytesText, percentText, rateText } from '../common/format.ts';
import { edgeRate, errorPercent, nodeName } from './measures.ts';

/** Sums of the whole graph, and the edges that fail most. */
interface GraphFactsProps {
  /** All of it, whatever is folded. */
  graph: Graph;
  /** As it is drawn, so that an edge that is named can be chosen. */
  drawn: Graph;
  onSelect: (id: string) => void;
}

export function GraphFacts({ graph, drawn, onSelect }: GraphFactsProps) {
  const nodes = new Map(graph.elements.nodes.map(({ data }) => [data.id, data]));
  const members = [...nodes.values()].filter((node) => !node.isBox);
  // With service nodes a request passes two edges; it is counted where it arrives.
  const arriving = graph.elements.edges
    .map(({ data }) => data)
    .filter((edge) => nodes.get(edge.target)?.nodeType !== 'service' || !hasOutgoing(graph, edge.target));
  const requests = arriving.filter((edge) => edge.traffic.protocol !== 'tcp');
  const rate = sum(requests, edgeRate);
  const failed = sum(requests, (edge) => (edgeRate(edge) * errorPercent(edge)) / 100);
  const tcp = sum(
    arriving.filter((edge) => edge.traffic.protocol === 'tcp'),
    edgeRate,
  );
  const crossing = sum(
    graph.elements.edges.map(({ data }) => data).filter((edge) => edge.crossCluster && edge.traffic.protocol !== 'tcp'),
    edgeRate,
  );
  const worst = drawn.elements.edges
    .map(({ data }) => data)
    .filter((edge) => errorPercent(edge) > 0 || edge.broken)
    .sort((a, b) => errorPercent(b) - errorPercent(a))
    .slice(0, 8);
  const name = (id: string): string => (nodes.has(id) ? nodeName(nodes.get(id)!) : '?');
  return (
    <>
      <Facts
        isHorizontal
        facts={[
          ['Nodes', String(members.length)],
          ['Clusters', [...new Set(members.map((node) => node.cluster))].sort().join(', ')],
          ['Requests', `${rateText(rate)} rps`],
          ['Failed', rate > 0 && percentText((100 * failed) / rate)],
          ['Between clusters', rate > 0 && `${rateText(crossing)} rps (${percentText((100 * crossing) / rate)})`],
          ['TCP', tcp > 0 && `${bytesText(tcp)}/s`],
        ]}
      />
      {worst.length > 0 && (
        <table className="ist-small-table">
          <caption>Failing most</caption>
          <thead>
            <tr>
              <th scope="col">Edge</th>
              <th scope="col">Failed</th>
            </tr>
          </thead>
          <tbody>
            {worst.map((edge) => (
              <tr key={edge.id}>
                <td>
                  <Button variant="link" isInline onClick={() => onSelect(edge.id)}>
                    {name(edge.source)} → {name(edge.target)}
                  </Button>
                </td>
                <td>{edge.broken ? 'broken' : percentText(errorPercent(edge))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

const sum = (edges: GraphEdge[], of: (edge: GraphEdge) => number): number =>
  edges.reduce((total, edge) => total + of(edge), 0);
const hasOutgoing = (graph: Graph, id: string): boolean => graph.elements.edges.some(({ data }) => data.source === id);
