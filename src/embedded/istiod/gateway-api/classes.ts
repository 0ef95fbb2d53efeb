/** Which Gateways are ours, and how they are deployed. */
import type { KubeObject } from '../../../kube/index.ts';
import { controllerName, unmanagedController, waypointController } from './types.ts';

/** The classes that istiod makes where they are missing, as Istio does; the last to say that it is not served. */
export const builtinClasses: readonly { name: string; controllerName: string; description: string }[] = [
  { name: 'istio', controllerName, description: 'The default Istio GatewayClass' },
  {
    name: 'istio-remote',
    controllerName: unmanagedController,
    description: 'Remote to this cluster. Does not deploy or affect configuration.',
  },
  {
    name: 'istio-waypoint',
    controllerName: waypointController,
    description: 'Waypoints of ambient meshes, which are not served',
  },
];

/** The controller of a Gateway's class; undefined for a class that nobody has made. */
export function controllerOf(gateway: KubeObject, classes: readonly KubeObject[]): string | undefined {
  const name = gateway['spec'].gatewayClassName;
  const made = classes.find(({ metadata }) => metadata.name === name);
  return made?.['spec'].controllerName ?? builtinClasses.find((one) => one.name === name)?.controllerName;
}

/** Whether istiod deploys it: a Gateway whose address is a name stands for a Deployment that is there already. */
export function isDeployed({ spec }: KubeObject): boolean {
  const addresses: any[] = spec.addresses ?? [];
  return addresses.length === 0 || (addresses.length === 1 && (addresses[0].type ?? 'IPAddress') === 'IPAddress');
}

export function deploymentName({ metadata, spec }: KubeObject): string {
  return metadata.annotations?.['gateway.istio.io/name-override'] ?? `${metadata.name}-${spec.gatewayClassName}`;
}

export function serviceAccountName({ metadata, spec }: KubeObject): string {
  return metadata.annotations?.['gateway.istio.io/service-account'] ?? `${metadata.name}-${spec.gatewayClassName}`;
}

/** Hosts of the Services whose pods serve the Gateway. Addresses that are no names are left out. */
export function servicesOf(gateway: KubeObject, domain: string): string[] {
  const namespace = gateway.metadata.namespace ?? '';
  if (isDeployed(gateway)) return [`${deploymentName(gateway)}.${namespace}.svc.${domain}`];
  return gateway['spec'].addresses
    .filter((one: any) => (one.type ?? 'Hostname') === 'Hostname')
    .map(({ value }: any) => (value.includes('.') ? value : `${value}.${namespace}.svc.${domain}`));
}
