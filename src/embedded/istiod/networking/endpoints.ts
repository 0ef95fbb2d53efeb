/**
 * EDS: which endpoints of a service a proxy is told, and with what weights, when they stand on several networks. The rules are those of
 * Istio's endpoint builder and network filter (pilot/pkg/xds/endpoints): endpoints on other networks are replaced by the gateways there.
 */
import type { MeshEndpoint, MeshProxy, MeshService, MeshSnapshot, NetworkGateway } from '../model.ts';
import { destinationRuleFor, subsetsOf, trafficPolicy } from './destination-rule.ts';
import { type ParsedCluster, socketAddress } from './names.ts';
import { mtlsMode } from './peer-authentication.ts';

interface Weighted {
  address: string;
  port: number;
  weight: number;
  health: 'healthy' | 'unhealthy' | undefined;
  tls: boolean;
  /** Istio's `workload;namespace;canonical name;canonical revision;cluster`. */
  workload: string;
  clusterId: string;
}

/** The load assignment of a cluster for a proxy, in canonical JSON. */
export function loadAssignment(snapshot: MeshSnapshot, proxy: MeshProxy, name: string, cluster: ParsedCluster): any {
  const service = snapshot.services.get(cluster.host);
  const port = service?.ports.find((one) => one.port === cluster.port);
  if (!service || !port) return { cluster_name: name, endpoints: [] };
  const rule = destinationRuleFor(snapshot, proxy.namespace, service);
  const subset = subsetsOf(rule).find((one) => one.name === cluster.subset);
  if (cluster.subset && !subset) return { cluster_name: name, endpoints: [] };
  const policy = trafficPolicy(rule, subset, cluster.port);
  const visible = (snapshot.endpoints.get(cluster.host) ?? []).filter((one) =>
    isVisible(one, proxy, service, port.name, subset?.labels),
  );
  const byLocality = Map.groupBy(visible, ({ locality }) =>
    JSON.stringify([locality.region, locality.zone, locality.subzone]),
  );
  const groups = [...byLocality.keys()].sort().map((key) => {
    const [region, zone, subzone] = JSON.parse(key) as [string, string, string];
    return {
      locality: { region, zone, subzone },
      endpoints: splitByNetwork(snapshot, proxy, byLocality.get(key)!, policy?.tls?.mode, cluster.isSni),
    };
  });
  const filled = groups.filter((group) => group.endpoints.length > 0);
  const priorities = prioritiesOf(
    snapshot,
    proxy,
    filled.map((group) => group.locality),
    policy,
  );
  return {
    cluster_name: name,
    endpoints: filled.map((group, index) => ({
      locality: { region: group.locality.region, zone: group.locality.zone, sub_zone: group.locality.subzone },
      load_balancing_weight: group.endpoints.reduce((sum, one) => sum + one.weight, 0),
      priority: priorities[index]!,
      lb_endpoints: group.endpoints.map(lbEndpoint),
    })),
  };
}

function isVisible(
  endpoint: MeshEndpoint,
  proxy: MeshProxy,
  service: MeshService,
  portName: string,
  labels: Record<string, string> | undefined,
): boolean {
  if (endpoint.portName !== portName) return false;
  if (labels && !Object.entries(labels).every(([key, value]) => endpoint.labels[key] === value)) return false;
  const view = proxy.requestedNetworkView;
  if (view.length > 0 && endpoint.network !== '' && !view.includes(endpoint.network)) return false;
  if (service.clusterLocal && endpoint.clusterId !== proxy.clusterId) return false;
  if (service.internalTrafficPolicyLocal && endpoint.nodeName !== proxy.metadata['NODE_NAME']) return false;
  return true;
}

