import { Alert, Button } from '@patternfly/react-core';
import type { Graph, GraphEdge, GraphNode, MetricsMap } from '../../api.ts';
import { entityPath } from '../api/client.ts';
import { useApi } from '../api/queries.ts';
import { Chart } from '../common/chart.tsx';
import { Facts } from '../common/facts.tsx';
import { bytesText, millisecondsText, percentText, rateText } from '../common/format.ts';
import { HealthMark } from '../common/status.tsx';
import { type EntityKind, entityHref, PageLink } from '../shell/links.tsx';
import { useScope } from '../shell/scope.ts';
import type { FoldedNode } from './fold.ts';
import { edgeRate, errorPercent, nodeName, nodeRate } from './measures.ts';

interface NodeFactsProps {
  graph: Graph;
  node: FoldedNode;
  onSelect: (id: string) => void;
  /** Folds a box, or unfolds it. */
  onToggle: (id: string) => void;
}

export function NodeFacts({ graph, node, onSelect, onToggle }: NodeFactsProps) {
  const entity = entityOf(node);
  const edges = graph.elements.edges.map(({ data }) => data);
  return (
    <>
      {node.unreachable !== undefined && (
        <Alert variant="danger" isInline isPlain title={`The API server does not answer: ${node.unreachable}`} />
      )}
      {(node.isBox === 'cluster' || node.isBox === 'namespace') && (
        <Button variant="secondary" size="sm" onClick={() => onToggle(node.id)}>
          {node.folded ? 'Unfold' : 'Fold'}
        </Button>
      )}
      {node.why && <Alert variant="warning" isInline isPlain title={node.why} />}
      <Facts
        isHorizontal
        facts={[
          ['Kind', node.isBox ?? (node.isGateway ? 'gateway' : node.nodeType)],
          ['Cluster', node.cluster],
          ['Network', node.network],
          ['Namespace', node.isBox === 'cluster' ? undefined : node.namespace],
          ['Nodes in it', node.folded && String(node.folded.nodes)],
          ['Requests within', node.folded && `${rateText(node.folded.rateInside)} rps`],
          ['Version', node.version],
          ['Health', node.healthData && <HealthMark health={node.healthData} iconOnly={false} />],
          ['Details', entity && <PageLink to={entityHref(entity.kind, entity)}>{entity.name}</PageLink>],
          ['Requests in', rates(node, ['httpIn', 'grpcIn'])],
          ['Requests out', rates(node, ['httpOut', 'grpcOut'])],
          ['Bytes in', nodeRate(node, 'tcpIn') > 0 && `${bytesText(nodeRate(node, 'tcpIn'))}/s`],
          ['Hosts', node.isServiceEntry?.hosts.join(', ')],
          ['Virtual service for', node.hasVS?.hostnames.join(', ')],
          ['Marks', marksOf(node).join(', ')],
        ]}
      />
      {entity && <NodeChart entity={entity} />}
      <Edges
        title="Comes from"
        edges={edges.filter((edge) => edge.target === node.id)}
        graph={graph}
        end="source"
        onSelect={onSelect}
      />
      <Edges
        title="Goes to"
        edges={edges.filter((edge) => edge.source === node.id)}
        graph={graph}
        end="target"
        onSelect={onSelect}
      />
    </>
  );
}

function rates(node: GraphNode, names: string[]): string | undefined {
  const sum = names.reduce((total, name) => total + nodeRate(node, name), 0);
  return sum > 0 ? `${rateText(sum)} rps` : undefined;
}

const marks: [keyof GraphNode, string][] = [
  ['hasCB', 'circuit breaker'],
  ['hasFaultInjection', 'fault injection'],
  ['hasMirroring', 'mirroring'],
  ['hasRequestRouting', 'request routing'],
  ['hasRequestTimeout', 'request timeout'],
  ['hasTrafficShifting', 'traffic shifting'],
  ['hasTCPTrafficShifting', 'TCP traffic shifting'],
  ['isDead', 'gone'],
  ['isIdle', 'idle'],
  ['isInaccessible', 'not to be seen by you'],
  ['isOutOfMesh', 'no sidecar'],
  ['isOutside', 'outside of the chosen namespaces'],
];
const marksOf = (node: GraphNode): string[] => marks.filter(([key]) => node[key] === true).map(([, text]) => text);

function entityOf(node: GraphNode): { kind: EntityKind; cluster: string; namespace: string; name: string } | undefined {
  if (node.isBox === 'cluster' || node.isBox === 'namespace' || node.isInaccessible || node.nodeType === 'unknown')
    return undefined;
  const { cluster, namespace } = node;
  if (node.workload) return { kind: 'workloads', cluster, namespace, name: node.workload };
  if (node.app) return { kind: 'applications', cluster, namespace, name: node.app };
  if (node.service && !node.isServiceEntry) return { kind: 'services', cluster, namespace, name: node.service };
  return undefined;
}

function NodeChart({ entity }: { entity: NonNullable<ReturnType<typeof entityOf>> }) {
  const { scope } = useScope();
  const range = Math.max(scope.duration, 600);
  const metrics = useApi<MetricsMap>(
    `${entityPath(entity.namespace, entity.kind === 'applications' ? 'apps' : entity.kind, entity.name)}/metrics`,
    {
      clusterName: entity.cluster,
      direction: 'inbound',
      duration: `${range}s`,
      step: Math.max(15, Math.round(range / 60)),
    },
    ['traffic'],
  );
  const line = (name: string, stat?: string) =>
    metrics.data?.[name]?.find((one) => stat === undefined || one.stat === stat)?.datapoints ?? [];
  if (line('request_count').length === 0) return null;
  return (
    <>
      <Chart
        title="Requests in a second, inbound"
        height={130}
        format={rateText}
        series={[
          { name: 'all', points: line('request_count') },
          { name: 'failed', points: line('request_error_count'), bad: true },
        ]}
      />
      <Chart
        title="Request duration, inbound"
        height={130}
        format={millisecondsText}
        series={[
          { name: 'median', points: line('request_duration_millis', '0.5') },
          { name: 'p95', points: line('request_duration_millis', '0.95') },
        ]}
      />
    </>
  );
}

interface EdgesProps {
  title: string;
  edges: GraphEdge[];
  graph: Graph;
  end: 'source' | 'target';
  onSelect: (id: string) => void;
}

function Edges({ title, edges, graph, end, onSelect }: EdgesProps) {
  if (edges.length === 0) return null;
  const nodes = new Map(graph.elements.nodes.map(({ data }) => [data.id, data]));
  return (
    <table className="ist-small-table">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">Peer</th>
          <th scope="col">Cluster</th>
          <th scope="col">Rate</th>
          <th scope="col">Failed</th>
        </tr>
      </thead>
      <tbody>
        {edges
          .toSorted((a, b) => edgeRate(b) - edgeRate(a))
          .map((edge) => {
            const peer = nodes.get(edge[end]);
            return (
              <tr key={edge.id}>
                <td>
                  <Button variant="link" isInline onClick={() => onSelect(edge.id)}>
                    {peer ? nodeName(peer) : '?'}
                  </Button>
                </td>
                <td>{peer?.cluster}</td>
                <td>{edge.traffic.protocol === 'tcp' ? `${bytesText(edgeRate(edge))}/s` : rateText(edgeRate(edge))}</td>
                <td>{percentText(errorPercent(edge))}</td>
              </tr>
            );
          })}
      </tbody>
    </table>
  );
}
