/**
 * What a proxy may reach, and by which rules: all that is exported to its namespace, or what a Sidecar imports. A Sidecar is the one that
 * selects the workload, else its namespace's, else the root namespace's.
 */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshProxy, MeshService, MeshSnapshot, ServicePort } from '../model.ts';
import { statedProtocol } from '../registry/protocol.ts';
import { covers, overlap } from './hosts.ts';
import { type VirtualService, virtualServices } from './virtual-services.ts';
import { isExportedTo } from './visibility.ts';

/** One outbound view: of the whole proxy, or of a port that a Sidecar sets up. */
export interface EgressScope {
  port?: ServicePort;
  bind?: string;
  /** Connections come to the address itself rather than being captured. */
  bindsToPort: boolean;
  services: MeshService[];
  virtualServices: VirtualService[];
}

export interface ProxyScope {
  sidecar: KubeObject | undefined;
  egress: EgressScope[];
  /** Services of all views, and those to which their VirtualServices lead; the oldest first. */
  services: MeshService[];
  byHost: ReadonlyMap<string, MeshService>;
  allowsAny: boolean;
}

const cache = new WeakMap<MeshSnapshot, Map<string, ProxyScope>>();

/** Proxies of the same namespace, type and labels have the same scope; it is made once for a snapshot. */
export function scopeOf(snapshot: MeshSnapshot, proxy: MeshProxy): ProxyScope {
  const scopes = cache.get(snapshot) ?? new Map<string, ProxyScope>();
  cache.set(snapshot, scopes);
  const sidecar = proxy.type === 'sidecar' ? sidecarOf(snapshot, proxy) : undefined;
  const key = `${proxy.type}/${proxy.namespace}/${sidecar?.metadata.namespace ?? ''}/${sidecar?.metadata.name ?? ''}`;
  const known = scopes.get(key);
  if (known) return known;
  const made = makeScope(snapshot, proxy, sidecar);
  scopes.set(key, made);
  return made;
}

function sidecarOf(snapshot: MeshSnapshot, proxy: MeshProxy): KubeObject | undefined {
  const all = snapshot.config.get('Sidecar') ?? [];
  const own = all.filter((one) => one.metadata.namespace === proxy.namespace);
  const selected = own.find((one) => {
    const labels = Object.entries(one['spec']?.workloadSelector?.labels ?? {});
    return labels.length > 0 && labels.every(([key, value]) => proxy.labels[key] === value);
  });
  const forAll = (list: readonly KubeObject[]) =>
    list.find((one) => Object.keys(one['spec']?.workloadSelector?.labels ?? {}).length === 0);
  return selected ?? forAll(own) ?? forAll(all.filter((one) => one.metadata.namespace === snapshot.rootNamespace));
}

const byAge = (a: MeshService, b: MeshService): number =>
  a.createdAt.localeCompare(b.createdAt) || a.hostname.localeCompare(b.hostname) || a.key.localeCompare(b.key);

function makeScope(snapshot: MeshSnapshot, proxy: MeshProxy, sidecar: KubeObject | undefined): ProxyScope {
  const visible = [...snapshot.services.values()]
    .filter((service) => isExportedTo(snapshot, 'Service', service, proxy.namespace))
    .sort(byAge);
  const rules = virtualServices(snapshot).filter(
    (one) =>
      one.gateways.includes('mesh') &&
      isExportedTo(snapshot, 'VirtualService', one, proxy.namespace) &&
      (!one.isOfGatewayApi || isMeshRouteFor(one, proxy, visible)),
  );
  const stated: any[] = sidecar?.['spec']?.egress ?? [];
  const egress = (stated.length > 0 ? stated : [{ hosts: ['*/*'] }]).map((one) =>
    egressScope(one, proxy.namespace, visible, rules),
  );
  const byHost = new Map<string, MeshService>();
  const add = (service: MeshService): void => {
    const known = byHost.get(service.hostname);
    if (!known) byHost.set(service.hostname, service);
    else if (known.key === service.key) byHost.set(service.hostname, withPortsOf(known, service));
  };
  for (const one of egress) {
    for (const service of one.services) add(service);
    if (sidecar) for (const service of destinations(one, proxy, visible)) add(service);
  }
  const mode = sidecar?.['spec']?.outboundTrafficPolicy?.mode ?? snapshot.meshConfig.outboundTrafficPolicy.mode;
  return { sidecar, egress, byHost, services: [...byHost.values()].sort(byAge), allowsAny: mode === 'ALLOW_ANY' };
}

