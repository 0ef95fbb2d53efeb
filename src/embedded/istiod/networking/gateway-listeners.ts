/** LDS of a router: a listener for each port of its Gateways. */
import type { MeshProxy, MeshService, MeshSnapshot } from '../model.ts';
import { securityFilters } from '../security/filters.ts';
import { listenerAccessLogs } from '../telemetry/access-logs.ts';
import { destinationRuleFor, subsetsOf } from './destination-rule.ts';
import { httpConnectionManager, reporting, tcpProxy, tlsInspector } from './filters.ts';
import {
  endsHttps,
  gatewayPorts,
  hostOf,
  isAutoPassthrough,
  isPassthrough,
  isPlainHttp,
  type Port,
  type Server,
  serverNames,
} from './gateway-servers.ts';
import { covers } from './hosts.ts';
import { type ConnectionPlace, settingsFor, toDestinations } from './l4-routes.ts';
import { istioAlpn, sniName, socketAddress } from './names.ts';
import { scopeOf } from './scope.ts';
import { serverTls } from './server-tls.ts';
import { type VirtualService, virtualServicesOfGateway } from './virtual-services.ts';

export function gatewayListeners(snapshot: MeshSnapshot, proxy: MeshProxy): any[] {
  return gatewayPorts(snapshot, proxy).flatMap((port) => {
    const chains = isPlainHttp(port.servers[0]!)
      ? [{ filters: [manager(snapshot, proxy, port.servers[0]!)] }]
      : port.servers.flatMap((server) => chainsOf(snapshot, proxy, server));
    return chains.length === 0 ? [] : [{ ...listener(port, chains), ...listenerAccessLogs(snapshot, proxy, 'CLIENT') }];
  });
}

function listener({ bind, bound, servers }: Port, chains: any[]): any {
  const address = bind || '0.0.0.0';
  // Also where a server passes on whatever name is asked for.
  const isTls = servers.some((server) => server.tls && !isPlainHttp(server));
  return {
    name: `${address}_${bound}`,
    address: socketAddress(address, bound),
    traffic_direction: 'OUTBOUND',
    ...(isTls ? { listener_filters: [tlsInspector] } : {}),
    filter_chains: chains.map((chain) => ({ ...chain, transport_socket_connect_timeout: '15s' })),
  };
}

/** What comes from outside of the mesh: its address is the client's, and what it says of its certificate is replaced by what is so. */
function manager(snapshot: MeshSnapshot, proxy: MeshProxy, server: Server): any {
  const topology = (snapshot.meshConfig.raw['defaultConfig'] as any)?.gatewayTopology ?? {};
  return httpConnectionManager({
    ...reporting(proxy, 'source', false),
    snapshot,
    statPrefix: server.statPrefix ?? `outbound_0.0.0.0_${server.bound}`,
    routes: { rds: server.routeName },
    filters: securityFilters(snapshot, proxy).http,
    edge: {
      use_remote_address: true,
      ...(topology.numTrustedProxies ? { xff_num_trusted_hops: topology.numTrustedProxies } : {}),
      forward_client_cert_details: topology.forwardClientCertDetails ?? 'SANITIZE_SET',
      set_current_client_cert_details: { subject: true, cert: true, dns: true, uri: true },
      server_name: 'istio-envoy',
    },
  });
}

function chainsOf(snapshot: MeshSnapshot, proxy: MeshProxy, server: Server): any[] {
  const names = serverNames(server);
  const match = names ? { filter_chain_match: { server_names: names } } : {};
  if (endsHttps(server))
    return [
      {
        ...match,
        transport_socket: serverTls(server.tls, 'http'),
        filters: [manager(snapshot, proxy, server)],
      },
    ];
  const rules = virtualServicesOfGateway(snapshot, server.gateway, proxy.namespace);
  if (isAutoPassthrough(server)) return autoPassthrough(snapshot, proxy, server);
  if (isPassthrough(server)) return passthroughRoutes(snapshot, proxy, server, rules);
  const filters = tcpRoute(snapshot, proxy, server, rules);
  if (!filters) return [];
  return [{ ...(server.tls ? { ...match, transport_socket: serverTls(server.tls, 'tcp') } : {}), ...filters }];
}

