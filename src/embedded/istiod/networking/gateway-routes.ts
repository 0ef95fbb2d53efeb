/** RDS of a router: the hosts of a server, each with the routes of the VirtualServices that are bound to its Gateway and name it. */
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import { hostOf, type Server, serversOf } from './gateway-servers.ts';
import { bySpecificity, covers } from './hosts.ts';
import { httpRoutes } from './http-routes.ts';
import { takesAll } from './route-match.ts';
import { scopeOf } from './scope.ts';
import { peerHeaderValue } from './telemetry.ts';
import { type VirtualService, virtualServicesOfGateway } from './virtual-services.ts';

interface Host {
  port: number;
  routes: any[];
  requiresTls: boolean;
}

/** A name of which no server is known any more has no hosts: Envoy asks for it while it drains a listener. */
export function gatewayRoutes(snapshot: MeshSnapshot, proxy: MeshProxy, name: string): any {
  const servers = serversOf(snapshot, proxy).filter(({ routeName }) => routeName === name);
  const hosts = new Map<string, Host>();
  for (const server of servers) addHosts(hosts, snapshot, proxy, server);
  if (hosts.size === 0 && servers.length > 0)
    hosts.set('*', { port: servers[0]!.port, routes: [], requiresTls: false });
  return {
    name,
    validate_clusters: false,
    virtual_hosts: collapsed(hosts)
      .map(({ names, port, routes, requiresTls }) => ({
        name: routes.length === 0 && !requiresTls ? `blackhole:${port}` : `${names[0]}:${port}`,
        domains: names,
        include_request_attempt_count: true,
        request_headers_to_add: [peerHeaderValue(proxy)],
        // What takes everything goes last, whichever VirtualService it is from.
        routes: [...routes.filter(({ match }) => !takesAll(match)), ...routes.filter(({ match }) => takesAll(match))],
        ...(requiresTls ? { require_tls: 'ALL' } : {}),
      }))
      .sort((a, b) => a.name.localeCompare(b.name)),
    max_direct_response_body_size_bytes: 1_048_576,
    ignore_port_in_host_matching: true,
  };
}

/** Names with the same routes are one host, which is called after the most exact of them. */
function collapsed(hosts: Map<string, Host>): (Host & { names: string[] })[] {
  const found: (Host & { names: string[] })[] = [];
  for (const [name, host] of [...hosts].sort(([a], [b]) => bySpecificity(a, b))) {
    const same = found.find(
      (one) =>
        one.requiresTls === host.requiresTls &&
        one.routes.length === host.routes.length &&
        one.routes.every((route, index) => route === host.routes[index]),
    );
    if (same) same.names.push(name);
    else found.push({ ...host, names: [name] });
  }
  return found;
}

function addHosts(hosts: Map<string, Host>, snapshot: MeshSnapshot, proxy: MeshProxy, server: Server): void {
  const scope = scopeOf(snapshot, proxy);
  const requiresTls = server.tls?.httpsRedirect === true;
  const host = (name: string): Host => {
    const known = hosts.get(name) ?? { port: server.port, routes: [], requiresTls: false };
    hosts.set(name, known);
    if (requiresTls) known.requiresTls = true;
    return known;
  };
  for (const rule of virtualServicesOfGateway(snapshot, server.gateway, proxy.namespace)) {
    const names = commonHosts(server, rule);
    if (names.length === 0) continue;
    const routes = httpRoutes(rule, {
      snapshot,
      proxy,
      port: server.port,
      gateway: server.gateway,
      isTls: server.tls !== undefined,
      lookup: (one) => scope.byHost.get(one),
    });
    if (routes.length > 0) for (const name of names) host(name).routes.push(...routes);
  }
  // Hosts that are only to be sent on to HTTPS need no route.
  if (requiresTls) for (const name of server.hosts) host(hostOf(name).toLowerCase());
}

/** The narrower of each pair of names of the server and of the rule that overlap. */
function commonHosts(server: Server, rule: VirtualService): string[] {
  const names = new Set<string>();
  for (const written of server.hosts) {
    if (written.includes('/') && written.split('/')[0] !== rule.namespace) continue;
    const own = hostOf(written).toLowerCase();
    for (const other of rule.hosts) {
      if (covers(own, other)) names.add(other);
      else if (covers(other, own)) names.add(own);
    }
  }
  return [...names];
}