function withPortsOf(known: MeshService, other: MeshService): MeshService {
  const more = other.ports.filter((port) => !known.ports.some((one) => one.port === port.port));
  return more.length === 0 ? known : { ...known, ports: [...known.ports, ...more] };
}

function egressScope(stated: any, namespace: string, visible: MeshService[], rules: VirtualService[]): EgressScope {
  const imports = (stated.hosts ?? []).map((written: string) => importOf(written, namespace));
  const { number, protocol, name = '' } = stated.port ?? {};
  const port = number ? { name, port: Number(number), protocol: statedProtocol(protocol) } : undefined;
  const chosen = new Map<string, MeshService>();
  for (const service of visible) {
    if (!imported(imports, service.namespace, service.hostname, covers)) continue;
    const ports = port ? service.ports.filter((one) => one.port === port.port) : service.ports;
    if (ports.length === 0 && port) continue;
    const known = chosen.get(service.hostname);
    // Of the same host in several namespaces the proxy's own goes first.
    if (known && service.namespace !== namespace) continue;
    const aliases = service.aliases.filter((one) => imported(imports, one.namespace, one.hostname, covers));
    const same = ports.length === service.ports.length && aliases.length === service.aliases.length;
    chosen.set(service.hostname, same ? service : { ...service, ports, aliases });
  }
  return {
    ...(port ? { port } : {}),
    ...(stated.bind ? { bind: stated.bind } : {}),
    bindsToPort: stated.captureMode === 'NONE',
    services: [...chosen.values()],
    virtualServices: inOrder(
      rules.filter((rule) => rule.hosts.some((host) => imported(imports, rule.namespace, host, overlap))),
      namespace,
    ),
  };
}

/** Mesh routes of the Gateway API are the word of a service's own namespace to all, or of a namespace to its own clients. */
const isMeshRouteFor = ({ namespace, hosts }: VirtualService, proxy: MeshProxy, services: MeshService[]): boolean =>
  namespace === proxy.namespace || services.some((one) => one.namespace === namespace && hosts.includes(one.hostname));

/** Private ones go first, then those for some namespaces, then those for all; of the last, mesh routes for the namespace's own clients. */
function inOrder(rules: VirtualService[], namespace: string): VirtualService[] {
  const rank = ({ exportTo, namespace: own, isOfGatewayApi }: VirtualService): number => {
    if (!exportTo?.length || exportTo.includes('*')) return isOfGatewayApi && own === namespace ? 2 : 3;
    return own === namespace && exportTo.every((one) => one === '.' || one === own) ? 0 : 1;
  };
  return [...rules].sort((a, b) => rank(a) - rank(b));
}

interface Import {
  namespace: string;
  host: string;
  excluded: boolean;
}

function importOf(written: string, own: string): Import {
  const [first = '', host = ''] = written.includes('/') ? written.split('/') : ['*', written];
  const excluded = first.startsWith('~');
  const namespace = excluded ? first.slice(1) || '*' : first;
  return { namespace: namespace === '.' ? own : namespace, host: host.toLowerCase(), excluded };
}

function imported(
  imports: Import[],
  namespace: string,
  host: string,
  fits: (pattern: string, host: string) => boolean,
): boolean {
  const of = imports.filter((one) => one.namespace === '*' || one.namespace === namespace);
  if (of.some((one) => one.excluded && covers(one.host, host))) return false;
  return of.some((one) => !one.excluded && fits(one.host, host));
}

/** Services to which imported VirtualServices lead are reachable, though nobody has imported them by name. */
function destinations(egress: EgressScope, proxy: MeshProxy, visible: MeshService[]): MeshService[] {
  const found: MeshService[] = [];
  for (const { http, tcp, tls } of egress.virtualServices) {
    const all = [...http, ...tcp, ...tls]
      .filter((rule) => isForNamespace(rule, proxy.namespace))
      .flatMap((rule) => [
        ...(rule.route ?? []).map((one: any) => one.destination),
        rule.mirror,
        ...(rule.mirrors ?? []).map((one: any) => one.destination),
      ]);
    for (const destination of all) {
      if (!destination) continue;
      const candidates = visible.filter((one) => one.hostname === destination.host);
      const service = candidates.find((one) => one.namespace === proxy.namespace) ?? candidates[0];
      if (!service) continue;
      const wanted = egress.port?.port ?? destination.port?.number;
      const ports = wanted ? service.ports.filter((one) => one.port === wanted) : service.ports;
      if (ports.length > 0) found.push({ ...service, ports });
    }
  }
  return found;
}

const isForNamespace = (rule: any, namespace: string): boolean =>
  !rule.match?.length || rule.match.some((one: any) => !one.sourceNamespace || one.sourceNamespace === namespace);
