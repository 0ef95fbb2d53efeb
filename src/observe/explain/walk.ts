/** The way of a request from step to step, and where it forks. */
import { kinds, type Service } from '../../kube/index.ts';
import { findClient } from './client.ts';
import { decision, readConfig } from './config.ts';
import type { ProxyDump } from './envoy/dump.ts';
import { type Endpoint, endpointsOf } from './envoy/endpoints.ts';
import { plainText } from './envoy/tls.ts';
import { isReady } from './pods.ts';
import { readProxy } from './proxies.ts';
import { isServiceAddress, podAt, portOf, type ServiceView } from './service.ts';
import { clientStep } from './steps/client.ts';
import { clusterStep } from './steps/cluster.ts';
import { endpointsStep } from './steps/endpoints.ts';
import { type NetworkGateway, podsBehind } from './steps/gateway.ts';
import { arrive } from './steps/inbound.ts';
import { ingressStep, publishedAt } from './steps/ingress.ts';
import { type Listened, listenerStep } from './steps/listener.ts';
import { type NamedDestination, nameStep } from './steps/name.ts';
import { type Routed, routeStep } from './steps/route.ts';
import { type Outbound, toEndpoint } from './to-endpoint.ts';
import { endOf, step, type Trace } from './trace.ts';
import type { Step } from './types.ts';
import { ending, forked, joined, mostFollowed, type Way } from './way.ts';
import { withoutProxy } from './without-proxy.ts';

/** The whole way, and the full name of the service where the host is one. */
export async function walk(trace: Trace): Promise<{ way: Way; hostname: string | undefined }> {
  const { step: first, dump } = await clientStep(trace);
  // Of a gateway it is asked what it does with a request that comes to it.
  if (dump?.nodeId.startsWith('router~'))
    return { way: joined([first], await throughGateway(trace, dump)), hostname: undefined };
  const named = await nameStep(trace, dump);
  return { way: await fromName(trace, first, dump, named), hostname: named.service?.hostname };
}

async function fromName(trace: Trace, first: Step, dump: ProxyDump | undefined, named: NamedDestination): Promise<Way> {
  const { client } = trace;
  const steps = [first, named.step];
  if (named.end) return ending(steps, named.end);
  if (!client.hasProxy)
    return joined(
      steps,
      await withoutProxy(trace, named.addresses, named.service, 'it has no sidecar', first.deviations.at(-1)?.fix),
    );
  if (!dump) return ending(steps, endOf('unknown', "what the client's proxy does is not known"));
  const addresses = named.addresses.length > 0 ? named.addresses.slice(0, mostFollowed) : [''];
  const ways = await Promise.all(addresses.map((address) => throughProxy(trace, dump, address, named.service)));
  return forked(
    steps,
    ways.map((way, index) => ({ label: addresses[index] || trace.to.host, share: 1 / addresses.length, way })),
  );
}

async function throughProxy(
  trace: Trace,
  dump: ProxyDump,
  address: string,
  service: ServiceView | undefined,
): Promise<Way> {
  return taken(trace, dump, listenerStep(trace, dump, address, service), address, service);
}

async function throughGateway(trace: Trace, dump: ProxyDump): Promise<Way> {
  return taken(trace, dump, await ingressStep(trace, dump), '', undefined);
}

/** What has been taken by a listener goes on by routes, or straight to clusters. */
async function taken(
  trace: Trace,
  dump: ProxyDump,
  listened: Listened,
  address: string,
  service: ServiceView | undefined,
): Promise<Way> {
  const steps = [listened.step];
  if (listened.end) return ending(steps, listened.end);
  if (listened.bypassed)
    return joined(
      steps,
      await withoutProxy(trace, [address], service, 'it goes past the proxy', listened.step.deviations[0]?.fix),
    );
  let targets: { name: string; share: number }[];
  let routed: Routed | undefined;
  if (listened.manager) {
    routed = routeStep(trace, dump, listened.manager, service);
    steps.push(routed.step);
    if (routed.end) return ending(steps, routed.end);
    targets = routed.targets;
  } else {
    const all = listened.tcp ?? [];
    const total = all.reduce((sum, one) => sum + one.weight, 0) || 1;
    targets = all.map((one) => ({ name: one.name, share: one.weight / total }));
  }
  const ways = await Promise.all(
    targets.map(({ name }) => toCluster(trace, { dump, manager: listened.manager, routed, address, service }, name)),
  );
  const seen = listened.manager ? ways : ways.map(asTcp);
  return forked(
    steps,
    seen.map((way, index) => ({ label: targets[index]!.name, share: targets[index]!.share, way })),
  );
}

