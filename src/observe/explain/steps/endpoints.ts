/** The endpoints of a cluster, the share that each gets, and what is missing among them. */
import type { Endpoint } from '../envoy/endpoints.ts';
import { firstOf } from '../service.ts';
import { endOf, percent, plural, step, type Trace } from '../trace.ts';
import type { End, Step } from '../types.ts';
import type { ReachedCluster } from './cluster.ts';
import { gatewayAt } from './gateway.ts';
import { compareEndpoints } from './missing.ts';

export async function endpointsStep(
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

function noEndpoint(
  { parsed, service, entry, cluster }: ReachedCluster,
  endpoints: Endpoint[],
): Step['deviations'][number] {
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
  const asked = dnsNames(cluster);
  if (asked.length > 0)
    return {
      code: 'no-endpoints',
      severity: 'error',
      message: `The proxy asks DNS for ${asked.join(', ')} and has no answer.`,
      ...(entry ? { object: entry } : {}),
      fix: `correct the endpoints of the ServiceEntry, or see to it that the cluster's DNS knows ${asked.join(', ')}`,
    };
  return {
    code: 'no-endpoints',
    severity: 'error',
    message: `${parsed?.host ?? cluster.name} has no endpoint for port ${parsed?.port}.`,
    ...(entry ? { object: entry } : {}),
    ...object,
    ...look,
  };
}

/** Names that the proxy itself asks DNS for. */
const dnsNames = (cluster: any): string[] =>
  ['STRICT_DNS', 'LOGICAL_DNS'].includes(cluster.type)
    ? (cluster.load_assignment?.endpoints ?? [])
        .flatMap((one: any) => one.lb_endpoints ?? [])
        .map((one: any) => one.endpoint?.address?.socket_address?.address)
    : [];
