/**
 * EDS: which endpoints of a service a proxy is told, and with what weights, when they stand on several networks. The rules are those of
 * Istio's endpoint builder and network filter (pilot/pkg/xds/endpoints): endpoints on other networks are replaced by the gateways there.
 */
import type { MeshEndpoint, MeshProxy, MeshService, MeshSnapshot, NetworkGateway } from '../model.ts';
import { destinationRuleFor, subsetsOf, trafficPolicy } from './destination-rule.ts';
import { localitySetting } from './load-balancing.ts';
import { type Group, priorities, weighted } from './localities.ts';
import { type ParsedCluster, socketAddress } from './names.ts';
import { mtlsMode } from './peer-authentication.ts';
import { scopeOf } from './scope.ts';

interface Weighted {
  address: string;
  port: number;
  weight: number;
  health: MeshEndpoint['health'];
  tls: boolean;
  /** Istio's `workload;namespace;canonical name;canonical revision;cluster`. */
  workload: string;
  clusterId: string;
}

/** The load assignment of a cluster for a proxy, in canonical JSON. */
export function loadAssignment(snapshot: MeshSnapshot, proxy: MeshProxy, name: string, cluster: ParsedCluster): any {
  // A change of endpoints alone comes often: unless several namespaces have the host, nothing must be chosen anew for it.
  const service = hasSharedHosts(snapshot)
    ? scopeOf(snapshot, proxy).byHost.get(cluster.host)
    : snapshot.services.get(cluster.host);
  return service ? loadAssignmentOf(snapshot, proxy, name, service, cluster) : { cluster_name: name, endpoints: [] };
}

const sharing = new WeakMap<MeshSnapshot, boolean>();

function hasSharedHosts(snapshot: MeshSnapshot): boolean {
  const known = sharing.get(snapshot) ?? [...snapshot.services].some(([key, { hostname }]) => key !== hostname);
  sharing.set(snapshot, known);
  return known;
}

export function loadAssignmentOf(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  name: string,
  service: MeshService,
  cluster: Pick<ParsedCluster, 'host' | 'port' | 'subset' | 'isSni'>,
): any {
  const port = service.ports.find((one) => one.port === cluster.port);
  if (!port) return { cluster_name: name, endpoints: [] };
  const rule = destinationRuleFor(snapshot, proxy, service);
  const subset = subsetsOf(rule).find((one) => one.name === cluster.subset);
  if (cluster.subset && !subset) return { cluster_name: name, endpoints: [] };
  const policy = trafficPolicy(rule, subset, cluster.port);
  const visible = (snapshot.endpoints.get(service.key) ?? []).filter((one) =>
    isVisible(one, proxy, service, port.name, subset?.labels),
  );
  const groups = groupsOf(snapshot, proxy, visible, policy, cluster.isSni);
  return {
    cluster_name: name,
    endpoints: weighted(localitySetting(snapshot.meshConfig, policy), proxy, groups).map(
      ({ locality, priority, weight, endpoints }) => ({
        locality: { region: locality.region, zone: locality.zone, sub_zone: locality.subzone },
        // Zero is no weight to Envoy, which would refuse all of it.
        ...(weight > 0 ? { load_balancing_weight: weight } : {}),
        priority,
        lb_endpoints: endpoints.map(lbEndpoint),
      }),
    ),
  };
}

/** Endpoints of one locality and priority. */
function groupsOf(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  visible: MeshEndpoint[],
  policy: any,
  onlyMtls: boolean,
): Group<Weighted>[] {
  const priorityOf = priorities(snapshot, proxy, policy);
  const byPlace = Map.groupBy(visible, (endpoint) => {
    const { region, zone, subzone } = endpoint.locality;
    return JSON.stringify([region, zone, subzone, priorityOf(endpoint)]);
  });
  const groups = [...byPlace]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, endpoints]) => {
      const [region, zone, subzone, priority] = JSON.parse(key) as [string, string, string, number];
      const list = splitByNetwork(snapshot, proxy, endpoints, policy?.tls?.mode, onlyMtls);
      const weight = list.reduce((sum, one) => sum + one.weight, 0);
      return { locality: { region, zone, subzone }, priority, weight, endpoints: list };
    });
  return groups;
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
        weight: scale * (endpoint.weight ?? 1),
        health: endpoint.health,
        tls: endpoint.tlsMode === 'istio',
        workload: workloadText(endpoint),
        clusterId: endpoint.clusterId,
      });
      continue;
    }
    // Only mutual TLS has the SNI by which a gateway knows where to.
    if (!secure) continue;
    const share = (scale * (endpoint.weight ?? 1)) / gateways.length;
    for (const gateway of gateways) weights.set(gateway, (weights.get(gateway) ?? 0) + share);
  }
  const behindGateways = [...weights]
    .sort(([a], [b]) => a.address.localeCompare(b.address) || a.port - b.port)
    .map(
      ([gateway, weight]): Weighted => ({
        address: gateway.address,
        port: gateway.port,
        weight,
        health: 'unknown',
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
    ...(one.health === 'unknown' ? {} : { health_status: one.health === 'healthy' ? 'HEALTHY' : 'UNHEALTHY' }),
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