/** Policies of the gateway hold for its connections, whether it reads them or not. */
const guarded = (snapshot: MeshSnapshot, proxy: MeshProxy, chain: any): any => ({
  ...chain,
  filters: [...securityFilters(snapshot, proxy).tcp, ...chain.filters],
});

function placeOf(snapshot: MeshSnapshot, proxy: MeshProxy, server: Server): ConnectionPlace {
  const scope = scopeOf(snapshot, proxy);
  return { snapshot, proxy, port: server.port, gateway: server.gateway, lookup: (host) => scope.byHost.get(host) };
}

/** A gateway's server and a rule meet by port and gateway alone. */
const meets = (match: any, server: Server): boolean =>
  (!match.port || match.port === server.port) && (!match.gateways?.length || match.gateways.includes(server.gateway));

/** Whether the server's hosts have one of the rule's among them. */
const isServed = (rule: VirtualService, server: Server): boolean =>
  server.hosts.some((host) => {
    const isForeign = host.includes('/') && host.split('/')[0] !== rule.namespace;
    return !isForeign && rule.hosts.some((one) => covers(hostOf(host), one) || covers(one, hostOf(host)));
  });

/** The first rule that fits; a server without one has nowhere to lead to. */
function tcpRoute(snapshot: MeshSnapshot, proxy: MeshProxy, server: Server, rules: VirtualService[]): any {
  for (const owner of rules.filter((rule) => isServed(rule, server)))
    for (const rule of owner.tcp) {
      const fits = !rule.match?.length || rule.match.some((match: any) => meets(match, server));
      if (fits && rule.route?.length)
        return guarded(snapshot, proxy, toDestinations(rule.route, owner, placeOf(snapshot, proxy, server)));
    }
  return undefined;
}

/** The tls routes of VirtualServices that are bound to the gateway. */
function passthroughRoutes(snapshot: MeshSnapshot, proxy: MeshProxy, server: Server, rules: VirtualService[]): any[] {
  const taken = new Set<string>();
  return rules
    .filter((rule) => isServed(rule, server))
    .flatMap((owner) =>
      owner.tls
        .filter((rule) => rule.route?.length)
        .flatMap((rule) =>
          (rule.match ?? [])
            .filter((match: any) => meets(match, server) && isNew(match.sniHosts ?? [], taken))
            .map((match: any) => {
              const names = (match.sniHosts ?? []).filter((one: string) => one !== '*');
              return {
                ...(names.length > 0 ? { filter_chain_match: { server_names: names } } : {}),
                ...guarded(snapshot, proxy, toDestinations(rule.route, owner, placeOf(snapshot, proxy, server))),
              };
            }),
        ),
    );
}

function isNew(names: string[], taken: Set<string>): boolean {
  if (names.some((one) => taken.has(one))) return false;
  for (const one of names) taken.add(one);
  return true;
}

/** One chain for each port of each service whose name the server's hosts cover. No policy applies here: TLS is not ended. */
function autoPassthrough(snapshot: MeshSnapshot, proxy: MeshProxy, server: Server): any[] {
  const place = placeOf(snapshot, proxy, server);
  const isCovered = ({ hostname, meshExternal }: MeshService): boolean =>
    !meshExternal && server.hosts.some((host) => covers(hostOf(host), hostname));
  return scopeOf(snapshot, proxy)
    .services.filter(isCovered)
    .flatMap((service) => {
      const subsets = ['', ...subsetsOf(destinationRuleFor(snapshot, proxy, service)).map((one) => one.name)];
      return service.ports
        .filter((port) => port.protocol !== 'UDP')
        .flatMap((port) =>
          subsets.map((subset) => {
            const name = sniName(port.port, subset, service.hostname);
            return {
              name,
              filter_chain_match: { server_names: [name], application_protocols: istioAlpn },
              filters: [
                tcpProxy(
                  snapshot,
                  reporting(proxy, 'source', false),
                  name,
                  undefined,
                  settingsFor(place, service, subset),
                ),
              ],
            };
          }),
        );
    });
}
