/** The cluster: the service, port and subset that a route leads to, and the DestinationRule that says how it is called. */
import { configOf, decision, nameText, referenceOf, serviceEntryFor, unreadFor } from '../config.ts';
import type { ProxyDump } from '../envoy/dump.ts';
import {
  type DestinationRuleChoice,
  destinationRuleFor,
  type PolicyPart,
  subsetOf,
  trafficPolicy,
} from '../istio/destination-rule.ts';
import { findByHostname, type ServiceView } from '../service.ts';
import { endOf, step, type Trace } from '../trace.ts';
import type { Deviation, End, ObjectReference, Step } from '../types.ts';

export interface ParsedCluster {
  port: number;
  subset: string;
  host: string;
}

export interface ReachedCluster {
  step: Step;
  cluster?: any;
  parsed?: ParsedCluster;
  service?: ServiceView | undefined;
  /** The ServiceEntry that makes the host known, where no Service does. */
  entry?: ObjectReference | undefined;
  rules: DestinationRuleChoice['chosen'];
  policy: ReturnType<typeof trafficPolicy>;
  end?: End;
}

export function parseCluster(name: string): ParsedCluster | undefined {
  const [, port, subset = '', host = ''] = /^outbound\|(\d+)\|([^|]*)\|(.*)$/.exec(name) ?? [];
  return port === undefined ? undefined : { port: Number(port), subset, host };
}

export async function clusterStep(trace: Trace, dump: ProxyDump, name: string): Promise<ReachedCluster> {
  const { client, config, facts } = trace;
  const made = step({
    kind: 'cluster',
    at: { cluster: client.cluster, namespace: client.namespace, pod: client.pod },
    title: '',
    envoy: { resource: 'cluster', name },
  });
  const cluster = dump.clusters.get(name);
  const parsed = parseCluster(name);
  if (!parsed) {
    made.title = fixedTitle(name);
    if (name === 'BlackHoleCluster') made.deviations.push(refusedByMesh(trace));
    const end =
      name === 'BlackHoleCluster' ? endOf('fails', 'the proxy closes the connection', { status: 0 }) : undefined;
    return { step: made, cluster, rules: [], policy: {}, ...(end ? { end } : {}) };
  }
  const service = await findByHostname(facts, config, parsed.host);
  const choice = destinationRuleFor(config.destinationRules, {
    hostname: parsed.host,
    serviceNamespace: service?.namespace ?? client.namespace,
    clientNamespace: client.namespace,
    clientLabels: client.object.metadata.labels ?? {},
    rootNamespace: config.rootNamespace,
    domain: config.domain,
    defaultExportTo: config.defaultExportTo.destinationRule,
  });
  const policy = trafficPolicy(choice.chosen, parsed.subset, parsed.port);
  const stated = service ? undefined : serviceEntryFor(config, parsed.host, client.namespace);
  const at = config.cluster ?? client.cluster;
  const entry = stated && referenceOf(at, { ...stated, kind: 'ServiceEntry' });
  if (stated)
    made.decisions.push(
      decision(at, { ...stated, kind: 'ServiceEntry' }, `resolution ${stated['spec'].resolution ?? 'NONE'}`, 'spec'),
    );
  const reached = { step: made, parsed, service, entry, rules: choice.chosen, policy };
  explainRules(trace, made, choice, parsed, policy);
  if (!cluster) {
    made.title = `the proxy has no cluster ${name}`;
    made.deviations.push(clusterMissing(trace, parsed, service, choice));
    return {
      ...reached,
      end: endOf('fails', 'the route leads to a cluster that is not there', { status: 503, flag: 'NC' }),
    };
  }
  const subset = parsed.subset ? `, subset ${parsed.subset}` : '';
  made.title = `${parsed.host} port ${parsed.port}${subset}, ${balancing(cluster)}`;
  if (dump.warming.has(name))
    made.deviations.push({
      code: 'proxy-not-synced',
      severity: 'warning',
      message: `The proxy has a newer version of cluster ${name} and does not use it yet: it waits for the endpoints that istiod must send after it.`,
    });
  const said = configOf(cluster);
  if (
    said &&
    !choice.chosen.some((one) => one.metadata.name === said.name && one.metadata.namespace === said.namespace)
  )
    made.deviations.push({
      code: 'proxy-not-synced',
      severity: 'warning',
      message: `The proxy's cluster was made with ${said.kind} ${said.namespace}/${said.name}, which should not hold by Istio's rules.`,
    });
  return { ...reached, cluster };
}

const refusedByMesh = ({ to }: Trace): Deviation => ({
  code: 'host-unknown',
  severity: 'error',
  message: `${to.host}:${to.port} is none of the mesh's services, and the mesh's outboundTrafficPolicy is REGISTRY_ONLY.`,
  fix: 'make a ServiceEntry for it, or allow any: outboundTrafficPolicy.mode: ALLOW_ANY in ConfigMap istio',
});

