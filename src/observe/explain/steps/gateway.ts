/** East-west gateways: which Service and pods stand behind an address, and what the gateway's own proxy does with a connection. */
import { type EndpointSlice, type KubeObject, kinds, type Pod, type Service } from '../../../kube/index.ts';
import { decision, nameText, referenceOf } from '../config.ts';
import { tcpProxyOf } from '../envoy/dump.ts';
import { type Endpoint, endpointsOf } from '../envoy/endpoints.ts';
import { boundListener, filterChainFor } from '../envoy/listeners.ts';
import type { UpstreamTls } from '../envoy/tls.ts';
import type { MeshFacts } from '../facts.ts';
import { selects } from '../istio/hosts.ts';
import { isReady } from '../pods.ts';
import { readProxy } from '../proxies.ts';
import { endOf, plural, step, type Trace } from '../trace.ts';
import type { Deviation, End, Step } from '../types.ts';

export interface NetworkGateway {
  cluster: string;
  service: Service;
  network: string;
  address: string;
  port: number;
}

/** Services with a network's label, an address, and the port: Istio's gateways of that network. */
export async function gatewaysOf(facts: MeshFacts, cluster: string): Promise<NetworkGateway[]> {
  const services = await facts.list<Service>(cluster, kinds.Service, { labelSelector: 'topology.istio.io/network' });
  return services.flatMap((service) => {
    const labels = service.metadata.labels ?? {};
    const port = Number(labels['networking.istio.io/gatewayPort'] ?? 15_443);
    if (!(service.spec['ports'] ?? []).some((one: any) => one.port === port)) return [];
    const ingress = (service.status?.loadBalancer?.ingress ?? []).map((one) => one.ip ?? one.hostname ?? '');
    return [...ingress, ...(service.spec['externalIPs'] ?? [])].filter(Boolean).map((address: string) => ({
      cluster,
      service,
      network: labels['topology.istio.io/network'] ?? '',
      address,
      port,
    }));
  });
}

/** The gateway whose address an endpoint is; where its address is a name that istiod has resolved, the one of the endpoint's cluster. */
export async function gatewayAt(facts: MeshFacts, endpoint: Endpoint): Promise<NetworkGateway | undefined> {
  const all = (await Promise.all(facts.names.map((name) => gatewaysOf(facts, name)))).flat();
  const exact = all.find((one) => one.address === endpoint.address && one.port === endpoint.port);
  if (exact || endpoint.workload.name || !endpoint.workload.clusterId) return exact;
  const cluster = await facts.clusterNamed(endpoint.workload.clusterId);
  return all.find((one) => one.cluster === cluster && one.port === endpoint.port && !/^[\d.]+$/.test(one.address));
}

export interface PassedOn {
  step: Step;
  endpoints: Endpoint[];
  end?: End;
}

const lost = (retried: boolean): End =>
  endOf('fails', 'the gateway cannot be reached', { status: 503, flag: 'UF', retried });

export async function gatewayStep(
  trace: Trace,
  gateway: NetworkGateway,
  endpoint: Endpoint,
  tls: UpstreamTls,
  alpn: string[],
  retried: boolean,
): Promise<PassedOn> {
  const { facts } = trace;
  const { cluster, service, network, address, port } = gateway;
  const made = step({
    kind: 'gateway',
    at: { cluster },
    title: `${service.metadata.name} of ${cluster}, ${address}:${port}`,
  });
  made.decisions.push(
    decision(
      cluster,
      { ...service, kind: 'Service' },
      `label topology.istio.io/network=${network} and address ${address}: the gateway of ${network}`,
      'metadata.labels',
    ),
  );
  const { pods, targetPort } = await podsBehind(facts, gateway);
  const ready = pods.filter(isReady);
  const [pod] = ready;
  if (endpoint.status && endpoint.status.connectFailures > 0 && endpoint.status.successes === 0)
    made.deviations.push(unreachable(gateway, endpoint));
  if (!pod) {
    made.deviations.push(notRunning(gateway, pods));
    return { step: made, endpoints: [], end: lost(retried) };
  }
  const { name = '', namespace = '' } = pod.metadata;
  made.at = { cluster, namespace, pod: name };
  made.details.push(`${plural(ready.length, 'pod')} ready; read from ${name}`);
  const read = await readProxy(facts, cluster, namespace, name);
  if (!('dump' in read)) {
    made.deviations.push({
      code: 'proxy-unreadable',
      severity: 'warning',
      message: `The configuration of the gateway ${cluster}/${namespace}/${name} cannot be read: ${read.why}.`,
    });
    return { step: made, endpoints: [], end: endOf('unknown', 'what the gateway does is not known') };
  }
  const listener = boundListener(read.dump, targetPort);
  const chain =
    listener &&
    filterChainFor(listener, {
      address: pod['status']?.podIP ?? '',
      port: targetPort,
      transport: tls.kind === 'none' ? 'raw_buffer' : 'tls',
      serverName: tls.sni,
      applicationProtocols: alpn,
    });
  made.envoy = { resource: 'listener', name: listener?.name ?? `0.0.0.0_${targetPort}` };
  const exposing = exposingGateways(trace, pod);
  for (const object of exposing)
    made.decisions.push(
      decision(
        trace.config.cluster ?? cluster,
        { ...object, kind: 'Gateway' },
        'AUTO_PASSTHROUGH: TLS is passed on by its SNI, not ended',
        'spec.servers',
      ),
    );
  if (!chain) {
    made.deviations.push(noChain(trace, gateway, exposing, listener, tls));
    return {
      step: made,
      endpoints: [],
      end: endOf('fails', 'the gateway closes the connection', { status: 503, flag: 'UF', retried }),
    };
  }
  const target = tcpProxyOf(chain)?.cluster ?? '';
  made.details.push(`its filter chain for SNI ${tls.sni}, to cluster ${target}`);
  const found = read.dump.clusters.get(target);
  const endpoints = found ? endpointsOf(read.dump, found) : [];
  if (!endpoints.some((one) => one.share > 0)) {
    made.deviations.push({
      code: 'no-healthy-endpoint',
      severity: 'error',
      message: `The gateway of ${cluster} has ${endpoints.length === 0 ? 'no endpoint' : 'no healthy endpoint'} for ${tls.sni}.`,
      fix: `kubectl --context ${cluster} get endpointslices -A`,
    });
    return {
      step: made,
      endpoints: [],
      end: endOf('fails', 'the gateway has nowhere to pass the connection on', { status: 503, flag: 'UF', retried }),
    };
  }
  return { step: made, endpoints };
}

