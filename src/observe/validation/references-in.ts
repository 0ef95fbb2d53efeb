/** Objects that a configuration object names. */
import { apiVersionOf, type KubeObject, kinds } from '../../kube/index.ts';
import { covers, fullHost, serviceOfHost } from '../config/host.ts';
import { destinationHosts } from '../config/index-by-service.ts';
import type { IstioKind } from '../model/observed-kinds.ts';
import type { IstioValidation } from '../types/index.ts';
import type { Lookup } from './lookup.ts';

type Reference = IstioValidation['references'][number];

export function referencesIn(kind: IstioKind, object: KubeObject, lookup: Lookup): Reference[] {
  const { namespace = '' } = object.metadata;
  const spec = object['spec'] ?? {};
  const services = (host: string): Reference[] => {
    const service = serviceOfHost(host, namespace, lookup.domain);
    if (!service) return [];
    return (lookup.serviceHolders(host, namespace) ?? []).map((one) =>
      reference(one.name, 'Service', service.namespace, service.name),
    );
  };
  if (kind === 'VirtualService') {
    const hosts = [...new Set([...(spec.hosts ?? []), ...destinationHosts(object)])] as string[];
    const full = hosts.map((one) => fullHost(one, namespace));
    const gateways = ((spec.gateways ?? []) as string[])
      .filter((one) => one !== 'mesh')
      .map((one) => {
        const [space, name] = one.includes('/') ? (one.split('/') as [string, string]) : [namespace, one];
        return reference(lookup.home.name, 'Gateway', space, name);
      });
    const rules = lookup
      .beside('DestinationRule')
      .filter((one) =>
        full.some((host) => covers(fullHost(one['spec']?.host ?? '', one.metadata.namespace ?? ''), host)),
      )
      .map((one) =>
        reference(lookup.home.name, 'DestinationRule', one.metadata.namespace ?? '', one.metadata.name ?? ''),
      );
    return [...hosts.flatMap(services), ...gateways, ...rules];
  }
  if (kind === 'DestinationRule') {
    const host = fullHost(spec.host ?? '', namespace);
    const routes = lookup
      .beside('VirtualService')
      .filter((one) =>
        destinationHosts(one).some((other) => covers(host, fullHost(other, one.metadata.namespace ?? ''))),
      )
      .map((one) =>
        reference(lookup.home.name, 'VirtualService', one.metadata.namespace ?? '', one.metadata.name ?? ''),
      );
    return [...services(spec.host ?? ''), ...routes];
  }
  return [];
}

function reference(
  cluster: string,
  kind: 'Service' | 'Gateway' | 'DestinationRule' | 'VirtualService',
  namespace: string,
  name: string,
): Reference {
  const known = kinds[kind];
  return {
    objectGVK: { Group: known.group, Version: apiVersionOf(known).split('/').at(-1) ?? '', Kind: kind },
    name,
    namespace,
    cluster,
  };
}
