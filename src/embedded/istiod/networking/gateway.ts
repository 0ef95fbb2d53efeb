/** Gateways: which servers a router serves, and the listeners of those that pass TLS on by SNI. */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshProxy, MeshService, MeshSnapshot } from '../model.ts';
import { securityFilters } from '../security/filters.ts';
import { listenerAccessLogs } from '../telemetry/access-logs.ts';
import { destinationRuleFor, hostFits, resolveHost, subsetsOf } from './destination-rule.ts';
import { reporting, tcpProxy, tlsInspector } from './filters.ts';
import { blackHole, clusterName, istioAlpn, sniName, socketAddress } from './names.ts';

interface Server {
  gateway: KubeObject;
  port: number;
  protocol: string;
  mode: string;
  hosts: string[];
}

export function serversOf(snapshot: MeshSnapshot, proxy: MeshProxy): Server[] {
  return (snapshot.config.get('Gateway') ?? [])
    .filter((gateway) =>
      Object.entries(gateway['spec']?.selector ?? {}).every(([key, value]) => proxy.labels[key] === value),
    )
    .flatMap((gateway) =>
      (gateway['spec']?.servers ?? []).map((server: any) => ({
        gateway,
        port: server.port?.number,
        protocol: String(server.port?.protocol ?? '').toUpperCase(),
        mode: server.tls?.mode ?? '',
        hosts: (server.hosts ?? []).map((host: string) => host.split('/').at(-1)!),
      })),
    );
}

/** A router that passes services on by SNI needs a cluster for each of them. */
export const passesServicesOn = (servers: Server[]): boolean => servers.some((one) => one.mode === 'AUTO_PASSTHROUGH');

export function gatewayListeners(snapshot: MeshSnapshot, proxy: MeshProxy, services: MeshService[]): any[] {
  const byPort = Map.groupBy(serversOf(snapshot, proxy), (server) => server.port);
  return [...byPort]
    .sort(([a], [b]) => a - b)
    .flatMap(([port, servers]) => {
      const chains = servers.flatMap((server) => chainsFor(snapshot, proxy, services, server));
      if (chains.length === 0) return [];
      const bound = targetPortOf(snapshot, proxy, port);
      return [
        {
          name: `0.0.0.0_${bound}`,
          address: socketAddress('0.0.0.0', bound),
          traffic_direction: 'OUTBOUND',
          listener_filters: [tlsInspector],
          ...listenerAccessLogs(snapshot, proxy, 'CLIENT'),
          filter_chains: chains,
        },
      ];
    });
}

/** Gateways speak of service ports; the pod listens where its Service leads. */
function targetPortOf(snapshot: MeshSnapshot, proxy: MeshProxy, port: number): number {
  for (const [hostname, endpoints] of snapshot.endpoints) {
    const service = snapshot.services.get(hostname);
    const name = service?.ports.find((one) => one.port === port)?.name;
    if (name === undefined) continue;
    const own = endpoints.find(
      (one) => one.address === proxy.address && one.clusterId === proxy.clusterId && one.portName === name,
    );
    if (own) return own.port;
  }
  return port;
}

function chainsFor(snapshot: MeshSnapshot, proxy: MeshProxy, services: MeshService[], server: Server): any[] {
  if (server.mode === 'AUTO_PASSTHROUGH') return autoPassthrough(snapshot, proxy, services, server);
  if (server.mode === 'PASSTHROUGH') return passthroughRoutes(snapshot, proxy, server);
  return [];
}

/** One chain for each port of each service whose name the server's hosts cover. No policy applies here: TLS is not ended. */
function autoPassthrough(snapshot: MeshSnapshot, proxy: MeshProxy, services: MeshService[], server: Server): any[] {
  return services
    .filter((service) => !service.meshExternal && server.hosts.some((host) => hostFits(host, service.hostname)))
    .flatMap((service) => {
      const subsets = ['', ...subsetsOf(destinationRuleFor(snapshot, proxy.namespace, service)).map((one) => one.name)];
      return service.ports
        .filter((port) => port.protocol !== 'UDP')
        .flatMap((port) =>
          subsets.map((subset) => {
            const name = sniName(port.port, subset, service.hostname);
            return {
              name,
              filter_chain_match: { server_names: [name], application_protocols: istioAlpn },
              filters: [tcpProxy(snapshot, reporting(proxy, 'source', false), name)],
              transport_socket_connect_timeout: '15s',
            };
          }),
        );
    });
}

/** The tls routes of VirtualServices that are bound to the gateway. Policies of the connection hold here. */
function passthroughRoutes(snapshot: MeshSnapshot, proxy: MeshProxy, server: Server): any[] {
  const { name, namespace } = server.gateway.metadata;
  const security = securityFilters(snapshot, proxy).tcp;
  const bound = (snapshot.config.get('VirtualService') ?? []).filter((one) =>
    (one['spec']?.gateways ?? []).some((reference: string) =>
      reference.includes('/')
        ? reference === `${namespace}/${name}`
        : one.metadata.namespace === namespace && reference === name,
    ),
  );
  return bound.flatMap((owner) =>
    (owner['spec']?.tls ?? []).flatMap((rule: any) =>
      (rule.match ?? [])
        .filter((match: any) => match.port === undefined || match.port === server.port)
        .map((match: any) => {
          const { destination } = rule.route?.[0] ?? {};
          const host = destination
            ? resolveHost(destination.host, owner.metadata.namespace ?? '', snapshot.domain)
            : '';
          const cluster = destination
            ? clusterName('outbound', destination.port?.number ?? server.port, destination.subset ?? '', host)
            : blackHole;
          const names = (match.sniHosts ?? []).filter((one: string) => one !== '*');
          return {
            ...(names.length > 0 ? { filter_chain_match: { server_names: names } } : {}),
            filters: [...security, tcpProxy(snapshot, reporting(proxy, 'source', false), cluster)],
            transport_socket_connect_timeout: '15s',
          };
        }),
    ),
  );
}
