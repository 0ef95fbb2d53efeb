/** Gateway, Sidecar, ServiceEntry, WorkloadGroup, and Services of the mesh. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../kube/index.ts';
import { hasProxy } from '../model/workload.ts';
import type { IstioCheck } from '../types/index.ts';
import { check } from './codes.ts';
import type { Lookup } from './lookup.ts';

export function checkGateway(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace, name } = object.metadata;
  const { selector = {}, servers = [] } = object['spec'] ?? {};
  const found: IstioCheck[] = [];
  if (Object.keys(selector).length > 0 && !lookup.hasWorkload(selector)) found.push(check('KIA0302', 'spec/selector'));
  const others = lookup
    .beside('Gateway')
    .filter(
      (one) =>
        (one.metadata.name !== name || one.metadata.namespace !== namespace) &&
        isDeepStrictEqual(one['spec']?.selector ?? {}, selector),
    );
  for (const [index, { hosts = [], port }] of (servers as any[]).entries())
    for (const [position, host] of hosts.entries()) {
      const twin = others.find((one) =>
        (one['spec']?.servers ?? []).some(
          (server: any) => server.port?.number === port?.number && (server.hosts ?? []).includes(host),
        ),
      );
      if (twin)
        found.push(
          check('KIA0301', `spec/servers[${index}]/hosts[${position}]`, {
            detail: `${twin.metadata.namespace}/${twin.metadata.name}`,
          }),
        );
    }
  return found;
}

export function checkSidecar(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  const { egress = [], workloadSelector } = object['spec'] ?? {};
  const found: IstioCheck[] = [];
  if (lookup.isRoot(namespace) && workloadSelector) found.push(check('KIA1006', 'spec/workloadSelector'));
  const { outboundTrafficPolicy: outbound } = object['spec'] ?? {};
  if (outbound && !outbound.mode) found.push(check('KIA1007', 'spec/outboundTrafficPolicy/mode'));
  for (const [index, { hosts = [] }] of (egress as any[]).entries())
    for (const [position, entry] of hosts.entries()) {
      const [space, host = ''] = String(entry).split('/');
      if (host === '*' || host.startsWith('*.') || space === '~') continue;
      if (!lookup.hasHost(host, space === '.' ? namespace : (space ?? '')))
        found.push(check('KIA1004', `spec/egress[${index}]/hosts[${position}]`, { detail: String(entry) }));
    }
  return found;
}

export function checkServiceEntry(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace, name } = object.metadata;
  const { hosts = [], ports = [] } = object['spec'] ?? {};
  const others = lookup
    .beside('ServiceEntry')
    .filter((one) => one.metadata.name !== name || one.metadata.namespace !== namespace);
  return (hosts as string[]).flatMap((host, index) =>
    (ports as any[]).flatMap((port) => {
      for (const other of others) {
        if (!(other['spec']?.hosts ?? []).includes(host)) continue;
        const same = (other['spec']?.ports ?? []).find((one: any) => one.number === port.number);
        if (!same) continue;
        const code =
          String(same.protocol).toUpperCase() === String(port.protocol).toUpperCase() ? 'KIA1211' : 'KIA1212';
        return [check(code, `spec/hosts[${index}]`, { detail: `${other.metadata.namespace}/${other.metadata.name}` })];
      }
      return [];
    }),
  );
}

export function checkWorkloadGroup(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '', name } = object.metadata;
  const { template = {}, metadata = {} } = object['spec'] ?? {};
  const account = template.serviceAccount;
  const found: IstioCheck[] = [];
  if (account && lookup.accountHolders(namespace, account).length === 0)
    found.push(check('KIA1701', 'spec/template/serviceAccount', { detail: account }));
  const twin = lookup
    .beside('WorkloadGroup', namespace)
    .find(
      (one) =>
        one.metadata.name !== name && isDeepStrictEqual(one['spec']?.metadata?.labels ?? {}, metadata.labels ?? {}),
    );
  if (twin && Object.keys(metadata.labels ?? {}).length > 0)
    found.push(check('KIA1702', 'spec/metadata/labels', { detail: twin.metadata.name ?? '' }));
  return found;
}

const protocols = [
  'grpc',
  'grpc-web',
  'http',
  'http2',
  'https',
  'mongo',
  'mysql',
  'redis',
  'tcp',
  'tls',
  'udp',
  'hbone',
];
const appProtocols = [...protocols, 'kubernetes.io/h2c', 'kubernetes.io/ws', 'kubernetes.io/wss', 'gateway-proxy'];

/** Services whose pods are in the mesh. */
export function checkService(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '', name = '' } = object.metadata;
  const { selector = {}, ports = [] } = object['spec'] ?? {};
  if (Object.keys(selector).length === 0 || !lookup.home.workloads.selected(namespace, selector).some(hasProxy))
    return [];
  lookup.asked.add(`Workload/${namespace}`);
  const found: IstioCheck[] = [];
  for (const [index, { name: port = '', appProtocol, protocol = 'TCP' }] of (ports as any[]).entries()) {
    if (protocol === 'UDP') continue;
    if (appProtocol) {
      if (!appProtocols.includes(String(appProtocol).toLowerCase()))
        found.push(check('KIA0602', `spec/ports[${index}]/appProtocol`, { detail: appProtocol }));
    } else if (!protocols.some((one) => port === one || port.startsWith(`${one}-`)) && !lookup.isRoot(namespace))
      found.push(check('KIA0601', `spec/ports[${index}]/name`, { detail: port || '(none)' }));
  }
  if (lookup.isRoot(namespace)) return found;
  return [...found, ...targetPorts(object, lookup), ...acrossClusters(object, namespace, name, lookup)];
}