function fixedTitle(name: string): string {
  if (name === 'PassthroughCluster') return 'PassthroughCluster: on to the address that the client wanted, as it is';
  if (name === 'BlackHoleCluster') return 'BlackHoleCluster: nowhere (outboundTrafficPolicy REGISTRY_ONLY)';
  return name;
}

function balancing(cluster: any): string {
  const type = cluster.type ?? cluster.cluster_type?.name ?? 'STATIC';
  if (type === 'ORIGINAL_DST') return 'to the address that the client chose';
  const outlier = cluster.outlier_detection;
  return [
    String(
      cluster.lb_policy ?? cluster.load_balancing_policy?.policies?.[0]?.typed_extension_config?.name ?? 'ROUND_ROBIN',
    ),
    ...(outlier ? [`endpoints are ejected after ${outlier.consecutive_5xx ?? 5} errors in a row`] : []),
  ].join(', ');
}

const partText: Record<PolicyPart, (value: any) => string> = {
  loadBalancer: (value) =>
    `load balancing ${value.simple ?? (value.consistentHash ? 'by hash' : value.localityLbSetting ? 'by locality' : '')}`,
  connectionPool: (value) => `connection pool ${JSON.stringify(value)}`,
  outlierDetection: (value) => `outlier detection ${JSON.stringify(value)}`,
  tls: (value) => `TLS mode ${value.mode}`,
  proxyProtocol: () => 'PROXY protocol',
};

function explainRules(
  { config, client }: Trace,
  made: Step,
  choice: DestinationRuleChoice,
  parsed: ParsedCluster,
  policy: ReachedCluster['policy'],
): void {
  const cluster = config.cluster ?? client.cluster;
  for (const [part, found] of Object.entries(policy))
    made.decisions.push(
      decision(
        cluster,
        { ...found.rule, kind: 'DestinationRule' },
        partText[part as PolicyPart](found.value),
        found.field,
      ),
    );
  const subset = parsed.subset ? subsetOf(choice.chosen, parsed.subset) : undefined;
  if (subset)
    made.decisions.push(
      decision(
        cluster,
        { ...subset.rule, kind: 'DestinationRule' },
        `subset ${parsed.subset} is ${JSON.stringify(subset.subset.labels ?? {})}`,
        `spec.subsets[${subset.index}]`,
      ),
    );
  for (const { object, why } of choice.others) {
    const reference = referenceOf(cluster, { ...object, kind: 'DestinationRule' });
    made.deviations.push({
      code: 'config-overruled',
      severity: 'info',
      message: `${nameText(reference)} names ${parsed.host} and does not hold for this client: ${why}.`,
      object: reference,
    });
  }
  made.deviations.push(...unreadFor(config, parsed.host, 'DestinationRule'));
  if (choice.chosen.length === 0) made.details.push("no DestinationRule: Istio's defaults");
}

function clusterMissing(
  { config, client }: Trace,
  parsed: ParsedCluster,
  service: ServiceView | undefined,
  choice: DestinationRuleChoice,
): Deviation {
  const cluster = config.cluster ?? client.cluster;
  if (!service)
    return {
      code: 'host-unknown',
      severity: 'error',
      message: `The route leads to ${parsed.host}, which is no Service of any cluster, nor a host of a ServiceEntry that the proxy knows.`,
      fix: `correct destination.host of the VirtualService: kubectl --context ${cluster} get virtualservices -A`,
    };
  if (parsed.subset && !subsetOf(choice.chosen, parsed.subset)) {
    const [rule] = choice.chosen;
    const known = choice.chosen.flatMap((one) => (one['spec']?.subsets ?? []).map((each: any) => each.name));
    const reference = rule ? referenceOf(cluster, { ...rule, kind: 'DestinationRule' }) : undefined;
    return {
      code: 'subset-not-defined',
      severity: 'error',
      message: reference
        ? `Subset ${parsed.subset} of ${parsed.host} is not defined: ${nameText(reference)} has ${known.join(', ') || 'no subsets'}.`
        : `Subset ${parsed.subset} of ${parsed.host} is not defined: no DestinationRule holds for that host.`,
      ...(reference ? { object: reference } : {}),
      fix: reference
        ? `kubectl --context ${cluster} -n ${reference.namespace} patch destinationrule ${reference.name} --type=json -p '[{"op":"add","path":"/spec/subsets/-","value":{"name":"${parsed.subset}","labels":{"version":"${parsed.subset}"}}}]'`
        : `make a DestinationRule with that subset: kubectl --context ${cluster} -n ${service.namespace} apply -f -`,
    };
  }
  return {
    code: 'route-cluster-missing',
    severity: 'error',
    message: `The proxy has no cluster for port ${parsed.port} of ${parsed.host}: the Service declares no such port, is not exported to ${client.namespace}, or a Sidecar leaves it out.`,
    fix: `kubectl --context ${cluster} -n ${service.namespace} get service ${service.name} -o yaml`,
  };
}
