/**
 * What Envoy gets: pure builders from a snapshot and a proxy to resources in canonical JSON, one file for each kind of resource or of
 * configuration. They read nothing but the snapshot and know nothing of streams. Policies are in ../security, Telemetry in ../telemetry; the
 * patches of EnvoyFilters are applied to the result. Not built yet: Sidecar, ServiceEntry, and gateway servers that end TLS or speak HTTP.
 */
import { extensionFor, withClusterPatches, withListenerPatches, withRoutePatches } from '../envoy-filter/index.ts';
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import { fixedClusters, inboundClusters, outboundClusters, sniClusters } from './clusters.ts';
import { loadAssignment } from './endpoints.ts';
import { gatewayListeners, passesServicesOn, serversOf } from './gateway.ts';
import { inboundListener } from './inbound-listener.ts';
import { instancesOf, visibleServices } from './instances.ts';
import { parseClusterName } from './names.ts';
import { outboundListeners } from './outbound-listeners.ts';
import { routeConfiguration } from './routes.ts';

export { parseClusterName, typeUrls } from './names.ts';
export { extensionFor };

export const clustersFor = (snapshot: MeshSnapshot, proxy: MeshProxy): any[] =>
  withClusterPatches(snapshot, proxy, generatedClusters(snapshot, proxy));

function generatedClusters(snapshot: MeshSnapshot, proxy: MeshProxy): any[] {
  const services = visibleServices(snapshot, proxy);
  const outbound = outboundClusters(snapshot, proxy, services);
  if (proxy.type === 'sidecar')
    return [...outbound, ...inboundClusters(snapshot, instancesOf(snapshot, proxy)), ...fixedClusters(snapshot, proxy)];
  const passed = passesServicesOn(serversOf(snapshot, proxy)) ? sniClusters(snapshot, proxy, services) : [];
  return [...outbound, ...passed, ...fixedClusters(snapshot, proxy)];
}

export const listenersFor = (snapshot: MeshSnapshot, proxy: MeshProxy): any[] =>
  withListenerPatches(snapshot, proxy, generatedListeners(snapshot, proxy));

function generatedListeners(snapshot: MeshSnapshot, proxy: MeshProxy): any[] {
  const services = visibleServices(snapshot, proxy);
  if (proxy.type === 'router') return gatewayListeners(snapshot, proxy, services);
  return [
    ...outboundListeners(snapshot, proxy, services),
    inboundListener(snapshot, proxy, instancesOf(snapshot, proxy)),
  ];
}

/** Undefined for a name that is no cluster of this mesh. */
export function endpointsFor(snapshot: MeshSnapshot, proxy: MeshProxy, name: string): any {
  const cluster = parseClusterName(name);
  return cluster && snapshot.services.has(cluster.host) ? loadAssignment(snapshot, proxy, name, cluster) : undefined;
}

export function routesFor(snapshot: MeshSnapshot, proxy: MeshProxy, name: string): any {
  const routes = routeConfiguration(snapshot, proxy, visibleServices(snapshot, proxy), name);
  return withRoutePatches(snapshot, proxy, routes);
}
