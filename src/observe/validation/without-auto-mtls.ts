/** Where automatic mutual TLS is off, clients (DestinationRule) and servers (PeerAuthentication) must be told the same. */
import type { KubeObject } from '../../kube/index.ts';
import { fullHost } from '../config/host.ts';
import type { IstioCheck } from '../types/index.ts';
import { check } from './codes.ts';
import type { Lookup } from './lookup.ts';

const isMutual = (policy: any): boolean => ['ISTIO_MUTUAL', 'MUTUAL'].includes(policy?.tls?.mode);
const hasAutoMtls = (lookup: Lookup): boolean => lookup.meshConfig().enableAutoMtls !== false;
const hostOf = ({ metadata, ['spec']: spec }: KubeObject): string =>
  fullHost(spec?.host ?? '', metadata.namespace ?? '');

/** `mesh` for *.local, a namespace's name for *.NAMESPACE.svc.DOMAIN; undefined for hosts that are not so wide. */
function widthOf(host: string, domain: string): { namespace: string } | 'mesh' | undefined {
  if (host === '*.local' || host === `*.svc.${domain}`) return 'mesh';
  const [, namespace] = /^\*\.([^.]+)\.svc\./.exec(host) ?? [];
  return namespace ? { namespace } : undefined;
}

const isWide = ({ ['spec']: spec }: KubeObject): boolean => Object.keys(spec?.selector?.matchLabels ?? {}).length === 0;

/** KIA0204, KIA0205 and KIA0206. */
export function checkTurnedOn(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const host = hostOf(object);
  const policy = object['spec']?.trafficPolicy;
  const width = widthOf(host, lookup.domain);
  if (!width) return policy?.tls ? [] : overridden(object, host, lookup);
  if (!isMutual(policy) || hasAutoMtls(lookup)) return [];
  const servers = lookup.all('PeerAuthentication').filter(({ cluster, object: one }) => {
    const accepts = ['STRICT', 'PERMISSIVE'].includes(one['spec']?.mtls?.mode);
    const isOfMesh = cluster.rootNamespaces.includes(one.metadata.namespace ?? '');
    return accepts && isWide(one) && (isOfMesh || (width !== 'mesh' && one.metadata.namespace === width.namespace));
  });
  if (servers.length > 0) return [];
  return [check(width === 'mesh' ? 'KIA0205' : 'KIA0206', 'spec/trafficPolicy/tls/mode')];
}

/** With automatic mutual TLS proxies still use it, so that it is an information then. */
function overridden(object: KubeObject, host: string, lookup: Lookup): IstioCheck[] {
  const wider = lookup.beside('DestinationRule').find((one) => {
    const other = hostOf(one);
    return isMutual(one['spec']?.trafficPolicy) && widthOf(other, lookup.domain) && host.endsWith(other.slice(1));
  });
  if (!wider || !object['spec']?.host) return [];
  return [
    check('KIA0204', 'spec/trafficPolicy', {
      detail: `${wider.metadata.namespace}/${wider.metadata.name}`,
      ...(hasAutoMtls(lookup) ? { softer: 'unknown' as const } : {}),
    }),
  ];
}

/** KIA0401 and KIA0501. */
export function checkDemanded(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  if (object['spec']?.mtls?.mode !== 'STRICT' || !isWide(object) || hasAutoMtls(lookup)) return [];
  const isOfMesh = lookup.isRoot(namespace);
  const isTold = lookup.all('DestinationRule').some(({ object: one }) => {
    const width = widthOf(hostOf(one), lookup.domain);
    if (!width || !isMutual(one['spec']?.trafficPolicy)) return false;
    return width === 'mesh' || (!isOfMesh && width.namespace === namespace);
  });
  return isTold ? [] : [check(isOfMesh ? 'KIA0401' : 'KIA0501', 'spec/mtls/mode')];
}
