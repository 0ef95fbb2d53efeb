/** Endpoints that the clusters have and the client's proxy does not: for each cluster, the reason. */
import { kinds, type Pod } from '../../../kube/index.ts';
import { decision, referenceOf } from '../config.ts';
import type { Endpoint } from '../envoy/endpoints.ts';
import { subsetOf } from '../istio/destination-rule.ts';
import { selects } from '../istio/hosts.ts';
import { endpointsIn, firstOf, portOf, type ServedEndpoint, type ServiceView } from '../service.ts';
import { plural, type Trace } from '../trace.ts';
import type { Decision, Deviation } from '../types.ts';
import type { ReachedCluster } from './cluster.ts';
import { gatewaysOf } from './gateway.ts';
import { clusterLocal, localToCluster, reasonFor } from './reason.ts';

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
  if (cluster !== trace.client.cluster) {
    const local = clusterLocal(trace, service.hostname);
    if (local === 'by default') return [];
    if (local) return [localToCluster(trace, service, cluster)];
  }
  const reason = await reasonFor(trace, reached, service, cluster, clusterId, absent, podOf);
  const reference = referenceOf(cluster, {
    ...firstOf(service).object,
    kind: 'Service',
    metadata: { name: service.name, namespace: service.namespace },
  });
  return [
    {
      code: reason.code ?? 'endpoint-missing',
      severity: has.length === 0 ? 'error' : reason.wanted ? 'info' : 'warning',
      message: `${plural(absent.length, 'ready endpoint')} of ${service.hostname} in ${cluster} (${absent.map((one) => one.pod ?? one.address).join(', ')}) ${absent.length === 1 ? 'is' : 'are'} not among those of the proxy: ${reason.why}.`,
      object: reason.object ?? reference,
      fix:
        reason.fix ??
        `kubectl --context ${config.cluster ?? cluster} -n ${config.plane?.namespace ?? 'istio-system'} logs ${config.plane?.pod ?? 'deployment/istiod'}`,
    },
  ];
}
