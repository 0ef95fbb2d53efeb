/**
 * Which servers a router has: those of all Gateways that select it, merged by port as Istio merges them (pilot/pkg/model/gateway.go). On one
 * port there is either plain text or TLS; of TLS, servers are told apart by the names that clients ask for.
 */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshProxy, MeshSnapshot, PortProtocol } from '../model.ts';
import { isHttp, statedProtocol } from '../registry/protocol.ts';

export interface Server {
  /** `<namespace>/<name>`. */
  gateway: string;
  namespace: string;
  /** Port of the gateway's Service, of which rules speak. */
  port: number;
  /** Port on which the pod listens. */
  bound: number;
  bind: string;
  protocol: PortProtocol;
  tls: any;
  /** With the namespace of the VirtualServices that may serve it before a slash, where there is one. */
  hosts: string[];
  /** Name of its routes; empty for what is no HTTP. */
  routeName: string;
  statPrefix: string | undefined;
}

const modes = { passthrough: 'PASSTHROUGH', auto: 'AUTO_PASSTHROUGH' };

export const isPassthrough = ({ tls }: Server): boolean => tls?.mode === modes.passthrough || tls?.mode === modes.auto;
export const isAutoPassthrough = ({ tls }: Server): boolean => tls?.mode === modes.auto;
/** HTTP after TLS that the gateway ends. */
export const endsHttps = (server: Server): boolean =>
  server.protocol === 'HTTPS' && server.tls !== undefined && !isPassthrough(server);
export const isPlainHttp = ({ protocol }: Server): boolean => isHttp(protocol);
const isPlain = (server: Server): boolean => isPlainHttp(server) || server.tls === undefined;

export const hostOf = (host: string): string => host.split('/').at(-1)!;

/** Names that clients must ask for; undefined for any. */
export function serverNames({ hosts }: Server): string[] | undefined {
  const names = hosts.map(hostOf);
  return names.includes('*') ? undefined : names;
}

/** Servers of one address and port of the pod. */
export interface Port {
  bound: number;
  bind: string;
  servers: Server[];
}

const cache = new WeakMap<MeshSnapshot, Map<string, Port[]>>();

export function gatewayPorts(snapshot: MeshSnapshot, proxy: MeshProxy): Port[] {
  const known = cache.get(snapshot) ?? new Map<string, Port[]>();
  cache.set(snapshot, known);
  const ports = known.get(proxy.nodeId) ?? merged(snapshot, proxy);
  known.set(proxy.nodeId, ports);
  return ports;
}

export const serversOf = (snapshot: MeshSnapshot, proxy: MeshProxy): Server[] =>
  gatewayPorts(snapshot, proxy).flatMap(({ servers }) => servers);

/** Whether a Gateway of the proxy's asks for the certificate of that SDS name, or for the root beside it. */
export const namesCredential = (snapshot: MeshSnapshot, proxy: MeshProxy, name: string): boolean =>
  serversOf(snapshot, proxy).some(({ tls }) =>
    [tls?.credentialName, ...(tls?.credentialNames ?? [])].some(
      (one) => one && (one === name || `${one}-cacert` === name),
    ),
  );

function merged(snapshot: MeshSnapshot, proxy: MeshProxy): Port[] {
  const ports = new Map<string, Port>();
  const taken = new Map<string, Set<string>>();
  for (const server of allServers(snapshot, proxy)) {
    const key = `${server.bind}_${server.bound}`;
    if (server.tls !== undefined) {
      // Two chains for one name would be refused by Envoy, and the whole listener with them.
      const names = taken.get(key) ?? new Set();
      taken.set(key, names);
      if (server.hosts.some((host) => names.has(host))) continue;
      for (const host of server.hosts) names.add(host);
    }
    const port = ports.get(key);
    if (!port) ports.set(key, { bound: server.bound, bind: server.bind, servers: [server] });
    else if (fits(port.servers[0]!, server)) port.servers.push(server);
  }
  return [...ports.values()].sort((a, b) => a.bound - b.bound);
}

const fits = (first: Server, next: Server): boolean =>
  isPlain(first) ? isPlainHttp(first) && isPlainHttp(next) : !isPlain(next);

function allServers(snapshot: MeshSnapshot, proxy: MeshProxy): Server[] {
  const { targets, own } = ownServices(snapshot, proxy);
  return (snapshot.config.get('Gateway') ?? [])
    .filter((gateway) => selects(gateway, proxy, own))
    .flatMap((gateway) =>
      (gateway['spec']?.servers ?? [])
        .filter((server: any) => server.port?.number)
        .map((server: any) => serverOf(gateway, server, targets)),
    )
    .filter(({ bound }) => bound >= 1024 || proxy.metadata['UNPRIVILEGED_POD'] !== 'true');
}

/** Listeners of the Gateway API name Services in place of labels: whoever is behind one of them, in the Gateway's namespace. */
function selects(gateway: KubeObject, proxy: MeshProxy, own: ReadonlySet<string>): boolean {
  const services = gateway.metadata.annotations?.['internal.istio.io/gateway-service'];
  if (services !== undefined)
    return services.split(',').some((host) => own.has(`${gateway.metadata.namespace}/${host}`));
  return Object.entries(gateway['spec']?.selector ?? {}).every(([key, value]) => proxy.labels[key] === value);
}

function serverOf(gateway: KubeObject, server: any, targets: ReadonlyMap<number, number>): Server {
  const { name = '', namespace = '' } = gateway.metadata;
  const port: number = server.port.number;
  const bound = targets.get(port) ?? port;
  const protocol = statedProtocol(server.port.protocol);
  const made: Server = {
    gateway: `${namespace}/${name}`,
    namespace,
    port,
    bound,
    bind: server.bind ?? '',
    protocol,
    tls: server.tls,
    hosts: (server.hosts ?? []).map((host: string) => withNamespace(host, namespace)),
    routeName: '',
    statPrefix: server.name,
  };
  if (isPlainHttp(made)) return { ...made, routeName: ['http', bound, made.bind].filter(Boolean).join('.') };
  const routeName = ['https', port, server.port.name ?? '', name, namespace, made.bind].filter(Boolean).join('.');
  return endsHttps(made) ? { ...made, routeName } : made;
}

/** A dot is the gateway's own namespace, a star any. */
function withNamespace(host: string, own: string): string {
  const [namespace, name] = host.split('/');
  if (name === undefined) return host;
  if (namespace === '*') return name;
  return `${namespace === '.' ? own : namespace}/${name}`;
}

/** Gateways speak of service ports; the pod listens where its Service leads. With the Services as `<namespace>/<host>`. */
function ownServices(snapshot: MeshSnapshot, proxy: MeshProxy): { targets: Map<number, number>; own: Set<string> } {
  const targets = new Map<number, number>();
  const own = new Set<string>();
  for (const [key, endpoints] of snapshot.endpoints) {
    const service = snapshot.services.get(key);
    if (!service) continue;
    const isTranslated = service.labels['experimental.istio.io/disable-gateway-port-translation'] === undefined;
    for (const endpoint of endpoints) {
      if (endpoint.address !== proxy.address || endpoint.clusterId !== proxy.clusterId) continue;
      own.add(`${service.namespace}/${service.hostname}`);
      if (!isTranslated) continue;
      const port = service.ports.find((one) => one.name === endpoint.portName)?.port;
      if (port !== undefined && !targets.has(port)) targets.set(port, endpoint.port);
    }
  }
  return { targets, own };
}
