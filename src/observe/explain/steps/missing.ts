/** Endpoints that the clusters have and the client's proxy does not: for each cluster, the reason. */
import { kinds, type Pod, type Service } from '../../../kube/index.ts';
import { decision, nameText, referenceOf } from '../config.ts';
import type { Endpoint } from '../envoy/endpoints.ts';
import { clusterIdOfPod } from '../facts.ts';
import { subsetOf } from '../istio/destination-rule.ts';
import { selects } from '../istio/hosts.ts';
import { mtlsModeOf } from '../istio/peer-authentication.ts';
import { endpointsIn, firstOf, portOf, type ServedEndpoint, type ServiceView } from '../service.ts';
import { plural, type Trace } from '../trace.ts';
import type { Decision, Deviation } from '../types.ts';
import type { ReachedCluster } from './cluster.ts';
import { gatewaysOf } from './gateway.ts';

export interface Comparison {
  decisions: Decision[];
  deviations: Deviation[];
}

/** Compares what the clusters serve with what the proxy has. */
export async function compareEndpoints(trace: Trace, reached: ReachedCluster, has: Endpoint[]): Promise<Comparison> {
  const { service, parsed } = reached;
  const found: Comparison = { decisions: [], deviations: [] };
  if (!service || !parsed) return found;
  const portName = portOf(firstOf(service).object, parsed.port)?.name ?? '';
  for (const cluster of service.byCluster.keys()) {
    const all = await endpointsIn(trace.facts, service, cluster);
    const serving = all.filter((one) => one.portName === portName);
    const slices = new Map(serving.map((one) => [one.slice.metadata.name, one.slice]));
    for (const slice of slices.values()) {
      const here = serving.filter((one) => one.slice === slice);
      const ready = here.filter((one) => one.isReady).length;
      found.decisions.push(
        decision(cluster, { ...slice, kind: 'EndpointSlice' }, `${plural(here.length, 'endpoint')}, ${ready} ready`),
      );
    }
    for (const one of serving) if (!one.isReady) found.deviations.push(notReady(service, one));
    found.deviations.push(...(await missingOf(trace, reached, service, cluster, serving, has)));
  }
  return found;
}

const notReady = (service: ServiceView, one: ServedEndpoint): Deviation => ({
  code: 'endpoint-not-ready',
  severity: 'warning',
  message: `${one.pod ?? one.address} of ${one.cluster} is ${one.isTerminating ? 'about to end' : 'not ready'} and gets no requests.`,
  object: {
    cluster: one.cluster,
    kind: 'EndpointSlice',
    namespace: service.namespace,
    name: one.slice.metadata.name ?? '',
  },
  ...(one.pod ? { fix: `kubectl --context ${one.cluster} -n ${service.namespace} describe pod ${one.pod}` } : {}),
});

async function missingOf(
  trace: Trace,
  reached: ReachedCluster,
  service: ServiceView,
  cluster: string,
  serving: ServedEndpoint[],
  has: Endpoint[],
): Promise<Deviation[]> {
  const { facts, config } = trace;
  const subset = reached.parsed?.subset ? subsetOf(reached.rules, reached.parsed.subset) : undefined;
  const pods = await facts.list<Pod>(cluster, kinds.Pod, { namespace: service.namespace });
  const podOf = (one: ServedEndpoint) => pods.find((pod) => pod.metadata.name === one.pod);
  const clusterId = await facts.clusterId(cluster);
  const wanted: Record<string, string> = subset?.subset.labels ?? {};
  const chosen = serving.filter((one) => {
    const pod = podOf(one);
    const network = pod?.metadata.labels?.['topology.istio.io/network'];
    return (
      one.isReady &&
      selects(wanted, {
        ...pod?.metadata.labels,
        'topology.istio.io/cluster': clusterId,
        ...(network ? { 'topology.istio.io/network': network } : {}),
      })
    );
  });
  const gateways = await gatewaysOf(facts, cluster);
  const reachedThrough = has.some((one) => gateways.some((gateway) => gateway.address === one.address));
  const absent = chosen.filter((one) => !reachedThrough && !has.some((each) => each.address === one.address));
  if (absent.length === 0) return [];
  const reason = await reasonFor(trace, reached, service, cluster, clusterId, absent, podOf);
  const reference = referenceOf(cluster, {
    ...firstOf(service).object,
    kind: 'Service',
    metadata: { name: service.name, namespace: service.namespace },
  });
  return [
    {
      code: reason.code ?? 'endpoint-missing',
      severity: has.length > 0 ? 'warning' : 'error',
      message: `${plural(absent.length, 'ready endpoint')} of ${service.hostname} in ${cluster} (${absent.map((one) => one.pod ?? one.address).join(', ')}) ${absent.length === 1 ? 'is' : 'are'} not among those of the proxy: ${reason.why}.`,
      object: reason.object ?? reference,
      fix:
        reason.fix ??
        `kubectl --context ${config.cluster ?? cluster} -n ${config.plane?.namespace ?? 'istio-system'} logs ${config.plane?.pod ?? 'deployment/istiod'}`,
    },
  ];
}

interface Reason {
  why: string;
  code?: Deviation['code'];
  object?: Deviation['object'];
  fix?: string;
}

