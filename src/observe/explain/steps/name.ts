/** The name: what the client's DNS makes of the host, and which Service stands behind it. */
import { type KubeObject, kinds, type Service } from '../../../kube/index.ts';
import { decision, referenceOf, serviceEntryFor } from '../config.ts';
import type { ProxyDump } from '../envoy/dump.ts';
import { protocolOf } from '../istio/protocol.ts';
import { endpointsIn, findService, firstOf, portOf, type ServiceView } from '../service.ts';
import { endOf, step, type Trace } from '../trace.ts';
import type { Deviation, End, Step } from '../types.ts';

export interface NamedDestination {
  step: Step;
  service?: ServiceView;
  /** Addresses of which the client takes one; empty: none is known here. */
  addresses: string[];
  /** Where the name leads nowhere. */
  end?: End;
}

const isAddress = (host: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(host);

export async function nameStep(trace: Trace, dump: ProxyDump | undefined): Promise<NamedDestination> {
  const { to, client } = trace;
  const made = step({ kind: 'name', at: { cluster: client.cluster }, title: '' });
  if (isAddress(to.host)) return addressed(trace, made);
  const found = await serviceOf(trace);
  return found ? named(trace, dump, made, found) : unknown(trace, made);
}

/** The search domains of a pod are those of its namespace, of all services, and of the cluster. */
async function serviceOf({ facts, config, client, to }: Trace): Promise<ServiceView | undefined> {
  const bare = to.host
    .replace(/\.$/, '')
    .replace(new RegExp(`\\.${config.domain.replaceAll('.', '\\.')}$`), '')
    .replace(/\.svc$/, '');
  const [name = '', namespace = client.namespace, ...more] = bare.split('.');
  return more.length > 0 ? undefined : findService(facts, config, name, namespace);
}

async function addressed({ facts, client, config, to }: Trace, made: Step): Promise<NamedDestination> {
  const services = await facts.list<Service>(client.cluster, kinds.Service);
  const found = services.find((one) => one.spec['clusterIP'] === to.host);
  const service =
    found && (await findService(facts, config, found.metadata.name ?? '', found.metadata.namespace ?? ''));
  made.title = found
    ? `${to.host} is the address of ${found.metadata.namespace}/${found.metadata.name}`
    : `${to.host} is an address`;
  if (found)
    made.decisions.push(
      decision(client.cluster, { ...found, kind: 'Service' }, `clusterIP ${to.host}`, 'spec.clusterIP'),
    );
  return { step: made, addresses: [to.host], ...(service ? { service } : {}) };
}

async function named(
  trace: Trace,
  dump: ProxyDump | undefined,
  made: Step,
  service: ServiceView,
): Promise<NamedDestination> {
  const { client, facts, to } = trace;
  const own = service.byCluster.get(client.cluster);
  const other = firstOf(service);
  made.title = `${to.host} is ${service.hostname}`;
  if (!own && !hasDnsCapture(dump)) {
    const { cluster } = other;
    made.decisions.push(
      decision(
        cluster,
        { ...other.object, kind: 'Service' },
        `is in ${[...service.byCluster.keys()].join(', ')} alone`,
      ),
    );
    made.deviations.push({
      code: 'host-not-in-cluster',
      severity: 'error',
      message: `${to.host} does not resolve in ${client.cluster}: Service ${service.namespace}/${service.name} is in ${[...service.byCluster.keys()].join(', ')} alone, and the cluster's DNS knows its own Services only.`,
      object: referenceOf(cluster, { ...other.object, kind: 'Service' }),
      fix: `${createService(client.cluster, service, other.object)}; or have the proxies answer DNS (ISTIO_META_DNS_CAPTURE)`,
    });
    return {
      step: made,
      service,
      addresses: [],
      end: endOf('fails', `the name ${to.host} does not resolve in ${client.cluster}`, { status: 0 }),
    };
  }
  const object = own ?? other.object;
  const address: string = object.spec['clusterIP'] ?? '';
  const headless = address === 'None';
  made.decisions.push(
    decision(
      own ? client.cluster : other.cluster,
      { ...object, kind: 'Service' },
      headless ? 'clusterIP None: headless' : `clusterIP ${address}`,
      'spec.clusterIP',
    ),
  );
  made.deviations.push(...portDeviations(trace, service));
  const addresses = headless
    ? (await endpointsIn(facts, service, client.cluster)).filter((one) => one.isReady).map((one) => one.address)
    : [address];
  made.title += headless
    ? `, headless: the addresses of ${addresses.length} pods in ${client.cluster}`
    : `, ${address}`;
  return { step: made, service, addresses: [...new Set(addresses)].filter(Boolean) };
}

const hasDnsCapture = (dump: ProxyDump | undefined): boolean => String(dump?.metadata['DNS_CAPTURE'] ?? '') === 'true';

function createService(cluster: string, { name, namespace }: ServiceView, object: Service): string {
  const ports = (object.spec['ports'] ?? [])
    .map((one: any) => `--tcp=${one.port}:${one.targetPort ?? one.port}`)
    .join(' ');
  return `kubectl --context ${cluster} -n ${namespace} create service clusterip ${name} ${ports}`;
}

/** The first registry that has the service says what its ports are; others must agree, by number and by name. */
function portDeviations({ client, to }: Trace, service: ServiceView): Deviation[] {
  const { cluster, object } = firstOf(service);
  const port = portOf(object, to.port);
  const all = (one: Service): string =>
    (one.spec['ports'] ?? []).map((each: any) => `${each.port} (${each.name ?? 'no name'})`).join(', ') || 'none';
  const reference = referenceOf(cluster, { ...object, kind: 'Service' });
  const at = `${service.namespace}/${service.name}`;
  if (!port) {
    const elsewhere = [...service.byCluster].filter(([, one]) => portOf(one, to.port)).map(([name]) => name);
    return [
      {
        code: 'port-not-declared',
        severity: 'error',
        message:
          elsewhere.length > 0
            ? `Port ${to.port} of Service ${at} is declared in ${elsewhere.join(', ')} and not in ${cluster}, whose ports hold for the mesh: ${all(object)}.`
            : `Service ${at} of ${cluster} does not declare port ${to.port}; it has ${all(object)}.`,
        object: reference,
        fix: `kubectl --context ${cluster} -n ${service.namespace} patch service ${service.name} --type=json -p '[{"op":"add","path":"/spec/ports/-","value":{"name":"http-${to.port}","port":${to.port}}}]'; or ask for a port that it has`,
      },
    ];
  }
  const found: Deviation[] = [];
  const declared = protocolOf(port);
  if (declared.protocol === 'UNSUPPORTED')
    found.push({
      code: 'protocol-undeclared',
      severity: 'info',
      message: `The protocol of port ${to.port} is not declared (${declared.says}): proxies look at the first bytes.`,
      object: reference,
      fix: `kubectl --context ${cluster} -n ${service.namespace} patch service ${service.name} --type=json -p '[{"op":"replace","path":"/spec/ports/${object.spec['ports'].indexOf(port)}/name","value":"http-${port.name ?? to.port}"}]'`,
    });
  for (const [name, one] of service.byCluster) {
    if (name === cluster) continue;
    const same = portOf(one, to.port);
    if (same && (same.name ?? '') === (port.name ?? '')) continue;
    found.push({
      code: 'port-name-differs',
      severity: name === client.cluster ? 'error' : 'warning',
      message: same
        ? `Port ${to.port} of Service ${at} is called ${same.name ?? 'nothing'} in ${name} and ${port.name ?? 'nothing'} in ${cluster}: endpoints are joined by the port's name, so those of ${name} are left out.`
        : `Service ${at} of ${name} has no port ${to.port} (it has ${all(one)}), so its endpoints are left out.`,
      object: referenceOf(name, { ...one, kind: 'Service' }),
      ...(same
        ? {
            fix: `kubectl --context ${name} -n ${service.namespace} patch service ${service.name} --type=json -p '[{"op":"replace","path":"/spec/ports/${one.spec['ports'].indexOf(same)}/name","value":"${port.name ?? ''}"}]'`,
          }
        : {}),
    });
  }
  return found;
}

/** No Service of that name anywhere: another name of the mesh, one of the outside, or a mistake. */
async function unknown(trace: Trace, made: Step): Promise<NamedDestination> {
  const { facts, config, client, to } = trace;
  const entry = serviceEntryFor(config, to.host, client.namespace);
  if (entry) {
    made.title = `${to.host} is known by a ServiceEntry`;
    made.decisions.push(
      decision(
        config.cluster ?? client.cluster,
        { ...entry, kind: 'ServiceEntry' },
        `hosts ${entry['spec'].hosts.join(', ')}`,
        'spec.hosts',
      ),
    );
    return { step: made, addresses: entry['spec'].addresses ?? [] };
  }
  const namespaces = await facts.list<KubeObject>(client.cluster, kinds.Namespace);
  const [, second, ...more] = to.host.split('.');
  const isInside =
    second === undefined ||
    to.host.endsWith(`.${config.domain}`) ||
    to.host.endsWith('.svc') ||
    (more.length === 0 && namespaces.some((one) => one.metadata.name === second));
  if (!isInside) {
    made.title = `${to.host} is no Service of the mesh: outside, for all that is known here`;
    return { step: made, addresses: [] };
  }
  const services = await facts.everywhere<Service>(kinds.Service);
  const names = [...new Set(services.map(({ object }) => `${object.metadata.name}.${object.metadata.namespace}`))];
  const wanted = to.host.split('.')[0] ?? '';
  const near = names
    .filter((one) => one.split('.')[0] === wanted || distance(one.split('.')[0] ?? '', wanted) <= 2)
    .sort();
  made.title = `${to.host} is no Service of any cluster`;
  made.deviations.push({
    code: 'host-unknown',
    severity: 'error',
    message: `No cluster has a Service ${to.host.includes('.') ? to.host : `${client.namespace}/${to.host}`}, so the name does not resolve.${near.length > 0 ? ` There is ${near.join(', ')}.` : ''}`,
    fix:
      near.length > 0
        ? `ask for ${near[0]}:${to.port}${to.path}`
        : `kubectl --context ${client.cluster} get services -A`,
  });
  return { step: made, addresses: [], end: endOf('fails', `the name ${to.host} does not resolve`, { status: 0 }) };
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries())
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (letter === other ? 0 : 1)));
    row = next;
  }
  return row.at(-1)!;
}
