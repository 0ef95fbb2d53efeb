import type { KubeObject } from '../../kube/index.ts';
import { covers, fullHost } from '../config/host.ts';
import { routesOf } from '../config/index-by-service.ts';
import type { IstioCheck, Severity } from '../types/index.ts';
import { checkAmbientRoutes } from './ambient-config.ts';
import { check } from './codes.ts';
import type { Lookup } from './lookup.ts';

export function checkVirtualService(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const hosts: string[] = object['spec']?.hosts ?? [];
  return [
    ...routes(object, lookup),
    ...gateways(object, lookup),
    ...oneForHost(object, lookup),
    ...checkAmbientRoutes(
      'VirtualService',
      object,
      hosts.map((host, index) => [`spec/hosts[${index}]`, host]),
      lookup,
    ),
  ];
}

/** A host that is not known is no error where proxies let unknown hosts pass. */
export function unknownHostSeverity(lookup: Lookup): { softer?: Severity } {
  const mode = lookup.meshConfig().outboundTrafficPolicy?.mode ?? 'ALLOW_ANY';
  return mode === 'ALLOW_ANY' ? { softer: 'warning' } : {};
}

function routes(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  return routesOf(object).flatMap(({ protocol, index, route }) => {
    const at = `spec/${protocol}[${index}]/route`;
    const destinations: any[] = route.route ?? [];
    const found: IstioCheck[] = [];
    const seen = new Set<string>();
    for (const [position, { destination, weight }] of destinations.entries()) {
      const { host, subset } = destination ?? {};
      if (!host) continue;
      const path = `${at}[${position}]`;
      if (!lookup.hasHost(host, namespace))
        found.push(check('KIA1101', `${path}/destination/host`, { detail: host, ...unknownHostSeverity(lookup) }));
      if (destinations.length === 1 && weight > 0 && weight < 100)
        found.push(check('KIA1104', `${path}/weight`, { detail: String(weight) }));
      const key = `${fullHost(host, namespace)}|${subset ?? ''}|${destination.port?.number ?? ''}`;
      if (seen.has(key))
        found.push(check('KIA1105', `${path}/destination`, { detail: `${host} ${subset ?? ''}`.trim() }));
      seen.add(key);
      if (subset && !hasSubset(host, subset, namespace, lookup))
        found.push(check('KIA1107', `${path}/destination`, { detail: `${subset} of ${host}` }));
    }
    return found;
  });
}

/** DestinationRules are looked for where the same control plane reads them: in this object's cluster. */
function hasSubset(host: string, subset: string, namespace: string, lookup: Lookup): boolean {
  const full = fullHost(host, namespace);
  return lookup.beside('DestinationRule').some(({ metadata, ['spec']: spec }) => {
    const known = fullHost(spec?.host ?? '', metadata.namespace ?? '');
    return covers(known, full) && (spec?.subsets ?? []).some((one: any) => one.name === subset);
  });
}

function gateways(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  const lists: [string, string[]][] = [['spec/gateways', object['spec']?.gateways ?? []]];
  for (const { protocol, index, route } of routesOf(object))
    for (const [position, match] of (route.match ?? []).entries())
      lists.push([`spec/${protocol}[${index}]/match[${position}]/gateways`, match.gateways ?? []]);
  return lists.flatMap(([path, names]) =>
    names.flatMap((name, index) => {
      if (name === 'mesh') return [];
      const at = `${path}[${index}]`;
      const [space, short] = name.includes('/') ? (name.split('/') as [string, string]) : [namespace, name];
      const dotted = !name.includes('/') && name.includes('.') ? name.split('.') : undefined;
      const exists = lookup
        .beside('Gateway', dotted?.[1] ?? space)
        .some((one) => one.metadata.name === (dotted?.[0] ?? short));
      if (dotted && exists) return [check('KIA1108', at, { detail: name, fix: `${dotted[1]}/${dotted[0]}` })];
      return exists ? [] : [check('KIA1102', at, { detail: name })];
    }),
  );
}

function oneForHost(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '', name } = object.metadata;
  const gatewaysOf = (one: KubeObject): string[] =>
    (one['spec']?.gateways ?? ['mesh']).map((gateway: string) =>
      gateway === 'mesh' || gateway.includes('/') ? gateway : `${one.metadata.namespace}/${gateway}`,
    );
  const own = gatewaysOf(object);
  const hosts: string[] = (object['spec']?.hosts ?? []).map((host: string) => fullHost(host, namespace));
  const twins = lookup
    .beside('VirtualService')
    .filter((one) => one.metadata.name !== name || one.metadata.namespace !== namespace);
  return hosts.flatMap((host, index) => {
    const twin = twins.find((one) => {
      const others: string[] = (one['spec']?.hosts ?? []).map((other: string) =>
        fullHost(other, one.metadata.namespace ?? ''),
      );
      return others.includes(host) && gatewaysOf(one).some((gateway) => own.includes(gateway)) && sees(one, namespace);
    });
    return twin
      ? [check('KIA1106', `spec/hosts[${index}]`, { detail: `${twin.metadata.namespace}/${twin.metadata.name}` })]
      : [];
  });
}

/** exportTo `.` keeps an object to its own namespace. */
const sees = (one: KubeObject, namespace: string): boolean => {
  const list: string[] = one['spec']?.exportTo ?? ['*'];
  return list.includes('*') || list.includes(namespace) || (list.includes('.') && one.metadata.namespace === namespace);
};
