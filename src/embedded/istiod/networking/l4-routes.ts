/** The tcp and tls rules of VirtualServices: where connections go that are not read as HTTP. */
import type { MeshService, MeshSnapshot } from '../model.ts';
import { destinationCluster, type Lookup } from './destination.ts';
import { destinationRuleFor } from './destination-rule.ts';
import { seconds } from './durations.ts';
import { reporting, tcpProxy } from './filters.ts';
import { covers } from './hosts.ts';
import { clusterName, configMetadata } from './names.ts';
import { isReachableConnection, type MatchPlace } from './route-match.ts';
import type { VirtualService } from './virtual-services.ts';

export interface ConnectionPlace extends MatchPlace {
  snapshot: MeshSnapshot;
  lookup: Lookup;
}

/** A chain before it is known in which listener it stands. */
export interface Chain {
  serverNames?: string[];
  ranges?: string[];
  filters: any[];
  metadata?: any;
}

/** Chains of a service's port: by its VirtualService's rules, else straight to the service. */
export function serviceChains(
  service: MeshService,
  rules: VirtualService[],
  place: ConnectionPlace,
  isTls: boolean,
  /** Ranges of the service's addresses, or the name by which it is known in a listener that it shares. */
  match: { ranges?: string[]; serverName?: string },
): Chain[] {
  const own = rules.filter((rule) => rule.hosts.some((host) => covers(host, service.hostname)));
  const stated = isTls ? tlsChains(own, place, match.ranges) : tcpChains(own, place, match.ranges);
  if (stated.isWhole) return stated.chains;
  const port = service.ports.length === 1 ? service.ports[0]!.port : place.port;
  const straight: Chain = {
    ...(match.serverName ? { serverNames: [match.serverName] } : {}),
    ...(match.ranges ? { ranges: match.ranges } : {}),
    filters: [toService(place, service, port)],
  };
  return [...stated.chains, straight];
}

/** The first of several matches that ask for the same at run time counts; one that counts replaces the service's own chain. */
function tlsChains(
  rules: VirtualService[],
  place: ConnectionPlace,
  ranges: string[] | undefined,
): { chains: Chain[]; isWhole: boolean } {
  const chains = new Map<string, Chain>();
  for (const owner of rules)
    for (const rule of owner.tls.filter((one) => one.route?.length > 0))
      for (const match of rule.match ?? []) {
        if (!isReachableConnection(match, place)) continue;
        const key = JSON.stringify([match.sniHosts, match.destinationSubnets]);
        const subnets = match.destinationSubnets?.length ? match.destinationSubnets : ranges;
        if (!chains.has(key))
          chains.set(key, {
            serverNames: match.sniHosts,
            ...(subnets ? { ranges: subnets } : {}),
            ...toDestinations(rule.route, owner, place),
          });
      }
  return { chains: [...chains.values()], isWhole: chains.size > 0 };
}

/** A match without subnets takes all that comes; those with subnets stand before the service's own chain. */
function tcpChains(
  rules: VirtualService[],
  place: ConnectionPlace,
  ranges: string[] | undefined,
): { chains: Chain[]; isWhole: boolean } {
  const chains: Chain[] = [];
  for (const owner of rules)
    for (const rule of owner.tcp.filter((one) => one.route?.length > 0)) {
      const reachable = (rule.match ?? []).filter((match: any) => isReachableConnection(match, place));
      const takesAll = !rule.match?.length || reachable.some((match: any) => !match.destinationSubnets?.length);
      const target = toDestinations(rule.route, owner, place);
      if (takesAll) return { chains: [...chains, { ...(ranges ? { ranges } : {}), ...target }], isWhole: true };
      const subnets = reachable.flatMap((match: any) => match.destinationSubnets ?? []);
      if (subnets.length > 0) chains.push({ ranges: subnets, ...target });
    }
  return { chains, isWhole: false };
}

/** @param destinations with weights where there are several; zero is none. */
export function toDestinations(
  destinations: any[],
  owner: VirtualService,
  place: ConnectionPlace,
): { filters: any[]; metadata: any } {
  const cluster = (one: any): string => destinationCluster(one.destination, place.lookup, place.port);
  const connection = reporting(place.proxy, 'source', false);
  const metadata = { filter_metadata: { istio: configMetadata('virtual-service', owner.object.metadata) } };
  const options = settingsFor(
    place,
    place.lookup(destinations[0].destination.host),
    destinations[0].destination.subset,
  );
  if (destinations.length === 1)
    return { metadata, filters: [tcpProxy(place.snapshot, connection, cluster(destinations[0]), undefined, options)] };
  const clusters = destinations
    .filter((one) => one.weight > 0)
    .map((one) => ({ name: cluster(one), weight: one.weight }));
  const prefix = `${owner.name}.${owner.namespace}`;
  const weighted = { weighted_clusters: { clusters } };
  return { metadata, filters: [tcpProxy(place.snapshot, connection, weighted, prefix, options)] };
}

function toService(place: ConnectionPlace, service: MeshService, port: number): any {
  const cluster = clusterName('outbound', port, '', service.hostname);
  const connection = reporting(place.proxy, 'source', false);
  return tcpProxy(place.snapshot, connection, cluster, undefined, settingsFor(place, service));
}

/** What a DestinationRule says of connections that the proxy itself must know. */
export function settingsFor(place: ConnectionPlace, service: MeshService | undefined, subset = ''): any {
  const rule = service && destinationRuleFor(place.snapshot, place.proxy, service);
  const policy = rule?.['spec']?.trafficPolicy;
  const part = (rule?.['spec']?.subsets ?? []).find((one: any) => one.name === subset)?.trafficPolicy;
  const tcp = policy?.connectionPool?.tcp;
  const hash = part?.loadBalancer?.consistentHash ?? policy?.loadBalancer?.consistentHash;
  return {
    ...(seconds(tcp?.idleTimeout) ? { idle_timeout: seconds(tcp.idleTimeout) } : {}),
    ...(seconds(tcp?.maxConnectionDuration)
      ? { max_downstream_connection_duration: seconds(tcp.maxConnectionDuration) }
      : {}),
    ...(hash?.useSourceIp ? { hash_policy: [{ source_ip: {} }] } : {}),
  };
}
