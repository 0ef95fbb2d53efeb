/**
 * Which endpoints a proxy asks first, by where they stand: localityLbSetting of a DestinationRule or of the mesh. Endpoints further away
 * matter only where outlier detection can tell that those nearby have failed; otherwise all have priority 0.
 */
import type { Locality, MeshEndpoint, MeshProxy, MeshSnapshot } from '../model.ts';
import { localitySetting } from './load-balancing.ts';

export interface Group<T> {
  locality: Locality;
  priority: number;
  weight: number;
  endpoints: T[];
}

/** The priority of an endpoint before those that are not used are taken out of the row. */
export function priorities(snapshot: MeshSnapshot, proxy: MeshProxy, policy: any): (endpoint: MeshEndpoint) => number {
  const setting = localitySetting(snapshot.meshConfig, policy);
  if (!policy?.outlierDetection || !setting || setting.distribute) return () => 0;
  const labels: string[] = setting.failoverPriority ?? [];
  const byLabel = labels.length > 0 ? labelPriority(labels, ownLabels(proxy)) : () => 0;
  // Labels that are stated say all, unless regions are stated as well.
  if (labels.length > 0 && !setting.failover) return byLabel;
  return (endpoint) => byLabel(endpoint) * 5 + placePriority(endpoint.locality, proxy.locality, setting.failover ?? []);
}

function placePriority(locality: Locality, own: Locality, failover: any[]): number {
  const { region, zone, subzone } = locality;
  if (region === own.region && zone === own.zone && subzone === own.subzone) return 0;
  if (region === own.region && zone === own.zone) return 1;
  if (region === own.region) return 2;
  const target = failover.find((one) => one.from === own.region);
  return target && target.to !== region ? 4 : 3;
}

/** The more of the labels, from the first on, an endpoint has as the proxy has them, the earlier it is asked; `label=value` states the value. */
function labelPriority(stated: string[], own: Readonly<Record<string, string>>): (endpoint: MeshEndpoint) => number {
  const wanted = stated.map((one): [string, string | undefined] => {
    const [label = '', value] = one.split('=');
    return [label, value ?? own[label]];
  });
  return ({ labels }) => {
    let adjustment = 0;
    for (const [index, [label, value]] of wanted.entries()) {
      if (labels[label] === value) continue;
      // Another network is further than all else, and what is behind it is told apart all the same.
      if (index === 0 && stated[0] === 'topology.istio.io/network') adjustment = wanted.length;
      else return wanted.length - index + adjustment;
    }
    return adjustment;
  };
}

function ownLabels(proxy: MeshProxy): Record<string, string> {
  const { region, zone, subzone } = proxy.locality;
  const node = String(proxy.metadata['NODE_NAME'] ?? '');
  return {
    ...proxy.labels,
    'topology.istio.io/cluster': proxy.clusterId,
    ...(proxy.network ? { 'topology.istio.io/network': proxy.network } : {}),
    ...(region ? { 'topology.kubernetes.io/region': region } : {}),
    ...(zone ? { 'topology.kubernetes.io/zone': zone } : {}),
    ...(subzone ? { 'topology.istio.io/subzone': subzone } : {}),
    ...(node ? { 'kubernetes.io/hostname': node } : {}),
  };
}

/** Priorities without gaps, and weights as `distribute` shares them out; localities that it does not name get nothing. */
export function weighted<T>(setting: any, proxy: MeshProxy, groups: Group<T>[]): Group<T>[] {
  const used = [...new Set(groups.map(({ priority }) => priority))].sort((a, b) => a - b);
  const dense = groups.map((group) => ({ ...group, priority: used.indexOf(group.priority) }));
  const share = (setting?.distribute ?? []).find((one: any) => matches(proxy.locality, one.from));
  if (!share) return dense;
  const left = new Set(dense);
  const weights = new Map<Group<T>, number>();
  for (const [place, percent] of Object.entries<number>(share.to ?? {})) {
    const here = [...left].filter(({ locality }) => matches(locality, place));
    // One that is empty counts as one.
    const total = here.reduce((sum, { weight }) => sum + (weight || 1), 0);
    for (const group of here) {
      left.delete(group);
      weights.set(group, Math.ceil(((group.weight || 1) * percent) / total));
    }
  }
  return dense.map((group) =>
    left.has(group) ? { ...group, endpoints: [] } : { ...group, weight: weights.get(group) || group.weight },
  );
}

/** `region/zone/subzone`, where a star and all that is left out stand for anything. */
function matches({ region, zone, subzone }: Locality, pattern: string): boolean {
  const parts = pattern.split('/');
  return [region, zone, subzone].every((own, index) => {
    const part = parts[index];
    return part === undefined || part === '*' || part === '' || part === own;
  });
}