/** Direct endpoints first, then one per gateway, in the locality of the workloads that it stands for. */
export function splitByNetwork(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  endpoints: MeshEndpoint[],
  tlsMode: string | undefined,
  onlyMtls: boolean,
): Weighted[] {
  const scale = gatewayScale(snapshot.gateways);
  const direct: Weighted[] = [];
  const weights = new Map<NetworkGateway, number>();
  for (const endpoint of endpoints) {
    const secure = usesMtls(snapshot, endpoint, tlsMode);
    if (onlyMtls && !secure) continue;
    const gateways = isReachable(snapshot, proxy, endpoint) ? [] : gatewaysFor(snapshot.gateways, endpoint);
    if (gateways.length === 0) {
      direct.push({
        address: endpoint.address,
        port: endpoint.port,
        weight: scale,
        health: endpoint.health,
        tls: endpoint.tlsMode === 'istio',
        workload: workloadText(endpoint),
        clusterId: endpoint.clusterId,
      });
      continue;
    }
    // Only mutual TLS has the SNI by which a gateway knows where to.
    if (!secure) continue;
    for (const gateway of gateways) weights.set(gateway, (weights.get(gateway) ?? 0) + scale / gateways.length);
  }
  const behindGateways = [...weights]
    .sort(([a], [b]) => a.address.localeCompare(b.address) || a.port - b.port)
    .map(
      ([gateway, weight]): Weighted => ({
        address: gateway.address,
        port: gateway.port,
        weight,
        health: undefined,
        tls: true,
        workload: `;;;;${gateway.clusterId}`,
        clusterId: gateway.clusterId,
      }),
    );
  return [...direct, ...behindGateways];
}

/** Same network, or nothing that leads into the other one. Without any known gateway all networks are one. */
function isReachable(snapshot: MeshSnapshot, proxy: MeshProxy, endpoint: MeshEndpoint): boolean {
  if (snapshot.gateways.length === 0) return true;
  if (endpoint.network === '' || endpoint.network === proxy.network) return true;
  return !snapshot.gateways.some((gateway) => gateway.network === endpoint.network);
}

/** Gateways of the endpoint's network and cluster; if its cluster has none, all of its network. */
export function gatewaysFor(
  gateways: readonly NetworkGateway[],
  endpoint: { network: string; clusterId: string },
): NetworkGateway[] {
  const ofNetwork = gateways.filter((gateway) => gateway.network === endpoint.network);
  const ofCluster = ofNetwork.filter((gateway) => gateway.clusterId === endpoint.clusterId);
  return ofCluster.length > 0 ? ofCluster : ofNetwork;
}

/** The least number that every count of gateways divides, so that weights stay whole numbers. */
export function gatewayScale(gateways: readonly NetworkGateway[]): number {
  const counts = [
    ...Map.groupBy(gateways, (one) => one.network).values(),
    ...Map.groupBy(gateways, (one) => `${one.network}/${one.clusterId}`).values(),
  ].map((list) => list.length);
  return counts.reduce((least, count) => (least * count) / greatestCommonDivisor(least, count), 1);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function usesMtls(snapshot: MeshSnapshot, endpoint: MeshEndpoint, tlsMode: string | undefined): boolean {
  if (endpoint.tlsMode !== 'istio') return false;
  if (tlsMode !== undefined) return tlsMode === 'ISTIO_MUTUAL';
  return mtlsMode(snapshot, endpoint, endpoint.port) !== 'DISABLE';
}

const workloadText = (one: MeshEndpoint): string =>
  [
    one.workloadName,
    one.namespace,
    one.canonicalName,
    one.canonicalRevision === 'latest' ? '' : one.canonicalRevision,
    one.clusterId,
  ].join(';');

function lbEndpoint(one: Weighted): any {
  return {
    endpoint: { address: socketAddress(one.address, one.port) },
    ...(one.health ? { health_status: one.health === 'healthy' ? 'HEALTHY' : 'UNHEALTHY' } : {}),
    load_balancing_weight: one.weight,
    metadata: {
      filter_metadata: {
        ...(one.tls ? { 'envoy.transport_socket_match': { tlsMode: 'istio' } } : {}),
        istio: { workload: one.workload },
        isthmus: { cluster: one.clusterId },
      },
    },
  };
}

/** Localities matter only where outlier detection can tell that one has failed; otherwise all have priority 0. */
function prioritiesOf(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  localities: { region: string; zone: string; subzone: string }[],
  policy: any,
): number[] {
  const settings = policy?.loadBalancer?.localityLbSetting ?? snapshot.meshConfig.raw['localityLbSetting'] ?? {};
  if (!policy?.outlierDetection || (settings as any).enabled === false || (settings as any).distribute)
    return localities.map(() => 0);
  const failover: any[] = (settings as any).failover ?? [];
  const mine = proxy.locality;
  const raw = localities.map(({ region, zone, subzone }) => {
    if (region === mine.region && zone === mine.zone && subzone === mine.subzone) return 0;
    if (region === mine.region && zone === mine.zone) return 1;
    if (region === mine.region) return 2;
    const target = failover.find((one) => one.from === mine.region);
    return target && target.to !== region ? 4 : 3;
  });
  const used = [...new Set(raw)].sort((a, b) => a - b);
  return raw.map((one) => used.indexOf(one));
}
