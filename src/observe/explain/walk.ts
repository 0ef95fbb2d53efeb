/** The way of a request from step to step, and where it forks. */
import { kinds, type Pod, type Service } from '../../kube/index.ts';
import { decision, nameText, referenceOf } from './config.ts';
import type { ProxyDump } from './envoy/dump.ts';
import { type Endpoint, endpointsOf } from './envoy/endpoints.ts';
import { sentAlpn, type UpstreamTls, upstreamTls } from './envoy/tls.ts';
import { endpointsIn, firstOf, portOf, type ServiceView } from './service.ts';
import { clientStep } from './steps/client.ts';
import { clusterStep, type ReachedCluster } from './steps/cluster.ts';
import { gatewayAt, gatewayStep, type NetworkGateway } from './steps/gateway.ts';
import { arrive, isServiceAddress, podAt } from './steps/inbound.ts';
import { listenerStep } from './steps/listener.ts';
import { compareEndpoints } from './steps/missing.ts';
import { nameStep } from './steps/name.ts';
import { type Routed, routeStep } from './steps/route.ts';
import { tlsStep } from './steps/tls.ts';
import { branch, endOf, percent, plural, step, type Trace } from './trace.ts';
import type { Branch, End, Step } from './types.ts';

interface Way {
  steps: Step[];
  branches: Branch[];
  end?: End;
}

const ending = (steps: Step[], end: End): Way => ({ steps, branches: [], end });
const joined = (steps: Step[], rest: Way): Way => ({ ...rest, steps: [...steps, ...rest.steps] });

/** Several ways, or the one way there is. */
function forked(steps: Step[], ways: { label: string; share: number; way: Way }[]): Way {
  const [only] = ways;
  if (only && ways.length === 1) return joined(steps, only.way);
  return { steps, branches: ways.map(({ label, share, way }) => branch(label, share, way.steps, way)) };
}

/** Endpoints beyond these are named and not followed. */
const mostFollowed = 12;

const plain: UpstreamTls = { kind: 'none', match: '', sni: '', serverNames: [], alpn: [] };

export async function walk(trace: Trace): Promise<Way> {
  const { client } = trace;
  const { step: first, dump } = await clientStep(trace);
  const named = await nameStep(trace, dump);
  const steps = [first, named.step];
  if (named.end) return ending(steps, named.end);
  if (!client.hasProxy)
    return joined(
      steps,
      await withoutProxy(trace, named.addresses, named.service, 'it has no sidecar', first.deviations.at(-1)?.fix),
    );
  if (!dump) return ending(steps, endOf('unknown', 'what the client’s proxy does is not known'));
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
  const listened = listenerStep(trace, dump, address, service);
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
  return forked(
    steps,
    ways.map((way, index) => ({ label: targets[index]!.name, share: targets[index]!.share, way })),
  );
}

interface Outbound {
  dump: ProxyDump;
  manager: any;
  routed: Routed | undefined;
  address: string;
  service: ServiceView | undefined;
}

