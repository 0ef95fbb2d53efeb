/** Where a Gateway is reached: through which Services, at which addresses, and what is in the way. */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshSnapshot } from '../model.ts';
import type { GatewayReport } from './types.ts';

export interface Reach {
  /** `<host>:<port>` that somebody answers for. */
  internal: string[];
  /** Addresses of load balancers, in all clusters. */
  external: string[];
  /** Hosts of load balancers that have no address yet. */
  pending: string[];
  warnings: string[];
  /** Nothing that only needs time is in the way. */
  isUsable: boolean;
}

/** @param servicesNamed the Service of each cluster that has it */
export function reachOf(
  { gateway, services, listeners }: GatewayReport,
  snapshot: MeshSnapshot,
  servicesNamed: (namespace: string, name: string) => KubeObject[],
): Reach {
  const reach: Reach = { internal: [], external: [], pending: [], warnings: [], isUsable: true };
  const ports = [...new Set(listeners.filter(({ converted }) => converted).map(({ port }) => port))];
  for (const host of services) {
    const service = [...snapshot.services.values()].find(
      (one) => one.hostname === host && one.namespace === gateway.metadata.namespace,
    );
    if (!service) {
      reach.warnings.push(`hostname "${host}" not found`);
      reach.isUsable = false;
      continue;
    }
    const endpoints = snapshot.endpoints.get(service.key) ?? [];
    const objects = servicesNamed(service.namespace, service.name);
    for (const port of ports) {
      const name = service.ports.find((one) => one.port === port)?.name;
      if (endpoints.some((one) => name !== undefined && one.portName === name)) {
        reach.internal.push(`${host}:${port}`);
        takeAddresses(reach, host, objects);
      } else if (endpoints.length === 0) reach.warnings.push(`no instances found for hostname "${host}"`);
      else if (name === undefined) {
        reach.warnings.push(`port ${port} not found for hostname "${host}"`);
        reach.isUsable = false;
      }
    }
  }
  const all = (list: string[]): string[] => [...new Set(list)].sort();
  return {
    ...reach,
    internal: all(reach.internal),
    external: all(reach.external),
    pending: all(reach.pending),
    warnings: all(reach.warnings),
  };
}

function takeAddresses(reach: Reach, host: string, objects: KubeObject[]): void {
  const given = objects.flatMap(({ spec, status }) => [
    ...(status?.loadBalancer?.ingress ?? []).map((one: any) => one.ip ?? one.hostname),
    ...(spec.externalIPs ?? []),
  ]);
  reach.external.push(...given);
  if (given.length > 0 || !objects.some(({ spec }) => spec.type === 'LoadBalancer')) return;
  reach.pending.push(host);
  reach.warnings.push(`address pending for hostname "${host}"`);
}
