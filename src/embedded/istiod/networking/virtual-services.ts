/** VirtualServices as they hold: names written out, and rules that are left to others taken in. */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshSnapshot } from '../model.ts';
import { mergedRules } from './delegates.ts';
import { resolveHost } from './hosts.ts';
import { isExportedTo } from './visibility.ts';

export interface VirtualService {
  name: string;
  namespace: string;
  /** Fully qualified, in lower case. */
  hosts: string[];
  /** `mesh`, or `<namespace>/<name>` of Gateways. */
  gateways: string[];
  exportTo: string[] | undefined;
  /** Made of routes of the Gateway API, whose prefixes end with a segment of the path. */
  isOfGatewayApi: boolean;
  http: any[];
  tcp: any[];
  tls: any[];
  object: KubeObject;
}

const cache = new WeakMap<object, VirtualService[]>();

/** All of the mesh, the oldest first. Those without hosts are parts of others and hold nowhere by themselves. */
export function virtualServices(snapshot: MeshSnapshot): VirtualService[] {
  const objects = snapshot.config.get('VirtualService') ?? [];
  const known = cache.get(objects);
  if (known) return known;
  const find = (namespace: string, name: string): KubeObject | undefined =>
    objects.find((one) => one.metadata.namespace === namespace && one.metadata.name === name);
  const made = objects
    .filter((one) => one['spec']?.hosts?.length > 0)
    .map((object) => resolved(snapshot, object, find));
  cache.set(objects, made);
  return made;
}

function resolved(
  snapshot: MeshSnapshot,
  object: KubeObject,
  find: (namespace: string, name: string) => KubeObject | undefined,
): VirtualService {
  const { name = '', namespace = '' } = object.metadata;
  const spec = object['spec'] ?? {};
  const http = (spec.http ?? []).flatMap((rule: any): any[] => {
    if (!rule.delegate) return [withNames(rule, namespace, snapshot.domain)];
    const from = rule.delegate.namespace || namespace;
    const part = find(from, rule.delegate.name);
    const visible =
      part &&
      isExportedTo(snapshot, 'VirtualService', { exportTo: part['spec']?.exportTo, namespace: from }, namespace);
    if (!part || !visible || part['spec']?.hosts?.length > 0) return [];
    const rules = (part['spec']?.http ?? []).map((one: any) => withNames(one, from, snapshot.domain));
    return mergedRules(withNames(rule, namespace, snapshot.domain), rules);
  });
  return {
    name,
    namespace,
    hosts: spec.hosts.map((host: string) => resolveHost(host, namespace, snapshot.domain).toLowerCase()),
    gateways: (spec.gateways ?? ['mesh']).map((one: string) => gatewayName(one, namespace)),
    exportTo: spec.exportTo,
    isOfGatewayApi: object.metadata.annotations?.['internal.istio.io/route-semantics'] === 'gateway',
    http,
    tcp: (spec.tcp ?? []).map((rule: any) => withNames(rule, namespace, snapshot.domain)),
    tls: (spec.tls ?? []).map((rule: any) => withNames(rule, namespace, snapshot.domain)),
    object,
  };
}

const gatewayName = (written: string, namespace: string): string =>
  written === 'mesh' || written.includes('/') ? written : `${namespace}/${written}`;

function withNames(rule: any, namespace: string, domain: string): any {
  const destination = (one: any) => (one?.host ? { ...one, host: resolveHost(one.host, namespace, domain) } : one);
  return {
    ...rule,
    ...(rule.match
      ? {
          match: rule.match.map((one: any) =>
            one.gateways
              ? { ...one, gateways: one.gateways.map((gateway: string) => gatewayName(gateway, namespace)) }
              : one,
          ),
        }
      : {}),
    ...(rule.route
      ? { route: rule.route.map((one: any) => ({ ...one, destination: destination(one.destination) })) }
      : {}),
    ...(rule.mirror ? { mirror: destination(rule.mirror) } : {}),
    ...(rule.mirrors
      ? { mirrors: rule.mirrors.map((one: any) => ({ ...one, destination: destination(one.destination) })) }
      : {}),
  };
}

/** Those of a gateway that the namespace may see. */
export function virtualServicesOfGateway(snapshot: MeshSnapshot, gateway: string, viewer: string): VirtualService[] {
  return virtualServices(snapshot).filter(
    (one) => one.gateways.includes(gateway) && isExportedTo(snapshot, 'VirtualService', one, viewer),
  );
}
