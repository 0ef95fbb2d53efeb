/** LDS of a sidecar, outbound: one shared listener for the HTTP services of a port, one for each address of the others, and the catch-all. */
import type { MeshProxy, MeshService, MeshSnapshot, ServicePort } from '../model.ts';
import { isHttp } from '../registry/protocol.ts';
import { listenerAccessLogs } from '../telemetry/access-logs.ts';
import { httpConnectionManager, httpInspector, inspection, reporting, tcpProxy } from './filters.ts';
import { addressesFor } from './instances.ts';
import { blackHole, clusterName, passthrough, socketAddress } from './names.ts';

export function outboundListeners(snapshot: MeshSnapshot, proxy: MeshProxy, services: MeshService[]): any[] {
  const httpPorts = new Set<number>();
  const listeners: any[] = [];
  for (const service of services) {
    for (const port of service.ports) {
      if (port.protocol === 'UDP') continue;
      if (isHttp(port.protocol)) httpPorts.add(port.port);
      else
        listeners.push(
          ...addressesOf(snapshot, service, proxy).map((address) =>
            perAddress(snapshot, proxy, service, port, address),
          ),
        );
    }
  }
  return [
    ...[...httpPorts].sort((a, b) => a - b).map((port) => sharedHttp(snapshot, proxy, port)),
    ...listeners,
    virtualOutbound(snapshot, proxy),
  ];
}

/** A headless service has no address of its own: each of its pods has one that the client can reach directly. */
function addressesOf(snapshot: MeshSnapshot, service: MeshService, proxy: MeshProxy): readonly string[] {
  if (!service.headless) return addressesFor(service, proxy);
  const endpoints = snapshot.endpoints.get(service.hostname) ?? [];
  return [
    ...new Set(
      endpoints.filter((one) => one.network === proxy.network || one.network === '').map((one) => one.address),
    ),
  ].sort();
}

const outbound = { bind_to_port: false, traffic_direction: 'OUTBOUND' };
const httpMatch = { application_protocols: ['http/1.1', 'h2c'], transport_protocol: 'raw_buffer' };

export function anywhere(snapshot: MeshSnapshot): string {
  return snapshot.meshConfig.outboundTrafficPolicy.mode === 'ALLOW_ANY' ? passthrough : blackHole;
}

function sharedHttp(snapshot: MeshSnapshot, proxy: MeshProxy, port: number): any {
  const name = `0.0.0.0_${port}`;
  const manager = httpConnectionManager({
    ...reporting(proxy, 'source', false),
    snapshot,
    statPrefix: `outbound_${name}`,
    routes: { rds: String(port) },
  });
  return {
    name,
    address: socketAddress('0.0.0.0', port),
    ...outbound,
    // What is TLS is not recognized as HTTP either, and goes the way of the rest.
    listener_filters: [httpInspector],
    ...inspection(snapshot),
    filter_chains: [{ filter_chain_match: httpMatch, filters: [manager] }],
    default_filter_chain: {
      name: 'PassthroughFilterChain',
      filters: [tcpProxy(snapshot, reporting(proxy, 'source', false), anywhere(snapshot))],
    },
  };
}

function perAddress(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  service: MeshService,
  port: ServicePort,
  address: string,
): any {
  const cluster = clusterName('outbound', port.port, '', service.hostname);
  const name = `${address}_${port.port}`;
  const tcp = { filters: [tcpProxy(snapshot, reporting(proxy, 'source', false), cluster)] };
  const common = { name, address: socketAddress(address, port.port), ...outbound };
  if (port.protocol !== 'UNSUPPORTED') return { ...common, ...inspection(snapshot), filter_chains: [tcp] };
  const route = `${service.hostname}:${port.port}`;
  const manager = httpConnectionManager({
    ...reporting(proxy, 'source', false),
    snapshot,
    statPrefix: `outbound_${name}`,
    routes: { rds: route },
    sniffed: true,
  });
  return {
    ...common,
    listener_filters: [httpInspector],
    ...inspection(snapshot),
    filter_chains: [{ filter_chain_match: httpMatch, filters: [manager] }],
    default_filter_chain: tcp,
  };
}

function virtualOutbound(snapshot: MeshSnapshot, proxy: MeshProxy): any {
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
        filters: [tcpProxy(snapshot, { ...reporting(proxy, 'source', false), uncounted: true }, blackHole)],
      },
      {
        name: 'virtualOutbound-catchall-tcp',
        filters: [tcpProxy(snapshot, reporting(proxy, 'source', false), anywhere(snapshot))],
      },
    ],
  };
}
