/**
 * What Envoy gets: pure builders from a snapshot and a proxy to resources in canonical JSON, one file for each kind of resource or of
 * configuration. They read nothing but the snapshot and know nothing of streams. Policies are in ../security, Telemetry in ../telemetry; the
 * patches of EnvoyFilters are applied to the result.
 */
import { extensionFor, withClusterPatches, withListenerPatches, withRoutePatches } from '../envoy-filter/index.ts';
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import { fixedClusters, inboundClusters, outboundClusters, sniClusters } from './clusters.ts';
import { loadAssignment } from './endpoints.ts';
import { gatewayListeners } from './gateway-listeners.ts';
import { gatewayRoutes } from './gateway-routes.ts';
import { isAutoPassthrough, namesCredential, serversOf } from './gateway-servers.ts';
import { inboundListener } from './inbound-listener.ts';
import { instancesOf } from './instances.ts';
import { parseClusterName } from './names.ts';
import { outboundListeners } from './outbound-listeners.ts';
import { routeConfiguration } from './routes.ts';

export { parseClusterName, typeUrls } from './names.ts';
export { extensionFor, namesCredential };

export const clustersFor = (snapshot: MeshSnapshot, proxy: MeshProxy): any[] =>
  withClusterPatches(snapshot, proxy, generatedClusters(snapshot, proxy));

function generatedClusters(snapshot: MeshSnapshot, proxy: MeshProxy): any[] {
  const outbound = outboundClusters(snapshot, proxy);
  if (proxy.type === 'sidecar') {
    const inbound = inboundClusters(snapshot, proxy, instancesOf(snapshot, proxy));
    return [...outbound, ...inbound, ...fixedClusters(snapshot, proxy)];
  }
  // A router that passes services on by SNI needs a cluster for each of them.
  const passed = serversOf(snapshot, proxy).some(isAutoPassthrough) ? sniClusters(snapshot, proxy) : [];
  return [...outbound, ...passed, ...fixedClusters(snapshot, proxy)];
}

export const listenersFor = (snapshot: MeshSnapshot, proxy: MeshProxy): any[] =>
  withListenerPatches(snapshot, proxy, generatedListeners(snapshot, proxy));

function generatedListeners(snapshot: MeshSnapshot, proxy: MeshProxy): any[] {
  if (proxy.type === 'router') return gatewayListeners(snapshot, proxy);
  return [...outboundListeners(snapshot, proxy), inboundListener(snapshot, proxy, instancesOf(snapshot, proxy))];
}

/** Undefined for a name that is no cluster of this mesh. */
export function endpointsFor(snapshot: MeshSnapshot, proxy: MeshProxy, name: string): any {
  const cluster = parseClusterName(name);
  return cluster && snapshot.services.has(cluster.host) ? loadAssignment(snapshot, proxy, name, cluster) : undefined;
}

export function routesFor(snapshot: MeshSnapshot, proxy: MeshProxy, name: string): any {
  const routes =
    proxy.type === 'router' ? gatewayRoutes(snapshot, proxy, name) : routeConfiguration(snapshot, proxy, name);
  return withRoutePatches(snapshot, proxy, routes);
}
