/** What the graph shows, as it stands in the address. */
import { useMemo } from 'react';
import { useSearch } from 'wouter';
import type { BoxBy, GraphType } from '../../api.ts';
import type { Params } from '../api/client.ts';
import { rateParams } from '../api/queries.ts';
import { type Scope, useParam } from '../shell/scope.ts';
import type { FoldLevel } from './fold.ts';
import { type EdgeLabelKind, edgeLabelKinds } from './measures.ts';

export const graphTypes: { value: GraphType; text: string; description: string }[] = [
  { value: 'versionedApp', text: 'Versioned app graph', description: 'Each version of an application' },
  { value: 'app', text: 'App graph', description: 'All versions as one' },
  { value: 'workload', text: 'Workload graph', description: 'Deployments and the like' },
  { value: 'service', text: 'Service graph', description: 'Services only' },
];

export const displayChoices = [
  { value: 'services', text: 'Service nodes', description: 'Requests pass the service they were sent to' },
  { value: 'idle', text: 'Idle edges and nodes', description: 'What has no traffic in the range of time' },
  { value: 'animation', text: 'Traffic animation', description: 'Dots run as requests do' },
  {
    value: 'badges',
    text: 'Security and network marks',
    description: 'A lock for mutual TLS, a globe for crossing clusters',
  },
];

export const labelChoices: { value: EdgeLabelKind; text: string; description: string }[] = [
  { value: 'rate', text: 'Rate and errors', description: 'Requests in a second and the share that failed' },
  { value: 'time', text: 'Response time', description: '95th percentile' },
  { value: 'share', text: 'Share of traffic', description: 'Of what its source sends' },
  { value: 'throughput', text: 'Throughput', description: 'Bytes in a second' },
];

export const boxChoices: { value: BoxBy; text: string; description: string }[] = [
  { value: 'cluster', text: 'Clusters', description: 'A box around each cluster' },
  { value: 'namespace', text: 'Namespaces', description: 'A box around each namespace' },
  { value: 'app', text: 'Applications', description: 'A box around the versions of one application' },
];

export const foldChoices: { value: FoldLevel | 'auto'; text: string; description: string }[] = [
  { value: 'auto', text: 'Fold what is too much', description: 'Namespaces, or clusters, where there are very many' },
  { value: 'none', text: 'Fold nothing', description: 'Every node is drawn' },
  { value: 'namespace', text: 'Fold namespaces', description: 'One node stands for a namespace of a cluster' },
  { value: 'cluster', text: 'Fold clusters', description: 'One node stands for a cluster' },
];

const defaultDisplay = 'services,animation,badges';
const defaultLabels = 'rate';
const defaultBoxes = 'cluster,namespace';
const list = (text: string): string[] => text.split(',').filter((one) => one !== '' && one !== 'none');

export interface GraphSettings {
  type: GraphType;
  labels: EdgeLabelKind[];
  boxes: string[];
  display: string[];
  fold: FoldLevel | 'auto';
  /** Boxes that are not as `fold` says. */
  toggled: ReadonlySet<string>;
  /** Seconds since 1970 where the past is shown. */
  at: number | undefined;
}

export function useGraphSettings(): GraphSettings {
  const search = useSearch();
  return useMemo(() => {
    const params = new URLSearchParams(search);
    const type = graphTypes.find(({ value }) => value === params.get('type'))?.value ?? 'workload';
    const labels = list(params.get('labels') ?? defaultLabels);
    const at = Number(params.get('at'));
    return {
      type,
      labels: edgeLabelKinds.filter((kind) => labels.includes(kind)),
      boxes: list(params.get('boxes') ?? defaultBoxes),
      display: list(params.get('display') ?? defaultDisplay),
      fold: foldChoices.find(({ value }) => value === params.get('fold'))?.value ?? 'auto',
      toggled: new Set(list(params.get('toggled') ?? '')),
      at: at > 0 ? at : undefined,
    };
  }, [search]);
}

/** Sets one of the lists; an empty one is written as `none`, since no text stands for the default. */
export function useListParam(name: 'labels' | 'boxes' | 'display'): (values: string[]) => void {
  const fallback = { labels: defaultLabels, boxes: defaultBoxes, display: defaultDisplay }[name];
  const [, set] = useParam(name, fallback);
  return (values) => set(values.length === 0 ? 'none' : values.join(','));
}

export function graphParams(scope: Scope, settings: GraphSettings): Params {
  return {
    ...rateParams(scope),
    graphType: settings.type,
    boxBy: settings.boxes.join(','),
    injectServiceNodes: settings.type !== 'service' && settings.display.includes('services'),
    includeIdleEdges: settings.display.includes('idle'),
    responseTime: '95',
    throughputType: 'response',
    queryTime: settings.at,
  };
}
