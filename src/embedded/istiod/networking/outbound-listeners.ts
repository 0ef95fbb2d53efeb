/**
 * LDS of a sidecar, outbound: one shared listener for the HTTP services of a port, one for each address of the others, one for those without
 * an address, told apart by server names and ranges of addresses, and the catch-all.
 */
import type { MeshProxy, MeshService, MeshSnapshot, ServicePort } from '../model.ts';
import { isHttp, isTls } from '../registry/protocol.ts';
import { listenerAccessLogs } from '../telemetry/access-logs.ts';
import { httpConnectionManager, httpInspector, inspection, reporting, tcpProxy, tlsInspector } from './filters.ts';
import { addressesFor, rangesOf } from './instances.ts';
import { type Chain, serviceChains } from './l4-routes.ts';
import { blackHole, passthrough, socketAddress } from './names.ts';
import { type EgressScope, type ProxyScope, scopeOf } from './scope.ts';

const everywhere = '0.0.0.0';
const httpMatch = { application_protocols: ['http/1.1', 'h2c'], transport_protocol: 'raw_buffer' };

/** What stands at one address and port until all services are known. */
interface Draft {
  address: string;
  port: number;
  bindsToPort: boolean;
  /** Name of the routes of what is HTTP here. */
  routes?: string;
  sniffed: boolean;
  chains: Chain[];
}

export function outboundListeners(snapshot: MeshSnapshot, proxy: MeshProxy): any[] {
  const scope = scopeOf(snapshot, proxy);
  const drafts = new Map<string, Draft>();
  // Ports that a Sidecar sets up by themselves are not those of the view of all others.
  const stated = new Set(scope.egress.flatMap(({ port }) => (port ? [port.port] : [])));
  for (const egress of scope.egress)
    for (const service of egress.services)
      for (const port of service.ports) {
        if (port.protocol === 'UDP' || (!egress.port && stated.has(port.port))) continue;
        take(drafts, { snapshot, proxy, scope, egress }, service, egress.port ? { ...port, ...egress.port } : port);
      }
  return [
    ...[...drafts.values()].map((draft) => listener(snapshot, proxy, scope, draft)),
    virtualOutbound(snapshot, proxy, scope),
  ];
}

interface Context {
  snapshot: MeshSnapshot;
  proxy: MeshProxy;
  scope: ProxyScope;
  egress: EgressScope;
}

function take(drafts: Map<string, Draft>, context: Context, service: MeshService, port: ServicePort): void {
  const { egress, proxy, snapshot } = context;
  const at = (address: string): Draft => ({
    address,
    port: port.port,
    bindsToPort: egress.bindsToPort,
    sniffed: false,
    chains: [],
  });
  if (isHttp(port.protocol)) {
    const address = egress.bind ?? everywhere;
    add(drafts, { ...at(address), routes: String(port.port) });
    return;
  }
  const own = egress.bind ? [egress.bind] : addressesOf(snapshot, service, port, proxy);
  for (const address of own) add(drafts, { ...at(address), ...connections(context, service, port, address) });
  const ranges = egress.bind ? [] : rangesOf(service);
  if (ranges.length > 0) add(drafts, { ...at(everywhere), ...connections(context, service, port, everywhere, ranges) });
}

function connections(
  { snapshot, proxy, scope, egress }: Context,
  service: MeshService,
  port: ServicePort,
  address: string,
  ranges?: string[],
): Partial<Draft> {
  const place = {
    snapshot,
    proxy,
    port: port.port,
    gateway: 'mesh',
    lookup: (host: string) => scope.byHost.get(host),
  };
  const named = isTls(port.protocol) && address === everywhere;
  const chains = serviceChains(service, egress.virtualServices, place, isTls(port.protocol), {
    ...(ranges ? { ranges } : {}),
    ...(named ? { serverName: service.hostname } : {}),
  });
  if (port.protocol !== 'UNSUPPORTED') return { chains };
  const routes = address === everywhere ? String(port.port) : `${service.hostname}:${port.port}`;
  return { chains, routes, sniffed: true };
}

/** The first that comes to an address and port decides between HTTP and the rest; chains that take the same go to the first as well. */
function add(drafts: Map<string, Draft>, draft: Draft): void {
  const key = `${draft.address}_${draft.port}`;
  const known = drafts.get(key);
  if (!known) {
    drafts.set(key, draft);
    return;
  }
  if ((known.routes === undefined) !== (draft.routes === undefined)) return;
  const matches = new Set(known.chains.map(matchKey));
  known.chains.push(...draft.chains.filter((chain) => !matches.has(matchKey(chain))));
}

