/** Traffic for the terminal: the same data as the console's, as tables. */
import { IsthmusError } from '../errors/index.ts';
import {
  type Graph,
  type GraphEdge,
  type GraphNode,
  type Observer,
  type SourceProblem,
  workloadList,
} from '../observe/index.ts';
import type { Style } from './render/style.ts';
import { renderTable } from './render/table.ts';

/** Clusters that are slower than this are left out of the picture, and named. */
const settleMs = 6000;
const graphTypes = ['workload', 'app', 'versionedApp', 'service'] as const;

export async function readGraph(observer: Observer, options: Record<string, unknown>): Promise<Graph> {
  const type = (options['type'] as string | undefined) ?? 'workload';
  const graphType = graphTypes.find((one) => one.toLowerCase() === type.toLowerCase());
  if (!graphType) throw wrong('--type', type, graphTypes.join(', '));
  await observer.model.settled(settleMs);
  await observer.facts.refresh();
  return observer.graph({
    graphType,
    duration: secondsOf(options, 60),
    queryTime: Date.now() / 1000,
    boxBy: ['cluster', 'namespace'],
    injectServiceNodes: false,
    includeIdle: false,
    responseTime: '95',
    isWanted: wantedBy(options),
  });
}

const wantedBy = (options: Record<string, unknown>) => {
  const names = (options['namespaces'] as string | undefined)?.split(',').map((one) => one.trim());
  return ({ cluster, namespace }: { cluster: string; namespace: string }): boolean =>
    !names || names.includes(namespace) || names.includes(`${cluster}/${namespace}`);
};

function secondsOf(options: Record<string, unknown>, fallback: number): number {
  const text = options['duration'] as string | undefined;
  if (text === undefined) return fallback;
  const [, number, unit = 's'] = /^(\d+)([smh])?$/.exec(text) ?? [];
  const seconds = Number(number) * { s: 1, m: 60, h: 3600 }[unit]!;
  if (!(seconds > 0 && seconds <= 86_400)) throw wrong('--duration', text, 'a time such as 30s, 10m or 1h');
  return seconds;
}

const wrong = (option: string, value: string, wanted: string): IsthmusError =>
  new IsthmusError({
    code: 'cli.arguments',
    fault: 'user',
    what: `${option} ${value} is not known`,
    fix: `write ${wanted}`,
  });

export function renderGraph(graph: Graph, style: Style): string {
  const nodes = new Map(graph.elements.nodes.map(({ data }) => [data.id, data]));
  const rows = graph.elements.edges
    .map(({ data }) => ({ edge: data, from: nodes.get(data.source)!, to: nodes.get(data.target)! }))
    .sort((one, other) => rateOf(other.edge) - rateOf(one.edge))
    .map(({ edge, from, to }) => edgeRow(edge, from, to, style));
  const table =
    rows.length === 0
      ? `No traffic within ${graph.duration} s.`
      : renderTable(['FROM', 'TO', 'PROTOCOL', 'RATE', 'ERRORS', 'P95', 'MTLS', 'WAY'], rows);
  return [table, ...problemLines(graph.problems, style)].join('\n');
}

const rateOf = (edge: GraphEdge): number => Number(edge.traffic.rates[edge.traffic.protocol] ?? 0);

function edgeRow(edge: GraphEdge, from: GraphNode, to: GraphNode, style: Style): string[] {
  const { protocol, rates } = edge.traffic;
  const errors = Number(rates[`${protocol}PercentErr`] ?? 0);
  const gateway = edge.crossNetwork?.gateway;
  const way = edge.broken
    ? style('red', edge.broken)
    : gateway
      ? `by ${gateway.name} of ${gateway.cluster}`
      : edge.crossCluster
        ? 'between clusters'
        : '';
  return [
    nameOf(from),
    nameOf(to),
    protocol,
    protocol === 'tcp' ? `${rates['tcp']} B/s` : `${rates[protocol]}/s`,
    protocol === 'tcp' ? '-' : style(errors === 0 ? 'green' : 'red', `${errors} %`),
    edge.responseTime ? `${edge.responseTime} ms` : '-',
    edge.isMTLS ? `${edge.isMTLS} %` : '-',
    way,
  ];
}

const nameOf = ({ cluster, namespace, workload, app, service, version, nodeType }: GraphNode): string =>
  nodeType === 'unknown'
    ? `${cluster}/unknown`
    : `${cluster}/${namespace}/${workload ?? (app ? `${app}${version ? ` ${version}` : ''}` : service)}`;

const problemLines = (problems: SourceProblem[], style: Style): string[] =>
  problems.map(
    (one) => `${style('red', '✗')} ${one.cluster}: ${one.why}${one.lastSeen ? `, last seen ${one.lastSeen}` : ''}`,
  );

export interface TopRow {
  cluster: string;
  namespace: string;
  workload: string;
  status: string;
  /** Requests in a second. */
  inbound: number;
  /** 0 to 100. */
  errorPercent: number;
  outbound: number;
  /** Milliseconds, 95th percentile as clients measured; undefined where nothing was. */
  p95: number | undefined;
  ready: string;
}

export async function readTop(
  observer: Observer,
  options: Record<string, unknown>,
): Promise<{ rows: TopRow[]; problems: SourceProblem[] }> {
  await observer.model.settled(settleMs);
  const { series, ...scope } = await observer.scope(
    { duration: secondsOf(options, 30), responseTime: '95' },
    wantedBy(options),
  );
  const times = new Map<string, number>();
  for (const { destination: to, responseTime } of series) {
    const key = `${to.cluster}/${to.namespace}/${to.workload}`;
    if (responseTime !== undefined && Number.isFinite(responseTime))
      times.set(key, Math.max(times.get(key) ?? 0, responseTime));
  }
  const { workloads, problems } = workloadList(scope);
  const rows = workloads
    .filter((one) => one.istioSidecar || one.traffic.inbound + one.traffic.outbound > 0)
    .map(({ cluster, namespace, name, health, traffic, podCount, readyCount }) => ({
      cluster,
      namespace,
      workload: name,
      status: health.status,
      inbound: traffic.inbound,
      errorPercent: traffic.inbound > 0 ? (100 * traffic.inboundErrors) / traffic.inbound : 0,
      outbound: traffic.outbound,
      p95: times.get(`${cluster}/${namespace}/${name}`),
      ready: `${readyCount}/${podCount}`,
    }))
    .sort((one, other) => other.inbound + other.outbound - one.inbound - one.outbound);
  return { rows, problems };
}

/** @param most lines of the table; without it all */
export function renderTop(
  { rows, problems }: { rows: TopRow[]; problems: SourceProblem[] },
  style: Style,
  most = rows.length,
): string {
  const colour = (status: string): 'green' | 'yellow' | 'red' =>
    status === 'Healthy' || status === 'NA' ? 'green' : status === 'Failure' ? 'red' : 'yellow';
  const table = renderTable(
    ['CLUSTER', 'NAMESPACE', 'WORKLOAD', 'HEALTH', 'READY', 'IN/S', 'ERRORS', 'P95', 'OUT/S'],
    rows
      .slice(0, Math.max(1, most))
      .map((one) => [
        one.cluster,
        one.namespace,
        one.workload,
        style(colour(one.status), one.status),
        one.ready,
        one.inbound.toFixed(1),
        style(one.errorPercent > 0 ? 'red' : 'green', `${one.errorPercent.toFixed(1)} %`),
        one.p95 === undefined ? '-' : `${one.p95.toFixed(0)} ms`,
        one.outbound.toFixed(1),
      ]),
  );
  return [table, ...problemLines(problems, style)].join('\n');
}
