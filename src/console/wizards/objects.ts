/** What the wizards make: objects of Istio's configuration as plain data, out of what is there already. Runs in browsers as well. */

export interface ConfigObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; [field: string]: unknown };
  spec: Record<string, any>;
}

export interface ServiceKey {
  name: string;
  namespace: string;
}

/** What governs the service now, in the cluster that is written to. */
export interface Existing {
  virtualService?: ConfigObject;
  destinationRule?: ConfigObject;
}

export const hostOf = ({ name, namespace }: ServiceKey): string => `${name}.${namespace}.svc.cluster.local`;

/** Whether a host, as an object of `namespace` writes it, means the service. Istio reads a short name in the object's own namespace. */
export function isHostOf(service: ServiceKey, host: string, namespace: string): boolean {
  const { name } = service;
  const full = hostOf(service);
  if (host === full || host === `${name}.${service.namespace}.svc` || host === `${name}.${service.namespace}`)
    return true;
  return host === name && namespace === service.namespace;
}

/** The VirtualService that is there, or a new one that sends all requests to the service. */
export function virtualServiceOf(service: ServiceKey, existing?: ConfigObject): ConfigObject {
  if (existing) return structuredClone(existing);
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: service.name, namespace: service.namespace },
    spec: { hosts: [hostOf(service)], http: [{ route: [{ destination: { host: hostOf(service) } }] }] },
  };
}

export function destinationRuleOf(service: ServiceKey, existing?: ConfigObject): ConfigObject {
  if (existing) return structuredClone(existing);
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: service.name, namespace: service.namespace },
    spec: { host: hostOf(service) },
  };
}

/** The HTTP routes of a VirtualService; one for all requests is made where there is none. */
export function httpRoutes(service: ServiceKey, virtualService: ConfigObject): Record<string, any>[] {
  const { spec } = virtualService;
  if (!Array.isArray(spec['http']) || spec['http'].length === 0)
    spec['http'] = [{ route: [{ destination: { host: hostOf(service) } }] }];
  return spec['http'];
}

/** Sets a field, or takes it away where the value is undefined. */
export function put(target: Record<string, any>, key: string, value: unknown): void {
  if (value === undefined) delete target[key];
  else target[key] = value;
}

/** As Istio writes durations: 0.5 is `500ms`, 90 is `90s`. Seconds. */
export function durationOf(seconds: number): string {
  return Number.isInteger(seconds) ? `${seconds}s` : `${Math.round(seconds * 1000)}ms`;
}

/** Seconds of a duration in Go's notation, as in `1m30s`; undefined where it is none. */
export function secondsOf(duration: unknown): number | undefined {
  if (typeof duration !== 'string' || !/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(duration)) return undefined;
  const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };
  return [...duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit!]!,
    0,
  );
}