const matchKey = ({ serverNames = [], ranges = [] }: Chain): string => JSON.stringify([serverNames, ranges]);

/**
 * Where connections to a service come: its own addresses, those of its pods if it is headless, else any address. Services of Kubernetes
 * that this cluster has no address of are not reached.
 */
function addressesOf(
  snapshot: MeshSnapshot,
  service: MeshService,
  port: ServicePort,
  proxy: MeshProxy,
): readonly string[] {
  if (service.headless) {
    const endpoints = snapshot.endpoints.get(service.key) ?? [];
    const near = endpoints.filter(
      (one) => one.portName === port.name && (one.network === proxy.network || one.network === ''),
    );
    return [...new Set(near.map((one) => one.address))].sort();
  }
  const own = addressesFor(service, proxy);
  if (own.length > 0 || service.origin === 'Kubernetes' || service.statedAddresses.length > 0) return own;
  return [everywhere];
}

const anywhere = ({ allowsAny }: ProxyScope): string => (allowsAny ? passthrough : blackHole);

function listener(snapshot: MeshSnapshot, proxy: MeshProxy, scope: ProxyScope, draft: Draft): any {
  const name = `${draft.address}_${draft.port}`;
  const whole = draft.chains.find((chain) => !chain.serverNames && !chain.ranges);
  const chains = draft.chains.filter((chain) => chain !== whole).map(matchedChain);
  // What is TLS is not recognized as HTTP either, and goes the way of the rest.
  if (draft.routes !== undefined) chains.unshift(httpChain(snapshot, proxy, draft));
  const rest = whole ? { filters: whole.filters, ...metadataOf(whole) } : passthroughChain(snapshot, proxy, scope);
  const only = chains.length === 0;
  const named = draft.chains.some(({ serverNames }) => serverNames);
  return {
    name,
    address: socketAddress(draft.address, draft.port),
    bind_to_port: draft.bindsToPort,
    traffic_direction: 'OUTBOUND',
    ...(named || draft.routes !== undefined
      ? {
          listener_filters: [...(named ? [tlsInspector] : []), ...(draft.routes === undefined ? [] : [httpInspector])],
        }
      : {}),
    ...inspection(snapshot),
    filter_chains: only ? [rest] : chains,
    ...(only ? {} : { default_filter_chain: rest }),
  };
}

const metadataOf = ({ metadata }: Chain): any => (metadata ? { metadata } : {});

function matchedChain(chain: Chain): any {
  return {
    filter_chain_match: {
      ...(chain.serverNames ? { server_names: chain.serverNames } : {}),
      ...(chain.ranges ? { prefix_ranges: chain.ranges.map(prefixRange) } : {}),
    },
    ...metadataOf(chain),
    filters: chain.filters,
  };
}

function prefixRange(range: string): any {
  const [address_prefix, bits] = range.split('/');
  return { address_prefix, prefix_len: Number(bits ?? 32) };
}

function httpChain(snapshot: MeshSnapshot, proxy: MeshProxy, draft: Draft): any {
  const manager = httpConnectionManager({
    ...reporting(proxy, 'source', false),
    snapshot,
    statPrefix: `outbound_${draft.address}_${draft.port}`,
    routes: { rds: draft.routes! },
    sniffed: draft.sniffed,
  });
  return { filter_chain_match: httpMatch, filters: [manager] };
}

function passthroughChain(snapshot: MeshSnapshot, proxy: MeshProxy, scope: ProxyScope): any {
  return {
    name: 'PassthroughFilterChain',
    filters: [tcpProxy(snapshot, reporting(proxy, 'source', false), anywhere(scope))],
  };
}

function virtualOutbound(snapshot: MeshSnapshot, proxy: MeshProxy, scope: ProxyScope): any {
  return {
    name: 'virtualOutbound',
    address: socketAddress('0.0.0.0', 15_001),
    use_original_dst: true,
    traffic_direction: 'OUTBOUND',
    ...listenerAccessLogs(snapshot, proxy, 'CLIENT'),
    filter_chains: [
      // A connection to the port itself would go round in a circle.
      {
        name: 'virtualOutbound-blackhole',
        filter_chain_match: { destination_port: 15_001 },
        filters: [tcpProxy(snapshot, undefined, blackHole)],
      },
      {
        name: 'virtualOutbound-catchall-tcp',
        filters: [tcpProxy(snapshot, reporting(proxy, 'source', false), anywhere(scope))],
      },
    ],
  };
}
