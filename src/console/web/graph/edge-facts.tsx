import { Alert, Button } from '@patternfly/react-core';
import type { Graph, GraphEdge, GraphNode } from '../../api.ts';
import { Facts } from '../common/facts.tsx';
import { bytesText, millisecondsText, percentText, rateText } from '../common/format.ts';
import { HealthWord } from '../common/status.tsx';
import { PageLink } from '../shell/links.tsx';
import { edgeRate, errorPercent, nodeName } from './measures.ts';

interface EdgeFactsProps {
  graph: Graph;
  edge: GraphEdge;
  onSelect: (id: string) => void;
}

export function EdgeFacts({ graph, edge, onSelect }: EdgeFactsProps) {
  const nodeOf = (id: string): GraphNode | undefined => graph.elements.nodes.find(({ data }) => data.id === id)?.data;
  const [source, target] = [nodeOf(edge.source), nodeOf(edge.target)];
  const isTcp = edge.traffic.protocol === 'tcp';
  const unit = (rate: number): string => (isTcp ? `${bytesText(rate)}/s` : `${rateText(rate)} rps`);
  const gateway = edge.crossNetwork?.gateway;
  const end = (node: GraphNode | undefined) =>
    node && (
      <Button variant="link" isInline onClick={() => onSelect(node.id)}>
        {node.cluster}/{node.namespace}/{nodeName(node)}
      </Button>
    );
  return (
    <>
      {edge.broken && <Alert variant="danger" isInline isPlain title={edge.broken} />}
      <Facts
        isHorizontal
        facts={[
          ['From', end(source)],
          ['To', end(target)],
          ['Protocol', edge.traffic.protocol],
          ['Health', <HealthWord key="health" status={edge.healthStatus} />],
          ['Rate', unit(edgeRate(edge))],
          ['Failed', isTcp ? undefined : percentText(errorPercent(edge))],
          [
            'Response time, p95',
            edge.responseTime === undefined ? undefined : millisecondsText(Number(edge.responseTime)),
          ],
          ['Throughput', edge.throughput === undefined ? undefined : `${bytesText(Number(edge.throughput))}/s`],
          ['Mutual TLS', edge.isMTLS === undefined ? 'none was counted' : percentText(Number(edge.isMTLS))],
          ['Identity of the source', edge.sourcePrincipal && <code>{edge.sourcePrincipal}</code>],
          ['Identity of the destination', edge.destPrincipal && <code>{edge.destPrincipal}</code>],
          ['Crosses networks', edge.crossNetwork && `${edge.crossNetwork.from} → ${edge.crossNetwork.to}`],
          [
            'Through',
            gateway && `${gateway.cluster}/${gateway.namespace}/${gateway.name} at ${gateway.addresses.join(', ')}`,
          ],
          ['Counted by the source', edge.reporters?.source === undefined ? undefined : unit(edge.reporters.source)],
          [
            'Counted by the destination',
            edge.reporters?.destination === undefined ? undefined : unit(edge.reporters.destination),
          ],
        ]}
      />
      <Responses edge={edge} />
      {source && target && <WhyLink source={source} target={target} />}
    </>
  );
}

function Responses({ edge }: { edge: GraphEdge }) {
  const rows = Object.entries(edge.traffic.responses).flatMap(([code, { flags, hosts }]) => {
    const percent = Object.values(flags).reduce((sum, part) => sum + Number(part), 0);
    const told = Object.keys(flags).filter((flag) => flag !== '-');
    return [{ code, percent, flags: told.join(', '), hosts: Object.keys(hosts).join(', ') }];
  });
  if (rows.length === 0) return null;
  return (
    <table className="ist-small-table">
      <caption>Answers</caption>
      <thead>
        <tr>
          <th scope="col">Code</th>
          <th scope="col">Share</th>
          <th scope="col">Flags</th>
          <th scope="col">Host</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.code}>
            <td>{row.code === '-' ? 'no answer' : row.code}</td>
            <td>{percentText(row.percent)}</td>
            <td>{row.flags || '–'}</td>
            <td className="ist-break">{row.hosts}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Where the way of such a request is explained. */
function WhyLink({ source, target }: { source: GraphNode; target: GraphNode }) {
  const service = target.service ?? target.destServices?.[0]?.name;
  const namespace = target.destServices?.[0]?.namespace ?? target.namespace;
  if (!source.workload || !service) return null;
  const from = `${source.cluster}/${source.namespace}/${source.workload}`;
  return <PageLink to={`/why?from=${from}&to=${service}.${namespace}`}>Why requests take this way</PageLink>;
}