/** The pods of the Service, and the port on which they listen for it. */
/** Pods of a Service that stands for a gateway, and the port on which they take what comes to the Service's. */
export async function podsBehind(
  facts: MeshFacts,
  { cluster, service, port }: NetworkGateway,
): Promise<{ pods: Pod[]; targetPort: number }> {
  const { namespace = '', name = '' } = service.metadata;
  const [all, slices] = await Promise.all([
    facts.list<Pod>(cluster, kinds.Pod, { namespace }),
    facts.list<EndpointSlice>(cluster, kinds.EndpointSlice, { namespace }),
  ]);
  const selector = service.spec['selector'];
  const portSpec = (service.spec['ports'] ?? []).find((one: any) => one.port === port) ?? {};
  const served = slices
    .filter((one) => one.metadata.labels?.['kubernetes.io/service-name'] === name)
    .flatMap((one) => one.ports ?? [])
    .find((one) => (one.name ?? '') === (portSpec.name ?? ''));
  const target = typeof portSpec.targetPort === 'number' ? portSpec.targetPort : port;
  return {
    pods: selector ? all.filter((one) => selects(selector, one.metadata.labels)) : [],
    targetPort: served?.port ?? target,
  };
}

/** Gateways with AUTO_PASSTHROUGH that select the pod; they are read where the proxies' control plane reads them. */
const exposingGateways = ({ config }: Trace, pod: Pod): KubeObject[] =>
  config.gateways.filter(
    (one) =>
      selects(one['spec']?.selector, pod.metadata.labels) &&
      (one['spec']?.servers ?? []).some((server: any) => server.tls?.mode === 'AUTO_PASSTHROUGH'),
  );

function notRunning(gateway: NetworkGateway, pods: Pod[]): Deviation {
  const { cluster, service } = gateway;
  const { namespace = '', name = '' } = service.metadata;
  const first = pods[0]?.metadata.name;
  return {
    code: 'gateway-not-running',
    severity: 'error',
    message: first
      ? `The gateway ${nameText(referenceOf(cluster, { ...service, kind: 'Service' }))} has no pod that is ready.`
      : `The gateway ${nameText(referenceOf(cluster, { ...service, kind: 'Service' }))} has no pod: nobody answers at ${gateway.address}:${gateway.port}.`,
    object: referenceOf(cluster, { ...service, kind: 'Service' }),
    fix: first
      ? `kubectl --context ${cluster} -n ${namespace} describe pod ${first}`
      : `kubectl --context ${cluster} -n ${namespace} scale deployment/${name} --replicas=1`,
  };
}

const unreachable = ({ cluster, service, address, port }: NetworkGateway, { status }: Endpoint): Deviation => ({
  code: 'gateway-unreachable',
  severity: 'warning',
  message: `The client's proxy has failed ${plural(status?.connectFailures ?? 0, 'time')} to connect to ${address}:${port}, and has had no answer from there since: the address may not be reachable for it.`,
  object: referenceOf(cluster, { ...service, kind: 'Service' }),
  fix: `try the address from a node of the client's cluster: curl -vk https://${address}:${port}`,
});

function noChain(
  { config }: Trace,
  { cluster }: NetworkGateway,
  exposing: KubeObject[],
  listener: any,
  tls: UpstreamTls,
): Deviation {
  const where = config.cluster ?? cluster;
  const namespace = config.plane?.namespace ?? 'istio-system';
  if (exposing.length === 0)
    return {
      code: 'gateway-no-chain',
      severity: 'error',
      message: `No Gateway of ${where} with tls.mode AUTO_PASSTHROUGH selects the pods of ${cluster}'s gateway, so that it passes no service on.`,
      fix: `kubectl --context ${where} -n ${namespace} apply -f samples/multicluster/expose-services.yaml (of Istio's release), or isthmus up`,
    };
  const [object] = exposing;
  const reference = referenceOf(where, { ...object!, kind: 'Gateway' });
  const hosts = (object!['spec']?.servers ?? []).flatMap((one: any) => one.hosts ?? []).join(', ');
  return {
    code: 'gateway-no-chain',
    severity: 'error',
    message: !listener
      ? `The gateway of ${cluster} does not listen for other clusters: ${nameText(reference)} exposes ${hosts}, and no service of the mesh is called so.`
      : tls.kind === 'none'
        ? `The client's proxy sends plain text to the gateway of ${cluster}, which knows services by SNI only.`
        : `The gateway of ${cluster} has no filter chain for SNI ${tls.sni}: ${nameText(reference)} exposes ${hosts}.`,
    object: reference,
    fix: `kubectl --context ${where} -n ${reference.namespace} edit gateway ${reference.name}`,
  };
}