async function toCluster(trace: Trace, outbound: Outbound, name: string): Promise<Way> {
  const reached = await clusterStep(trace, outbound.dump, name);
  const steps = [reached.step];
  if (reached.end) return ending(steps, reached.end);
  if (!reached.parsed) return joined(steps, await passedThrough(trace, outbound, reached));
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

async function endpointsStep(
  trace: Trace,
  reached: ReachedCluster,
  endpoints: Endpoint[],
  isOriginal: boolean,
): Promise<{ step: Step; end?: End }> {
  const { client } = trace;
  const made = step({
    kind: 'endpoints',
    at: { cluster: client.cluster, namespace: client.namespace, pod: client.pod },
    title: '',
    envoy: { resource: 'endpoint', name: reached.cluster.name },
  });
  if (isOriginal) {
    made.title = `${endpoints[0]?.address}:${trace.to.port}, as the client has chosen`;
    return { step: made };
  }
  for (const one of endpoints) {
    const gateway = await gatewayAt(trace.facts, one);
    const who = gateway
      ? `gateway of ${gateway.cluster}`
      : [one.workload.name, one.workload.clusterId].filter(Boolean).join(' in ');
    const marks = [
      `weight ${one.weight}`,
      `priority ${one.priority}`,
      one.locality && `locality ${one.locality}`,
      one.health,
    ].filter(Boolean);
    made.details.push(`${one.address}:${one.port} ${who}: ${marks.join(', ')}, gets ${percent(one.share)}`);
    if (one.health === 'ejected')
      made.deviations.push({
        code: 'endpoint-ejected',
        severity: 'warning',
        message: `${one.address}:${one.port} is ejected by outlier detection: it has failed too often, and is tried again later.`,
      });
  }
  const compared = await compareEndpoints(trace, reached, endpoints);
  made.decisions.push(...compared.decisions);
  made.deviations.push(...compared.deviations);
  const taking = endpoints.filter((one) => one.share > 0);
  made.title =
    taking.length === endpoints.length
      ? plural(endpoints.length, 'endpoint')
      : `${taking.length} of ${plural(endpoints.length, 'endpoint')} take requests`;
  if (new Set(endpoints.map((one) => one.priority)).size > 1)
    made.details.push(
      'lower priorities get nothing while the higher have enough that are healthy: locality failover of the DestinationRule',
    );
  if (taking.length > 0) return { step: made };
  made.deviations.push(noEndpoint(reached, endpoints));
  return { step: made, end: endOf('fails', 'no healthy upstream', { status: 503, flag: 'UH' }) };
}

function noEndpoint({ parsed, service, cluster }: ReachedCluster, endpoints: Endpoint[]): Step['deviations'][number] {
  const where = service ? firstOf(service).cluster : '';
  const look = service ? { fix: `kubectl --context ${where} -n ${service.namespace} get pods --show-labels` } : {};
  const object = service
    ? { object: { cluster: where, kind: 'Service', namespace: service.namespace, name: service.name } }
    : {};
  if (endpoints.length > 0)
    return {
      code: 'no-healthy-endpoint',
      severity: 'error',
      message: `None of the ${plural(endpoints.length, 'endpoint')} of ${cluster.name} is healthy.`,
      ...object,
      ...look,
    };
  if (parsed?.subset)
    return {
      code: 'subset-empty',
      severity: 'error',
      message: `Subset ${parsed.subset} of ${parsed.host} selects no endpoint: no ready pod of any cluster has its labels.`,
      ...object,
      ...look,
    };
  return {
    code: 'no-endpoints',
    severity: 'error',
    message: `${parsed?.host ?? cluster.name} has no endpoint for port ${parsed?.port}.`,
    ...object,
    ...look,
  };
}

async function toEndpoint(
  trace: Trace,
  outbound: Outbound,
  reached: ReachedCluster,
  endpoint: Endpoint,
  several: boolean,
): Promise<{ label: string; way: Way }> {
  const { facts, client } = trace;
  const tls = upstreamTls(reached.cluster, endpoint);
  const alpn = sentAlpn(outbound.manager, reached.cluster, tls);
  const gateway = await gatewayAt(facts, endpoint);
  const cluster = gateway?.cluster ?? (await facts.clusterNamed(endpoint.workload.clusterId)) ?? client.cluster;
  const pod = gateway
    ? undefined
    : await podAt(trace, cluster, endpoint.address, endpoint.workload.namespace || reached.service?.namespace);
  const shown = await tlsStep(trace, reached, endpoint, tls, alpn, cluster, pod);
  const label = gateway
    ? `gateway of ${cluster} (${endpoint.address}:${endpoint.port})`
    : `${pod?.metadata.name ?? endpoint.address} in ${cluster} (${endpoint.address}:${endpoint.port})`;
  const retried = several && Boolean(outbound.routed?.retryOn.includes('connect-failure'));
  const send = { trace, outbound, tls, alpn, plainBecause: shown.plainBecause, plainFix: shown.plainFix };
  if (gateway) return { label, way: joined([shown.step], await throughGateway(send, gateway, endpoint, retried)) };
  if (!pod) return { label, way: ending([shown.step], await nobody(trace, cluster, endpoint, reached, retried)) };
  const { steps, end } = await arrive(trace, {
    ...send,
    cluster,
    pod,
    port: endpoint.port,
    clientDump: outbound.dump,
    throughGateway: false,
  });
  return { label, way: ending([shown.step, ...steps], end) };
}

async function nobody(
  trace: Trace,
  cluster: string,
  endpoint: Endpoint,
  reached: ReachedCluster,
  retried: boolean,
): Promise<End> {
  if (!reached.service)
    return endOf('unknown', `${endpoint.address}:${endpoint.port} is outside of the clusters that are known here`);
  const foreign = cluster !== trace.client.cluster && (await trace.facts.networkOf(cluster)) !== trace.client.network;
  return foreign
    ? endOf('fails', `${endpoint.address} is a pod address of another network: nothing leads there`, {
        status: 503,
        flag: 'UF',
        retried,
      })
    : endOf('fails', `no pod has the address ${endpoint.address}`, { status: 503, flag: 'UF', retried });
}

interface Sending {
  trace: Trace;
  outbound: Outbound;
  tls: UpstreamTls;
  alpn: string[];
  plainBecause: string;
  plainFix?: string | undefined;
}

async function throughGateway(
  send: Sending,
  gateway: NetworkGateway,
  endpoint: Endpoint,
  retried: boolean,
): Promise<Way> {
  const { trace, outbound, tls, alpn } = send;
  const passed = await gatewayStep(trace, gateway, endpoint, tls, alpn, retried);
  if (passed.end) return ending([passed.step], passed.end);
  const followed = passed.endpoints.filter((one) => one.share > 0).slice(0, mostFollowed);
  const ways = await Promise.all(
    followed.map(async (one): Promise<{ label: string; share: number; way: Way }> => {
      const cluster = (await trace.facts.clusterNamed(one.workload.clusterId)) ?? gateway.cluster;
      const pod = await podAt(trace, cluster, one.address, one.workload.namespace || undefined);
      const label = `${pod?.metadata.name ?? one.address} in ${cluster} (${one.address}:${one.port})`;
      if (!pod)
        return {
          label,
          share: one.share,
          way: ending(
            [],
            endOf('fails', `no pod of ${cluster} has the address ${one.address}`, { status: 503, flag: 'UF' }),
          ),
        };
      const { steps, end } = await arrive(trace, {
        ...send,
        cluster,
        pod,
        port: one.port,
        clientDump: outbound.dump,
        throughGateway: true,
      });
      return { label, share: one.share, way: ending(steps, end) };
    }),
  );
  return forked([passed.step], ways);
}

/** PassthroughCluster: to the address that the client dialled, in plain text. */
async function passedThrough(
  trace: Trace,
  { address, dump, service }: Outbound,
  _reached: ReachedCluster,
): Promise<Way> {
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
  const pod = address ? await podAt(trace, client.cluster, address, undefined) : undefined;
  if (!pod)
    return ending(
      [],
      endOf('unknown', `${address || to.host}:${to.port} is outside of the clusters that are known here`),
    );
  const { steps, end } = await arrive(trace, {
    cluster: client.cluster,
    pod,
    port: to.port,
    tls: plain,
    alpn: [],
    clientDump: dump,
    plainBecause: 'a pod’s address is called, for which the proxy knows no service',
    throughGateway: false,
  });
  return ending(steps, end);
}

/** What happens without a proxy at the client's side: the cluster's own service proxy, which knows endpoints of its own cluster alone. */
async function withoutProxy(
  trace: Trace,
  addresses: string[],
  service: ServiceView | undefined,
  why: string,
  fix?: string,
): Promise<Way> {
  const { client, facts, to } = trace;
  const { cluster } = client;
  const made = step({ kind: 'endpoints', at: { cluster }, title: '' });
  const object = service?.byCluster.get(cluster);
  const port = portOf(object, to.port);
  let targets: { pod: Pod | undefined; address: string; port: number }[];
  if (service && object) {
    const endpoints = port
      ? (await endpointsIn(facts, service, cluster)).filter((one) => one.portName === (port.name ?? '') && one.isReady)
      : [];
    targets = await Promise.all(
      endpoints.map(async (one) => ({
        pod: await podAt(trace, cluster, one.address, undefined),
        address: one.address,
        port: one.port,
      })),
    );
    made.title = `${plural(targets.length, 'endpoint')} of ${cluster} alone, by its own service proxy`;
    made.decisions.push(decision(cluster, { ...object, kind: 'Service' }, 'endpoints of its own cluster'));
  } else {
    const [address = ''] = addresses;
    const pod = address ? await podAt(trace, cluster, address, undefined) : undefined;
    targets = pod ? [{ pod, address, port: to.port }] : [];
    made.title = pod ? `pod ${pod.metadata.name}` : 'outside of the clusters that are known here';
    if (!pod) return ending([made], endOf('unknown', `${to.host} is outside of the clusters that are known here`));
  }
  if (targets.length === 0) {
    if (service && object)
      made.deviations.push({
        code: port ? 'no-endpoints' : 'port-not-declared',
        severity: 'error',
        message: port
          ? `${nameText(referenceOf(cluster, { ...object, kind: 'Service' }))} has no ready endpoint in ${cluster}.`
          : `${nameText(referenceOf(cluster, { ...object, kind: 'Service' }))} does not declare port ${to.port}.`,
      });
    return ending([made], endOf('fails', 'nobody answers at the address', { status: 0 }));
  }
  const ways = await Promise.all(
    targets.slice(0, mostFollowed).map(async (one) => {
      const label = `${one.pod?.metadata.name ?? one.address} in ${cluster} (${one.address}:${one.port})`;
      if (!one.pod)
        return { label, share: 1 / targets.length, way: ending([], endOf('unknown', `${one.address} is no pod`)) };
      const { steps, end } = await arrive(trace, {
        cluster,
        pod: one.pod,
        port: one.port,
        tls: plain,
        alpn: [],
        clientDump: undefined,
        plainBecause: why,
        plainFix: fix,
        throughGateway: false,
      });
      return { label, share: 1 / targets.length, way: ending(steps, end) };
    }),
  );
  return forked([made], ways);
}
