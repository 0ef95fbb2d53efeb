/** The listener: what the client's proxy does with a connection to that address and port. */
import { decision, leftOut } from '../config.ts';
import { managerOf, type ProxyDump, targetsOf } from '../envoy/dump.ts';
import { type Connection, filterChainFor, isInRange, outboundListener } from '../envoy/listeners.ts';
import { protocolOf } from '../istio/protocol.ts';
import { firstOf, portOf, type ServiceView } from '../service.ts';
import { endOf, step, type Trace } from '../trace.ts';
import type { End, Step } from '../types.ts';

export interface Listened {
  step: Step;
  listener?: any;
  /** HTTP connection manager, where the chain has one. */
  manager?: any;
  /** Clusters of a TCP proxy, where the chain has one. */
  tcp?: { name: string; weight: number }[];
  /** The connection does not go through the proxy. */
  bypassed?: boolean;
  end?: End;
}

/** What the client sends first, as listeners see it. */
export function connectionOf({ to }: Trace, address: string): Connection {
  const tls = to.scheme === 'https';
  return {
    address,
    port: to.port,
    transport: tls ? 'tls' : 'raw_buffer',
    serverName: tls ? to.host : undefined,
    applicationProtocols: tls ? ['h2', 'http/1.1'] : to.scheme === 'http' ? ['http/1.1'] : [],
  };
}

export function listenerStep(
  trace: Trace,
  dump: ProxyDump,
  address: string,
  service: ServiceView | undefined,
): Listened {
  const { client, to } = trace;
  const at = { cluster: client.cluster, namespace: client.namespace, pod: client.pod };
  const excluded = exclusion(trace, address);
  if (excluded) {
    const made = step({ kind: 'listener', at, title: `not captured: ${excluded.why}` });
    made.decisions.push(decision(client.cluster, { ...client.object, kind: 'Pod' }, excluded.why, excluded.field));
    made.deviations.push({
      code: 'capture-excluded',
      severity: 'warning',
      message: `Connections to ${address}:${to.port} go past the proxy: ${excluded.why}. They are plain text and no rule of the mesh holds for them.`,
      object: { cluster: client.cluster, kind: 'Pod', namespace: client.namespace, name: client.pod },
      fix: `take the annotation ${excluded.field.slice('metadata.annotations.'.length)} out of the template of ${client.workload}`,
    });
    return { step: made, bypassed: true };
  }
  const listener = outboundListener(dump, address, to.port);
  const made = step({ kind: 'listener', at, title: '' });
  if (!listener) {
    made.title = 'the proxy has no listener for outbound connections';
    made.deviations.push({
      code: 'proxy-not-connected',
      severity: 'error',
      message: 'The proxy has no outbound listener at all: it has not got any configuration yet.',
    });
    return { step: made, end: endOf('fails', 'the proxy has no configuration', { status: 0 }) };
  }
  made.envoy = { resource: 'listener', name: listener.name };
  const chain = filterChainFor(listener, connectionOf(trace, address));
  if (!chain) {
    made.title = `${listener.name} has no filter chain for this connection`;
    made.deviations.push({
      code: 'no-listener-chain',
      severity: 'error',
      message: `No filter chain of listener ${listener.name} takes a ${to.scheme} connection to ${address}:${to.port}.`,
    });
    return { step: made, listener, end: endOf('fails', 'the proxy closes the connection', { status: 0, flag: 'NR' }) };
  }
  const { cluster, object } = service ? firstOf(service) : { cluster: undefined, object: undefined };
  const port = portOf(object, to.port);
  if (object && port) {
    const declared = protocolOf(port);
    const index = object.spec['ports'].indexOf(port);
    made.decisions.push(
      decision(
        cluster!,
        { ...object, kind: 'Service' },
        declared.protocol === 'UNSUPPORTED' ? `${declared.says}: sniffed` : `${declared.protocol} by ${declared.says}`,
        `spec.ports[${index}]`,
      ),
    );
  }
  const manager = managerOf(chain);
  const catchAll = listener.use_original_dst === true;
  made.title = `${listener.name} takes ${address}:${to.port} ${manager ? 'as HTTP' : catchAll ? 'as anything that no Service is known for' : 'as TCP'}`;
  if (catchAll && service && object && port && port.protocol !== 'UDP')
    made.deviations.push(
      leftOut(
        trace.config,
        { namespace: client.namespace, labels: client.object.metadata.labels ?? {} },
        { cluster: cluster!, object, hostname: service.hostname },
      ),
    );
  if (chain.name) made.details.push(`filter chain ${chain.name}`);
  if (!manager && !catchAll && service)
    made.details.push(
      'balanced by connection: what is sent on one stays at its endpoint',
      ...(to.scheme === 'http'
        ? ['http rules of VirtualServices do not hold here, since the port is taken as TCP']
        : []),
    );
  if (manager) return { step: made, listener, manager };
  return { step: made, listener, tcp: targetsOf(chain) };
}

const annotation = (name: string): string => `traffic.sidecar.istio.io/${name}`;

/** Annotations by which a pod's interception leaves something out. */
function exclusion({ client, to }: Trace, address: string): { why: string; field: string } | undefined {
  const annotations = client.object.metadata.annotations ?? {};
  const list = (name: string): string[] | undefined =>
    annotations[annotation(name)]
      ?.split(',')
      .map((one) => one.trim())
      .filter(Boolean);
  const field = (name: string) => `metadata.annotations.${annotation(name)}`;
  const inRanges = (ranges: string[]) =>
    ranges.some((one) => one === '*' || isInRange(address, one.split('/')[0] ?? '', Number(one.split('/')[1] ?? 32)));
  if (list('excludeOutboundPorts')?.includes(String(to.port)))
    return { why: `port ${to.port} is excluded`, field: field('excludeOutboundPorts') };
  if (inRanges(list('excludeOutboundIPRanges') ?? []))
    return { why: `address ${address} is excluded`, field: field('excludeOutboundIPRanges') };
  const included = list('includeOutboundIPRanges');
  if (included && !inRanges(included) && !list('includeOutboundPorts')?.includes(String(to.port)))
    return { why: `address ${address} is in none of the included ranges`, field: field('includeOutboundIPRanges') };
  return undefined;
}
