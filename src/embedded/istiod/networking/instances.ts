/** Which services a proxy serves, and which it may call. */
import type { MeshProxy, MeshService, MeshSnapshot, ServicePort } from '../model.ts';

export interface ServiceInstance {
  service: MeshService;
  port: ServicePort;
  targetPort: number;
}

/** Ports on which the proxy's own pod is an endpoint. */
export function instancesOf(snapshot: MeshSnapshot, proxy: MeshProxy): ServiceInstance[] {
  const found: ServiceInstance[] = [];
  for (const [hostname, endpoints] of snapshot.endpoints) {
    const service = snapshot.services.get(hostname);
    if (!service) continue;
    for (const endpoint of endpoints) {
      if (endpoint.address !== proxy.address || endpoint.clusterId !== proxy.clusterId) continue;
      const port = service.ports.find((one) => one.name === endpoint.portName);
      if (port && port.protocol !== 'UDP') found.push({ service, port, targetPort: endpoint.port });
    }
  }
  const order = (one: ServiceInstance): string => `${one.service.createdAt}/${one.service.hostname}`;
  return found.sort((a, b) => a.targetPort - b.targetPort || order(a).localeCompare(order(b)));
}

/** One instance for each port of the pod: of several services on one port the oldest says what its protocol is. */
export function byTargetPort(instances: ServiceInstance[]): Map<number, ServiceInstance> {
  const ports = new Map<number, ServiceInstance>();
  for (const instance of instances) if (!ports.has(instance.targetPort)) ports.set(instance.targetPort, instance);
  return ports;
}

/** Services that are exported to the proxy's namespace, in the order of their names. */
export function visibleServices(snapshot: MeshSnapshot, proxy: MeshProxy): MeshService[] {
  return [...snapshot.services.values()]
    .filter(
      ({ exportTo, namespace }) =>
        exportTo.length === 0 ||
        exportTo.includes('*') ||
        exportTo.includes(proxy.namespace) ||
        (exportTo.includes('.') && namespace === proxy.namespace),
    )
    .sort((a, b) => a.hostname.localeCompare(b.hostname));
}

/** The virtual addresses of a service as the proxy's cluster sees them. */
export function addressesFor(service: MeshService, proxy: MeshProxy): readonly string[] {
  const own = service.addresses.get(proxy.clusterId);
  if (own && own.length > 0) return own;
  return service.defaultAddress ? [service.defaultAddress] : [];
}
