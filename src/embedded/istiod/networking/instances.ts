/** Which services a proxy serves, and by which addresses services are known to it. */
import type { KubeObject } from '../../../kube/index.ts';
import type { MeshProxy, MeshService, MeshSnapshot, ServicePort } from '../model.ts';
import { statedProtocol } from '../registry/protocol.ts';
import { scopeOf } from './scope.ts';

export interface ServiceInstance {
  /** Undefined for a port that a Sidecar states and no service has. */
  service: MeshService | undefined;
  port: ServicePort;
  targetPort: number;
  /** Where the application listens, if a Sidecar says so; else at the address that was dialled. */
  endpoint?: { address: string; port: number };
  connectionPool?: any;
  /** The Sidecar that states the port. */
  sidecar?: KubeObject;
}

/** Ports on which the proxy's own pod is an endpoint, or those that its Sidecar states in their place. */
export function instancesOf(snapshot: MeshSnapshot, proxy: MeshProxy): ServiceInstance[] {
  const found = ownInstances(snapshot, proxy);
  const { sidecar } = scopeOf(snapshot, proxy);
  const spec = sidecar?.['spec'] ?? {};
  const pool = spec.inboundConnectionPool;
  const ingress: any[] = spec.ingress ?? [];
  if (ingress.length === 0) return found.map((one) => (pool ? { ...one, connectionPool: pool } : one));
  return ingress.map((stated) => {
    const { number, name = '', protocol } = stated.port;
    const known = found.find((one) => one.targetPort === number);
    const [address = '', port = ''] = String(stated.defaultEndpoint ?? '').split(':');
    return {
      service: known?.service,
      port: { name, port: Number(number), protocol: statedProtocol(protocol) },
      targetPort: Number(number),
      ...(sidecar ? { sidecar } : {}),
      ...(stated.defaultEndpoint
        ? { endpoint: { address: address === '0.0.0.0' ? proxy.address : address, port: Number(port) } }
        : {}),
      ...((stated.connectionPool ?? pool) ? { connectionPool: stated.connectionPool ?? pool } : {}),
    };
  });
}

function ownInstances(snapshot: MeshSnapshot, proxy: MeshProxy): (ServiceInstance & { service: MeshService })[] {
  const found: (ServiceInstance & { service: MeshService })[] = [];
  for (const [key, endpoints] of snapshot.endpoints) {
    const service = snapshot.services.get(key);
    if (!service) continue;
    for (const endpoint of endpoints) {
      if (endpoint.address !== proxy.address || endpoint.clusterId !== proxy.clusterId) continue;
      const port = service.ports.find((one) => one.name === endpoint.portName);
      if (port && port.protocol !== 'UDP') found.push({ service, port, targetPort: endpoint.port });
    }
  }
  const order = (one: { service: MeshService }): string => `${one.service.createdAt}/${one.service.hostname}`;
  return found.sort((a, b) => a.targetPort - b.targetPort || order(a).localeCompare(order(b)));
}

/** One instance for each port of the pod: of several services on one port the oldest says what its protocol is. */
export function byTargetPort(instances: ServiceInstance[]): Map<number, ServiceInstance> {
  const ports = new Map<number, ServiceInstance>();
  for (const instance of instances) if (!ports.has(instance.targetPort)) ports.set(instance.targetPort, instance);
  return ports;
}

/** The virtual addresses of a service as the proxy's cluster sees them; ranges are none. */
export function addressesFor(service: MeshService, proxy: MeshProxy): readonly string[] {
  const own = service.addresses.get(proxy.clusterId);
  if (own && own.length > 0) return own;
  if (service.defaultAddress) return [service.defaultAddress];
  return service.statedAddresses.filter((one) => !one.includes('/'));
}

/** Ranges of addresses that a ServiceEntry states. */
export const rangesOf = ({ statedAddresses }: MeshService): string[] =>
  statedAddresses.filter((one) => one.includes('/'));
