/** The graph as a table, for those who read it better or cannot see a drawing. */
import { Button } from '@patternfly/react-core';
import type { Graph, GraphEdge, GraphNode } from '../../api.ts';
import { DataTable } from '../common/data-table.tsx';
import { bytesText, millisecondsText, percentText, rateText } from '../common/format.ts';
import { HealthWord } from '../common/status.tsx';
import { edgeRate, errorPercent, nodeName } from './measures.ts';

interface Row {
  edge: GraphEdge;
  source: GraphNode;
  target: GraphNode;
}

const place = (node: GraphNode): string => `${node.cluster}/${node.namespace}/${nodeName(node)}`;

export function GraphTable({
  graph,
  hidden,
  onSelect,
}: {
  graph: Graph;
  hidden: Set<string>;
  onSelect: (id: string) => void;
}) {
  const nodes = new Map(graph.elements.nodes.map(({ data }) => [data.id, data]));
  const rows = graph.elements.edges.flatMap(({ data }): Row[] => {
    const [source, target] = [nodes.get(data.source), nodes.get(data.target)];
    return source && target && !hidden.has(data.id) ? [{ edge: data, source, target }] : [];
  });
  return (
    <DataTable
      label="Edges of the graph"
      rows={rows}
      idOf={(row) => row.edge.id}
      nothing="No traffic"
      sortedBy={{ column: 4, down: true }}
      columns={[
        {
          title: 'Health',
          cell: ({ edge }) => <HealthWord status={edge.healthStatus} />,
          sort: ({ edge }) => edge.healthStatus,
        },
        {
          title: 'From',
          cell: ({ edge, source }) => (
            <Button variant="link" isInline onClick={() => onSelect(edge.id)}>
              {place(source)}
            </Button>
          ),
          sort: ({ source }) => place(source),
        },
        { title: 'To', cell: ({ target }) => place(target), sort: ({ target }) => place(target) },
        { title: 'Protocol', cell: ({ edge }) => edge.traffic.protocol, sort: ({ edge }) => edge.traffic.protocol },
        { title: 'Rate', cell: ({ edge }) => rateOf(edge), sort: ({ edge }) => edgeRate(edge) },
        {
          title: 'Failed',
          cell: ({ edge }) => percentText(errorPercent(edge)),
          sort: ({ edge }) => errorPercent(edge),
        },
        {
          title: 'p95',
          cell: ({ edge }) => (edge.responseTime === undefined ? '–' : millisecondsText(Number(edge.responseTime))),
          sort: ({ edge }) => Number(edge.responseTime ?? -1),
        },
        {
          title: 'Mutual TLS',
          cell: ({ edge }) => (edge.isMTLS === undefined ? 'no' : percentText(Number(edge.isMTLS))),
          sort: ({ edge }) => Number(edge.isMTLS ?? 0),
        },
        { title: 'Crosses', cell: ({ edge }) => crossing(edge), sort: ({ edge }) => crossing(edge) },
      ]}
    />
  );
}

const rateOf = (edge: GraphEdge): string =>
  edge.traffic.protocol === 'tcp' ? `${bytesText(edgeRate(edge))}/s` : `${rateText(edgeRate(edge))} rps`;

function crossing(edge: GraphEdge): string {
  if (edge.crossNetwork) return `${edge.crossNetwork.from} → ${edge.crossNetwork.to}`;
  return edge.crossCluster ? 'clusters' : '';
}
