import type { KubeObject } from '../../kube/index.ts';
import { fullHost, serviceOfHost } from '../config/host.ts';
import { routesOf } from '../config/index-by-service.ts';
import type { IstioCheck } from '../types/index.ts';
import { checkAmbientRoutes } from './ambient-config.ts';
import { check } from './codes.ts';
import type { Lookup } from './lookup.ts';
import { unknownHostSeverity } from './virtual-service.ts';
import { checkTurnedOn } from './without-auto-mtls.ts';

export function checkDestinationRule(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  const host: string = object['spec']?.host ?? '';
  const isKnown = lookup.hasHost(host, namespace);
  return [
    ...(isKnown ? [] : [check('KIA0202', 'spec/host', { detail: host, ...unknownHostSeverity(lookup) })]),
    ...(isKnown ? subsets(object, host, lookup) : []),
    ...twins(object, host, lookup),
    ...security(object, host, lookup),
    ...checkTurnedOn(object, lookup),
    ...checkAmbientRoutes('DestinationRule', object, [['spec/host', host]], lookup),
  ];
}

function subsets(object: KubeObject, host: string, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  const service = serviceOfHost(host, namespace);
  const all: any[] = object['spec'].subsets ?? [];
  return all.flatMap(({ name, labels = {} }, index) => {
    const path = `spec/subsets[${index}]`;
    if (Object.keys(labels).length === 0) return [check('KIA0209', path, { detail: name })];
    if (!service || !lookup.serviceHolders(host, namespace)?.length) return [];
    // A pod must be the service's as well as the subset's.
    const selectors = lookup
      .all('Service', service.namespace)
      .flatMap(({ object: one }) => (one.metadata.name === service.name ? [one['spec']?.selector ?? {}] : []));
    if (selectors.some((selector) => lookup.hasWorkload({ ...selector, ...labels }, service.namespace))) return [];
    const isUsed = lookup
      .beside('VirtualService')
      .some((one) =>
        routesOf(one).some(({ route }) =>
          (route.route ?? []).some(
            ({ destination }: any) =>
              destination?.subset === name &&
              fullHost(destination.host ?? '', one.metadata.namespace ?? '') === fullHost(host, namespace),
          ),
        ),
      );
    return [check('KIA0203', path, { detail: name, ...(isUsed ? {} : { softer: 'unknown' as const }) })];
  });
}

function twins(object: KubeObject, host: string, lookup: Lookup): IstioCheck[] {
  const { namespace = '', name } = object.metadata;
  const names = (one: KubeObject): string[] => (one['spec']?.subsets ?? []).map((subset: any) => subset.name);
  const own = names(object);
  const twin = lookup.beside('DestinationRule').find((one) => {
    if (one.metadata.name === name && one.metadata.namespace === namespace) return false;
    if (fullHost(one['spec']?.host ?? '', one.metadata.namespace ?? '') !== fullHost(host, namespace)) return false;
    const other = names(one);
    return (own.length === 0 && other.length === 0) || own.some((subset) => other.includes(subset));
  });
  return twin ? [check('KIA0201', 'spec/host', { detail: `${twin.metadata.namespace}/${twin.metadata.name}` })] : [];
}

/** Mutual TLS off at the client, against servers of any cluster that demand it, or across networks where nothing else passes. */
function security(object: KubeObject, host: string, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  const policies: [string, any][] = [
    ['spec/trafficPolicy/tls/mode', object['spec']?.trafficPolicy],
    ...(object['spec']?.subsets ?? []).map((one: any, index: number) => [
      `spec/subsets[${index}]/trafficPolicy/tls/mode`,
      one.trafficPolicy,
    ]),
  ];
  const off = policies.filter(([, policy]) => policy?.tls?.mode === 'DISABLE');
  if (off.length === 0) return [];
  const service = serviceOfHost(host, namespace);
  const strict = (space: string | undefined): boolean =>
    lookup.all('PeerAuthentication', space).some(({ cluster, object: one }) => {
      const isWide = Object.keys(one['spec']?.selector?.matchLabels ?? {}).length === 0;
      const isRoot = cluster.rootNamespaces.includes(one.metadata.namespace ?? '');
      return isWide && one['spec']?.mtls?.mode === 'STRICT' && (space !== undefined || isRoot);
    });
  const networks = new Set((lookup.serviceHolders(host, namespace) ?? []).map((one) => one.network).filter(Boolean));
  return off.flatMap(([path]) => {
    if (service && strict(service.namespace)) return [check('KIA0207', path)];
    if (strict(undefined)) return [check('KIA0208', path)];
    return networks.size > 1 ? [check('ISTHMUS0003', path, { detail: [...networks].join(', ') })] : [];
  });
}
