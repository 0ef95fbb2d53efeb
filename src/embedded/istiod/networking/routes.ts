/** RDS of a sidecar: the virtual hosts of a port, or of one service on an undeclared port. */
import type { MeshProxy, MeshService, MeshSnapshot } from '../model.ts';
import { isHttp } from '../registry/protocol.ts';
import { destinationRuleFor } from './destination-rule.ts';
import { hashOfService, hashPolicies } from './hash-policy.ts';
import { bySpecificity, covers, isWildcard } from './hosts.ts';
import { httpRoutes } from './http-routes.ts';
import { addressesFor } from './instances.ts';
import { clusterName, passthrough } from './names.ts';
import { retryPolicy } from './retry-policy.ts';
import { type EgressScope, type ProxyScope, scopeOf } from './scope.ts';
import { peerHeaderValue } from './telemetry.ts';
import type { VirtualService } from './virtual-services.ts';

/** The route configuration of that name, or undefined where there is no such port. */
export function routeConfiguration(snapshot: MeshSnapshot, proxy: MeshProxy, name: string): any {
  const single = /^(.+):(\d+)$/.exec(name);
  const port = Number(single ? single[2] : name);
  const scope = scopeOf(snapshot, proxy);
  const egress = scope.egress.find((one) => !one.port || one.port.port === port);
  if (!egress) return undefined;
  const hosts = virtualHosts(snapshot, proxy, scope, egress, port);
  const chosen = single ? hosts.filter(({ domains }) => domains.includes(single[1])) : hosts;
  if (single && chosen.length === 0) return undefined;
  return {
    name,
    validate_clusters: false,
    virtual_hosts: single
      ? // The listener of one service's address leads to no other, whatever name the request gives it.
        [{ ...chosen[0], domains: ['*'] }]
      : [...chosen, catchAll(scope)],
    max_direct_response_body_size_bytes: 1_048_576,
    ignore_port_in_host_matching: true,
  };
}

function virtualHosts(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  scope: ProxyScope,
  egress: EgressScope,
  port: number,
): any[] {
  const services = egress.services.filter((service) =>
    service.ports.some((one) => one.port === port && (isHttp(one.protocol) || one.protocol === 'UNSUPPORTED')),
  );
  const here = egress.services.filter((service) => service.ports.some((one) => one.port === port));
  const place = {
    snapshot,
    proxy,
    port,
    gateway: 'mesh',
    isTls: false,
    lookup: (host: string) => scope.byHost.get(host),
  };
  // A rule that says nothing about this port leaves it to the next.
  const routed = egress.virtualServices
    .map((owner) => ({ owner, routes: httpRoutes(owner, place) }))
    .filter(({ routes }) => routes.length > 0);
  const owners = ownersOf(
    routed.map(({ owner }) => owner),
    here,
  );
  const hosts = new Map<string, any>();
  const served = new Set<string>();
  const taken = new Set<string>();
  const names = new Set(services.map((one) => one.hostname));
  const add = (host: string, domains: string[], routes: any[], service?: MeshService): void => {
    const name = `${host}:${port}`;
    if (hosts.has(name)) return;
    // A short form of one name may be the whole of another, which goes before it.
    const free = domains.filter((one) => !taken.has(one) && (one === host || !names.has(one)) && taken.add(one));
    if (free.length > 0) hosts.set(name, virtualHost(proxy, name, free, routes, service));
  };
  for (const { owner, routes } of routed) {
    const mine = services.filter((service) => owners.get(service.hostname) === owner);
    const others = owner.hosts.filter((host) => !here.some((one) => covers(host, one.hostname)));
    // Names that no service has are known on port 80 alone, and where the rule is about a service of the port (Istio's rule).
    if (port === 80 || mine.length > 0) for (const host of others) add(host, [host], routes);
    for (const service of mine) {
      served.add(service.hostname);
      add(service.hostname, domainsOf(service, proxy, snapshot.domain), routes, service);
    }
  }
  for (const service of services) {
    if (served.has(service.hostname)) continue;
    const routes = [defaultRoute(snapshot, proxy, service, port)];
    add(service.hostname, domainsOf(service, proxy, snapshot.domain), routes, service);
  }
  return [...hosts.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** Of the VirtualServices that name a service the most exact one holds, and of several the first. */
function ownersOf(rules: VirtualService[], services: MeshService[]): Map<string, VirtualService> {
  const owners = new Map<string, VirtualService>();
  for (const { hostname } of services) {
    const fitting = rules.flatMap((rule) =>
      rule.hosts.filter((host) => covers(host, hostname)).map((host) => ({ rule, host })),
    );
    const [best] = fitting.sort((a, b) => (a.host === b.host ? 0 : bySpecificity(a.host, b.host)));
    if (best) owners.set(hostname, best.rule);
  }
  return owners;
}

/** The peer's header is for proxies of the mesh: what stands outside is not told who calls. */
function virtualHost(proxy: MeshProxy, name: string, domains: string[], routes: any[], service?: MeshService): any {
  return {
    name,
    domains,
    include_request_attempt_count: true,
    ...(service?.meshExternal ? {} : { request_headers_to_add: [peerHeaderValue(proxy)] }),
    routes,
  };
}

/** All forms of a service's name that a client in the proxy's namespace may use, those of its aliases, and its addresses. */
export function domainsOf(service: MeshService, proxy: MeshProxy, domain: string): string[] {
  const names = [service, ...service.aliases].flatMap(({ hostname, namespace }) =>
    formsOf(hostname, namespace, proxy.namespace, domain),
  );
  // Each pod of a headless service has a name below it.
  const below = service.headless ? names.map((name) => `*.${name}`) : [];
  return [...names, ...below, ...addressesFor(service, proxy)];
}

function formsOf(hostname: string, namespace: string, own: string, domain: string): string[] {
  const suffix = `.${namespace}.svc.${domain}`;
  const whole = [hostname, `${hostname}.`];
  if (!hostname.endsWith(suffix) || isWildcard(hostname)) return whole;
  const name = hostname.slice(0, -suffix.length);
  return [...whole, ...(namespace === own ? [name] : []), `${name}.${namespace}.svc`, `${name}.${namespace}`];
}

function defaultRoute(snapshot: MeshSnapshot, proxy: MeshProxy, service: MeshService, port: number): any {
  const hash = hashOfService(destinationRuleFor(snapshot, proxy, service), port);
  const policies = hashPolicies(hash);
  return {
    name: 'default',
    match: { prefix: '/' },
    route: {
      cluster: clusterName('outbound', port, '', service.hostname),
      timeout: '0s',
      ...retryPolicy(snapshot.meshConfig.raw['defaultHttpRetryPolicy'], false),
      ...(policies.length > 0 ? { hash_policy: policies } : {}),
      max_grpc_timeout: '0s',
    },
  };
}

function catchAll({ allowsAny }: ProxyScope): any {
  const name = allowsAny ? 'allow_any' : 'block_all';
  const match = { prefix: '/' };
  return {
    name,
    domains: ['*'],
    include_request_attempt_count: true,
    routes: [
      allowsAny
        ? { name, match, route: { cluster: passthrough, timeout: '0s', max_grpc_timeout: '0s' } }
        : { name, match, direct_response: { status: 502 } },
    ],
  };
}
