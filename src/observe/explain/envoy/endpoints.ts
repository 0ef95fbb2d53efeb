/** The endpoints of a cluster as Envoy has them now, and the share of the load that each gets. */
import { addressText, type HostStatus, type ProxyDump } from './dump.ts';

export interface Endpoint {
  address: string;
  port: number;
  weight: number;
  priority: number;
  locality: string;
  health: 'healthy' | 'unhealthy' | 'ejected';
  /** 0 to 1. */
  share: number;
  /** By which a transport socket is chosen. */
  tlsMode: string;
  /** Istio's `workload;namespace;canonical name;canonical revision;cluster`. */
  workload: { name: string; namespace: string; clusterId: string };
  status: HostStatus | undefined;
}

export function endpointsOf(dump: ProxyDump, cluster: any): Endpoint[] {
  const name = String(cluster.name);
  const assignment =
    dump.endpoints.get(name) ??
    dump.endpoints.get(cluster.eds_cluster_config?.service_name ?? '') ??
    cluster.load_assignment;
  const found: Endpoint[] = (assignment?.endpoints ?? []).flatMap((group: any) =>
    (group.lb_endpoints ?? []).map((one: any) => endpointOf(dump, name, group, one)),
  );
  const factor = Number(assignment?.policy?.overprovisioning_factor ?? 140) / 100;
  const panic = Number(
    cluster.common_lb_config?.healthy_panic_threshold?.value ??
      (cluster.common_lb_config?.healthy_panic_threshold ? 0 : 50),
  );
  const byLocality = Boolean(cluster.common_lb_config?.locality_weighted_lb_config);
  const localityWeights = new Map<string, number>(
    (assignment?.endpoints ?? []).map((group: any) => [groupKey(group), Number(group.load_balancing_weight ?? 0)]),
  );
  return withShares(found, { factor, panic, byLocality, localityWeights });
}

const localityText = (group: any): string =>
  [group.locality?.region, group.locality?.zone, group.locality?.sub_zone].filter(Boolean).join('/');
const groupKey = (group: any): string => `${group.priority ?? 0} ${localityText(group)}`;

function endpointOf(dump: ProxyDump, cluster: string, group: any, one: any): Endpoint {
  const socket = one.endpoint?.address?.socket_address ?? {};
  const metadata = one.metadata?.filter_metadata ?? {};
  const [name = '', namespace = '', , , clusterId = ''] = String(metadata.istio?.workload ?? '').split(';');
  const status = dump.hosts.get(cluster)?.get(addressText(one.endpoint?.address));
  const sent = status?.edsHealth || one.health_status || 'HEALTHY';
  return {
    address: socket.address ?? '',
    port: socket.port_value ?? 0,
    weight: Number(one.load_balancing_weight ?? 1),
    priority: Number(group.priority ?? 0),
    locality: localityText(group),
    health: status?.failedOutlierCheck ? 'ejected' : sent === 'HEALTHY' || sent === 'UNKNOWN' ? 'healthy' : 'unhealthy',
    share: 0,
    tlsMode: metadata['envoy.transport_socket_match']?.tlsMode ?? '',
    workload: { name, namespace, clusterId },
    status,
  };
}

interface Balancing {
  /** How far a priority may lose endpoints before load spills over: 1.4. */
  factor: number;
  /** Percent of healthy endpoints below which health is ignored. */
  panic: number;
  byLocality: boolean;
  localityWeights: Map<string, number>;
}

/** Envoy's priority levels: each takes min(100, healthy % × factor) of what is left; when all together have less than 100, they share it. */
function withShares(endpoints: Endpoint[], { factor, panic, byLocality, localityWeights }: Balancing): Endpoint[] {
  const levels = [...Map.groupBy(endpoints, (one) => one.priority)].sort(([a], [b]) => a - b).map(([, list]) => list);
  const isUp = (one: Endpoint): boolean => one.health === 'healthy';
  const health = levels.map((list) => Math.min(1, (list.filter(isUp).length / list.length) * factor));
  const total = Math.min(
    1,
    health.reduce((sum, one) => sum + one, 0),
  );
  let left = 1;
  return levels.flatMap((list, index) => {
    const load = total === 0 ? (index === 0 ? 1 : 0) : Math.min(left, health[index]! / total);
    left = Math.max(0, left - load);
    const up = list.filter(isUp);
    const isPanic = total < 1 && (up.length / list.length) * 100 < panic;
    const taking = isPanic ? list : up;
    const groups = [...Map.groupBy(taking, (one) => `${one.priority} ${one.locality}`)];
    const groupWeight = (key: string, members: Endpoint[]): number =>
      byLocality ? (localityWeights.get(key) ?? 0) : sumOf(members);
    const whole = groups.reduce((sum, [key, members]) => sum + groupWeight(key, members), 0);
    return list.map((one) => {
      if (!taking.includes(one) || whole === 0) return one;
      const key = `${one.priority} ${one.locality}`;
      const members = groups.find(([name]) => name === key)?.[1] ?? [];
      return { ...one, share: (load * groupWeight(key, members) * one.weight) / whole / sumOf(members) };
    });
  });
}

const sumOf = (list: Endpoint[]): number => list.reduce((sum, one) => sum + one.weight, 0);