/** Where the client's proxy speaks no HTTP its failures have no status: the connection ends. */
function asTcp(way: Way): Way {
  const plainEnd = way.end?.result === 'fails' && way.end.status === 503 ? { ...way.end, status: 0 } : way.end;
  const branches = way.branches.map((one) => ({ ...one, ...asTcp(one) }));
  return { ...way, branches, ...(plainEnd ? { end: plainEnd } : {}) };
}

async function toCluster(trace: Trace, outbound: Outbound, name: string): Promise<Way> {
  const reached = await clusterStep(trace, outbound.dump, name);
  const steps = [reached.step];
  if (reached.end) return ending(steps, reached.end);
  if (!reached.parsed) return joined(steps, await passedThrough(trace, outbound));
  const { cluster } = reached;
  const isOriginal = cluster.type === 'ORIGINAL_DST';
  const endpoints = isOriginal ? [originalEndpoint(trace, outbound.address)] : endpointsOf(outbound.dump, cluster);
  const listing = await endpointsStep(trace, reached, endpoints, isOriginal);
  steps.push(listing.step);
  if (listing.end) return ending(steps, listing.end);
  const followed = endpoints.filter((one) => one.share > 0).slice(0, mostFollowed);
  const several = endpoints.filter((one) => one.share > 0).length > 1;
  const ways = await Promise.all(followed.map((one) => toEndpoint(trace, outbound, reached, one, several)));
  return forked(
    steps,
    ways.map(({ label, way }, index) => ({ label, share: followed[index]!.share, way })),
  );
}

const originalEndpoint = ({ client, to }: Trace, address: string): Endpoint => ({
  address,
  port: to.port,
  weight: 1,
  priority: 0,
  locality: '',
  health: 'healthy',
  share: 1,
  tlsMode: '',
  workload: { name: '', namespace: '', clusterId: client.clusterId },
  status: undefined,
});

/** An address that a Service shows to the outside: if a gateway stands behind it, the way goes on there. */
async function intoCluster(trace: Trace, published: NetworkGateway): Promise<Way> {
  const { facts, to } = trace;
  const { cluster, service, address, port } = published;
  const { name = '', namespace = '' } = service.metadata;
  const made = step({
    kind: 'gateway',
    at: { cluster, namespace },
    title: `${name} of ${cluster}, ${address}:${port}`,
  });
  made.decisions.push(decision(cluster, { ...service, kind: 'Service' }, `has the address ${address}`, 'status'));
  const { pods } = await podsBehind(facts, published);
  const pod = pods.find(isReady);
  if (!pod) return ending([made], endOf('fails', `no pod of ${cluster}/${namespace}/${name} is ready`, { status: 0 }));
  const client = await findClient(facts, `${cluster}/${namespace}/${pod.metadata.name}`);
  const read = await readProxy(facts, cluster, namespace, client.pod);
  if (!('dump' in read) || !read.dump.nodeId.startsWith('router~'))
    return ending(
      [made],
      endOf('unknown', `${address}:${to.port} is ${cluster}/${namespace}/${name}, which is no gateway`),
    );
  const inside = { ...trace, client, config: await readConfig(facts, cluster) };
  return joined([made], await throughGateway(inside, read.dump));
}

/** PassthroughCluster: to the address that the client dialled, in plain text. */
async function passedThrough(trace: Trace, { address, dump, service }: Outbound): Promise<Way> {
  const { client, facts, to } = trace;
  const services = await facts.list<Service>(client.cluster, kinds.Service);
  if (address && isServiceAddress(services, address) && service)
    return portOf(service.byCluster.get(client.cluster), to.port)
      ? withoutProxy(trace, [address], service, 'the proxy passes it on as it is')
      : ending(
          [],
          endOf('fails', `${address} does not answer on port ${to.port}, which its Service does not declare`, {
            status: 503,
            flag: 'UF',
          }),
        );
  const published = address && !service ? await publishedAt(facts, address, to.port) : undefined;
  if (published) return intoCluster(trace, published);
  const pod = address ? await podAt(trace.facts, client.cluster, address, undefined) : undefined;
  if (!pod)
    return ending(
      [],
      endOf('unknown', `${address || to.host}:${to.port} is outside of the clusters that are known here`),
    );
  const { steps, end } = await arrive(trace, {
    cluster: client.cluster,
    pod,
    port: to.port,
    tls: plainText,
    alpn: [],
    retried: false,
    clientDump: dump,
    plainBecause: "a pod's address is called, for which the proxy knows no service",
    throughGateway: false,
  });
  return ending(steps, end);
}
