/** AuthorizationPolicy and PeerAuthentication. */
import type { KubeObject } from '../../kube/index.ts';
import { fullHost } from '../config/host.ts';
import { selectorOf } from '../config/references.ts';
import { mtlsOf } from '../entities/workloads.ts';
import type { IstioCheck } from '../types/index.ts';
import { checkAmbientAuthorization } from './ambient-config.ts';
import { check } from './codes.ts';
import type { Lookup } from './lookup.ts';
import { unknownHostSeverity } from './virtual-service.ts';
import { checkDemanded } from './without-auto-mtls.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE'];

export function checkAuthorizationPolicy(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  const found: IstioCheck[] = [...checkAmbientAuthorization(object, lookup), ...needsMutualTls(object, lookup)];
  for (const [rule, { from = [], to = [] }] of ((object['spec']?.rules ?? []) as any[]).entries()) {
    for (const [index, { source = {} }] of from.entries()) {
      const at = `spec/rules[${rule}]/from[${index}]/source`;
      for (const [position, name] of (source.namespaces ?? []).entries())
        if (!name.includes('*') && !lookup.hasNamespace(name))
          found.push(check('KIA0101', `${at}/namespaces[${position}]`, { detail: name }));
      for (const [position, principal] of (source.principals ?? []).entries())
        found.push(...checkPrincipal(principal, `${at}/principals[${position}]`, lookup));
    }
    for (const [index, { operation = {} }] of to.entries()) {
      const at = `spec/rules[${rule}]/to[${index}]/operation`;
      for (const [position, method] of (operation.methods ?? []).entries())
        if (!methods.includes(method) && !method.includes('*') && !/^\/[\w.]+\/\w+$/.test(method))
          found.push(check('KIA0102', `${at}/methods[${position}]`, { detail: method }));
      for (const [position, host] of (operation.hosts ?? []).entries()) {
        const name = String(host).replace(/:\d+$/, '');
        if (!name.includes('*') && !lookup.hasHost(name, namespace))
          found.push(check('KIA0104', `${at}/hosts[${position}]`, { detail: host, ...unknownHostSeverity(lookup) }));
      }
    }
  }
  return found;
}

const ofMutualTls = ['principals', 'notPrincipals', 'namespaces', 'notNamespaces'];

/** KIA0105. Who a client is, its certificate tells; a server that takes plain text alone never sees one. */
function needsMutualTls(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const paths = ((object['spec']?.rules ?? []) as any[]).flatMap(({ from = [], when = [] }, rule) => [
    ...from.flatMap(({ source = {} }: any, index: number) =>
      ofMutualTls
        .filter((one) => source[one]?.length > 0)
        .map((one) => `spec/rules[${rule}]/from[${index}]/source/${one}`),
    ),
    ...when.flatMap(({ key = '' }: any, index: number) =>
      ['source.principal', 'source.namespace', 'connection.sni'].includes(key)
        ? [`spec/rules[${rule}]/when[${index}]`]
        : [],
    ),
  ]);
  if (paths.length === 0) return [];
  const { namespace = '' } = object.metadata;
  lookup.all('PeerAuthentication');
  const plain = lookup
    .workloads(lookup.isRoot(namespace) ? undefined : namespace, selectorOf('AuthorizationPolicy', object))
    .find(
      ({ cluster, workload, labels }) => mtlsOf(lookup.readers, workload.namespace, labels, cluster).mode === 'DISABLE',
    );
  if (!plain) return [];
  return paths.map((path) => check('KIA0105', path, { detail: `${plain.cluster.name}/${plain.workload.name}` }));
}

function checkPrincipal(principal: string, path: string, lookup: Lookup): IstioCheck[] {
  const [, domain, namespace, account] = /^([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(principal) ?? [];
  if (!domain || !namespace || !account || principal.includes('*')) return [];
  const config = lookup.meshConfig();
  const domains = [config.trustDomain ?? 'cluster.local', 'cluster.local', ...(config.trustDomainAliases ?? [])];
  if (!domains.includes(domain)) return [check('KIA0108', path, { detail: domain })];
  const holders = lookup.accountHolders(namespace, account);
  if (holders.length === 0) return [check('KIA0106', path, { detail: `${namespace}/${account}` })];
  if (holders.includes(lookup.home)) return [];
  return [check('KIA0107', path, { detail: holders.map((one) => one.name).join(', ') })];
}

export function checkPeerAuthentication(object: KubeObject, lookup: Lookup): IstioCheck[] {
  return [...checkDemanded(object, lookup), ...turnedOff(object, lookup)];
}

function turnedOff(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  const { mtls, selector } = object['spec'] ?? {};
  if (mtls?.mode !== 'DISABLE' || Object.keys(selector?.matchLabels ?? {}).length > 0) return [];
  const isMesh = lookup.isRoot(namespace);
  const rule = lookup.all('DestinationRule').find(({ object: one }) => {
    const mode = one['spec']?.trafficPolicy?.tls?.mode;
    if (mode !== 'ISTIO_MUTUAL' && mode !== 'MUTUAL') return false;
    const host = fullHost(one['spec']?.host ?? '', one.metadata.namespace ?? '');
    return isMesh
      ? host === '*.local'
      : host === `*.${namespace}.svc.cluster.local` || host.endsWith(`.${namespace}.svc.cluster.local`);
  });
  if (!rule) return [];
  return [
    check(isMesh ? 'KIA0506' : 'KIA0505', 'spec/mtls/mode', {
      detail: `${rule.cluster.name}: ${rule.object.metadata.namespace}/${rule.object.metadata.name}`,
    }),
  ];
}