/**
 * KIA0701. A name must be that of a container's port. A number works without being declared, so that it is told only where the workload
 * declares others.
 */
function targetPorts(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  const { selector = {}, ports = [] } = object['spec'] ?? {};
  const declared = lookup.home.workloads.selected(namespace, selector).flatMap((one) => {
    const [pod] = one.pods.values();
    const containers: any[] = one.object?.['spec']?.template?.spec?.containers ?? [];
    const all: any[] = containers.length > 0 ? containers : (pod?.spec['containers'] ?? []);
    return all.filter(({ name }) => name !== 'istio-proxy').flatMap((container) => container.ports ?? []);
  });
  return (ports as any[]).flatMap(({ port, targetPort = port }, index) => {
    const isFound = declared.some((one) => one.containerPort === targetPort || one.name === targetPort);
    if (isFound || (typeof targetPort === 'number' && declared.length === 0)) return [];
    return [check('KIA0701', `spec/ports[${index}]/targetPort`, { detail: String(targetPort) })];
  });
}

function acrossClusters(object: KubeObject, namespace: string, name: string, lookup: Lookup): IstioCheck[] {
  const holders = lookup.all('Service', namespace).filter(({ object: one }) => one.metadata.name === name);
  const shape = (one: KubeObject): unknown =>
    (one['spec']?.ports ?? []).map(({ name: port = '', port: number, protocol = 'TCP' }: any) => ({
      port,
      number,
      protocol,
    }));
  const different = holders.filter(({ object: one }) => !isDeepStrictEqual(shape(one), shape(object)));
  const lacking = lookup.clusters.filter(
    (one) =>
      one.isReachable &&
      !holders.some(({ cluster }) => cluster === one) &&
      one.workloads.list(namespace).some(hasProxy),
  );
  return [
    ...(different.length > 0
      ? [
          check('ISTHMUS0005', 'spec/ports', {
            detail: `other in ${different.map(({ cluster }) => cluster.name).join(', ')}`,
          }),
        ]
      : []),
    ...(lacking.length > 0
      ? [
          check('ISTHMUS0004', 'metadata/name', {
            detail: lacking.map((one) => one.name).join(', '),
            fix: `kubectl --context ${lookup.home.context} -n ${namespace} get service ${name} -o yaml | kubectl --context ${lacking[0]!.context} create -f -`,
          }),
        ]
      : []),
  ];
}
