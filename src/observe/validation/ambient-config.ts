/** Configuration about requests, for what is in the ambient mesh: only a waypoint looks into requests there. */
import type { KubeObject } from '../../kube/index.ts';
import { serviceOfHost } from '../config/host.ts';
import { selectorOf } from '../config/references.ts';
import type { IstioCheck } from '../types/index.ts';
import { ambientServices, ambientWorkloads } from './ambient.ts';
import { type Code, check } from './codes.ts';
import type { Lookup } from './lookup.ts';

const codesOf = {
  DestinationRule: { namespace: 'KIA0210', service: 'KIA0211', elsewhere: 'KIA0212' },
  VirtualService: { namespace: 'KIA1109', service: 'KIA1113', elsewhere: 'KIA1114' },
} as const satisfies Record<string, Record<string, Code>>;

export function checkAmbientRoutes(
  kind: keyof typeof codesOf,
  object: KubeObject,
  hosts: [path: string, host: string][],
  lookup: Lookup,
): IstioCheck[] {
  if (kind === 'DestinationRule' ? !isAboutRequests(object['spec']) : !object['spec']?.http) return [];
  const { namespace = '' } = object.metadata;
  const codes = codesOf[kind];
  return hosts.flatMap(([path, host]) => {
    const service = serviceOfHost(host, namespace, lookup.domain);
    const places = service ? ambientServices(lookup, service.namespace, service.name) : [];
    if (!service || places.length === 0) return [];
    const detail = { detail: `${service.namespace}/${service.name}` };
    return [
      ...(places.some((one) => !one.namespaceHasWaypoint && !one.usesWaypoint)
        ? [check(codes.namespace, path, detail)]
        : places.some((one) => !one.usesWaypoint)
          ? [check(codes.service, path, detail)]
          : []),
      ...(service.namespace === namespace ? [] : [check(codes.elsewhere, path, detail)]),
    ];
  });
}

function isAboutRequests(spec: any): boolean {
  const policies: any[] = [spec?.trafficPolicy, ...(spec?.subsets ?? []).map((one: any) => one.trafficPolicy)];
  return policies.some((one) =>
    [one, ...(one?.portLevelSettings ?? [])].some(
      (policy: any) => policy?.connectionPool?.http || policy?.loadBalancer?.consistentHash || policy?.outlierDetection,
    ),
  );
}

const policyCodes = {
  RequestAuthentication: ['KIA1110', 'KIA1115'],
  WasmPlugin: ['KIA1111', 'KIA1116'],
  Telemetry: ['KIA1112', 'KIA1117'],
} as const satisfies Record<string, [Code, Code]>;

/** Of the root namespace they are for gateways and sidecars as well, and are not judged. */
export const checkAmbientPolicy =
  (kind: keyof typeof policyCodes) =>
  (object: KubeObject, lookup: Lookup): IstioCheck[] => {
    const { namespace = '' } = object.metadata;
    if (lookup.isRoot(namespace)) return [];
    const workloads = ambientWorkloads(lookup, namespace, selectorOf(kind, object));
    if (workloads.length === 0) return [];
    const [noWaypoint, noTarget] = policyCodes[kind];
    const without = workloads
      .filter((one) => !one.hasWaypoint)
      .map(({ cluster, workload }) => `${cluster.name}/${workload.name}`);
    return [
      ...(without.length > 0 ? [check(noWaypoint, 'spec', { detail: without.slice(0, 3).join(', ') })] : []),
      ...(hasTargets(object) ? [] : [check(noTarget, 'spec/targetRefs')]),
    ];
  };

export const hasTargets = ({ ['spec']: spec }: KubeObject): boolean =>
  Boolean(spec?.targetRef) || (spec?.targetRefs ?? []).length > 0;

/** Whether an AuthorizationPolicy needs to look into requests: ztunnel knows connections only. */
export function looksIntoRequests({ ['spec']: spec }: KubeObject): boolean {
  if (spec?.action === 'CUSTOM') return true;
  const has = (one: any, ...fields: string[]): boolean => fields.some((field) => (one?.[field] ?? []).length > 0);
  return ((spec?.rules ?? []) as any[]).some(
    ({ from = [], to = [], when = [] }) =>
      from.some(({ source }: any) =>
        has(source, 'requestPrincipals', 'notRequestPrincipals', 'remoteIpBlocks', 'notRemoteIpBlocks'),
      ) ||
      to.some(({ operation }: any) =>
        has(operation, 'hosts', 'notHosts', 'methods', 'notMethods', 'paths', 'notPaths'),
      ) ||
      when.some(({ key = '' }: any) => key.startsWith('request.') || key === 'remote.ip'),
  );
}

/** KIA0109 and KIA0110. */
export function checkAmbientAuthorization(object: KubeObject, lookup: Lookup): IstioCheck[] {
  const { namespace = '' } = object.metadata;
  if (lookup.isRoot(namespace) || !looksIntoRequests(object)) return [];
  const selector = selectorOf('AuthorizationPolicy', object) ?? {};
  const workloads = ambientWorkloads(lookup, namespace, selector);
  const without = workloads
    .filter((one) => !one.hasWaypoint)
    .map(({ cluster, workload }) => `${cluster.name}/${workload.name}`);
  return [
    ...(without.length > 0 ? [check('KIA0109', 'spec/rules', { detail: without.slice(0, 3).join(', ') })] : []),
    ...(workloads.length > 0 && Object.keys(selector).length > 0 && !hasTargets(object)
      ? [check('KIA0110', 'spec/selector')]
      : []),
  ];
}