/** The rules of Istio's endpoint builder, in the order in which they take endpoints away. */
async function reasonFor(
  trace: Trace,
  reached: ReachedCluster,
  service: ServiceView,
  cluster: string,
  clusterId: string,
  absent: ServedEndpoint[],
  podOf: (one: ServedEndpoint) => Pod | undefined,
): Promise<Reason> {
  const { facts, config, client } = trace;
  const { plane } = config;
  if (plane && cluster !== plane.cluster) {
    const known = plane.known.find((one) => one.id === clusterId);
    if (plane.known.length > 0 && !known)
      return {
        code: 'remote-not-synced',
        why: `istiod of ${plane.cluster} does not know cluster ${clusterId}, for want of a Secret with label istio/multiCluster=true and key ${clusterId} in ${plane.cluster}/${plane.namespace}`,
        object: {
          cluster: plane.cluster,
          kind: 'Secret',
          namespace: plane.namespace,
          name: `istio-remote-secret-${clusterId}`,
        },
        fix: `istioctl create-remote-secret --context=${cluster} --name=${clusterId} | kubectl --context ${plane.cluster} apply -f -`,
      };
    if (known && (known.syncStatus !== 'synced' || known.lastError))
      return {
        code: 'remote-not-synced',
        why: `istiod of ${plane.cluster} has not synced cluster ${clusterId} (${known.syncStatus}${known.lastError ? `: ${known.lastError}` : ''})`,
        object: secretReference(plane.cluster, known.secretName),
        fix: `istioctl create-remote-secret --context=${cluster} --name=${clusterId} | kubectl --context ${plane.cluster} apply -f -`,
      };
  }
  const networks = new Set(
    await Promise.all(
      absent.map(
        async (one) => podOf(one)?.metadata.labels?.['topology.istio.io/network'] ?? (await facts.networkOf(cluster)),
      ),
    ),
  );
  const [network = ''] = networks;
  const crossing = network !== '' && client.network !== '' && network !== client.network;
  const bare = absent.find((one) => podOf(one)?.metadata.labels?.['security.istio.io/tlsMode'] !== 'istio');
  const system = config.plane?.namespace ?? 'istio-system';
  if (crossing) {
    const [gateway] = await gatewaysOf(facts, cluster);
    const services = await facts.list<Service>(cluster, kinds.Service, {
      labelSelector: `topology.istio.io/network=${network}`,
    });
    const [labelled] = services;
    if (!labelled)
      return {
        code: 'gateway-missing',
        why: `${cluster} has no Service with label topology.istio.io/network=${network}, by which its east-west gateway would be known`,
        fix: `kubectl --context ${cluster} -n ${system} label service istio-eastwestgateway topology.istio.io/network=${network}`,
      };
    if (!gateway) {
      const reference = referenceOf(cluster, { ...labelled, kind: 'Service' });
      return {
        code: 'gateway-address-missing',
        why: `${nameText(reference)}, the gateway of network ${network}, has no address or does not list port 15443`,
        object: reference,
        fix: `kubectl --context ${cluster} -n ${reference.namespace} describe service ${reference.name}`,
      };
    }
    if (bare) {
      const pod = podOf(bare);
      return {
        code: 'sidecar-missing',
        why: `${bare.pod ?? bare.address} has no sidecar (label security.istio.io/tlsMode=istio), and only mutual TLS crosses networks`,
        ...(pod ? { object: referenceOf(cluster, { ...pod, kind: 'Pod' }) } : {}),
        fix: `kubectl --context ${cluster} label namespace ${service.namespace} istio-injection=enabled --overwrite, and restart its workloads`,
      };
    }
    const tls = reached.policy.tls;
    if (tls && tls.value.mode !== 'ISTIO_MUTUAL') {
      const reference = referenceOf(config.cluster ?? cluster, { ...tls.rule, kind: 'DestinationRule' });
      return {
        code: 'tls-clash',
        why: `${nameText(reference)} says TLS mode ${tls.value.mode}, and only Istio's mutual TLS crosses networks`,
        object: reference,
        fix: `kubectl --context ${reference.cluster} -n ${reference.namespace} edit destinationrule ${reference.name}, and take ${tls.field} out`,
      };
    }
    const [first] = absent;
    const mode = mtlsModeOf(
      config.peerAuthentications,
      { namespace: service.namespace, labels: podOf(first!)?.metadata.labels ?? {} },
      first?.port,
      config.rootNamespace,
    );
    if (mode.mode === 'DISABLE' && mode.object) {
      const reference = referenceOf(config.cluster ?? cluster, { ...mode.object, kind: 'PeerAuthentication' });
      return {
        code: 'tls-clash',
        why: `${nameText(reference)} disables mutual TLS, without which nothing crosses networks`,
        object: reference,
        fix: `kubectl --context ${reference.cluster} -n ${reference.namespace} edit peerauthentication ${reference.name}`,
      };
    }
  }
  const settings: any[] = config.plane?.meshConfig?.serviceSettings ?? [];
  const local =
    cluster !== client.cluster &&
    settings.some(
      (one) =>
        one.settings?.clusterLocal &&
        (one.hosts ?? []).some(
          (host: string) =>
            host === service.hostname || (host.startsWith('*') && service.hostname.endsWith(host.slice(1))),
        ),
    );
  if (local)
    return {
      why: 'the mesh configuration makes the service local to its cluster (serviceSettings, clusterLocal)',
      fix: `kubectl --context ${config.cluster} -n ${system} edit configmap istio`,
    };
  const podId = podOf(absent[0]!) && clusterIdOfPod(podOf(absent[0]!)!);
  if (podId && podId !== clusterId)
    return { why: `its proxy says that it is in cluster ${podId}, the cluster is called ${clusterId}` };
  return { why: 'no rule of Istio leaves them out, so the proxy is behind or istiod does not see them yet' };
}

function secretReference(cluster: string, name: string): Deviation['object'] {
  const [namespace = '', secret = ''] = name.split('/');
  return { cluster, kind: 'Secret', namespace, name: secret || namespace };
}
