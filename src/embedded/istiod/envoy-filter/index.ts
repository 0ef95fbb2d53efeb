/** EnvoyFilter: what generators have made for a proxy, as the patches that are for it want it. */
import type { MeshProxy, MeshSnapshot } from '../model.ts';
import { instancesOf } from '../networking/instances.ts';
import { inboundPassthrough, parseClusterName } from '../networking/names.ts';
import { patchedClusters } from './clusters.ts';
import { patchedListeners } from './listeners.ts';
import { type PatchContext, patchesFor } from './patches.ts';
import { patchedRoutes } from './routes.ts';

export function withClusterPatches(snapshot: MeshSnapshot, proxy: MeshProxy, clusters: any[]): any[] {
  const patches = patchesFor(snapshot, proxy);
  if (patches.isEmpty) return clusters;
  const instances = instancesOf(snapshot, proxy);
  const hostsOf = (name: string): string[] => {
    const port = parseClusterName(name)?.port;
    return instances.filter((one) => one.targetPort === port).flatMap((one) => one.service?.hostname ?? []);
  };
  const isInbound = ({ name }: any) => name.startsWith('inbound|') || name === inboundPassthrough;
  return bySide(proxy, clusters, isInbound, (context, list) => patchedClusters(patches, context, list, hostsOf));
}

export function withListenerPatches(snapshot: MeshSnapshot, proxy: MeshProxy, listeners: any[]): any[] {
  const patches = patchesFor(snapshot, proxy);
  if (patches.isEmpty) return listeners;
  const isInbound = ({ traffic_direction: direction }: any) => direction === 'INBOUND';
  return bySide(proxy, listeners, isInbound, (context, list) => patchedListeners(patches, context, list));
}

export function withRoutePatches(snapshot: MeshSnapshot, proxy: MeshProxy, routes: any): any {
  const patches = patchesFor(snapshot, proxy);
  if (patches.isEmpty || !routes) return routes;
  const instances = instancesOf(snapshot, proxy);
  const servicePorts = (port: number): number[] =>
    instances.filter((one) => one.targetPort === port).map((one) => one.port.port);
  return patchedRoutes(patches, proxy.type === 'router' ? 'GATEWAY' : 'SIDECAR_OUTBOUND', routes, servicePorts);
}

/** What a filter with config_discovery asks for by its name; undefined where no patch brings it. */
export const extensionFor = (snapshot: MeshSnapshot, proxy: MeshProxy, name: string): any =>
  patchesFor(snapshot, proxy)
    .extensions()
    .map((one) => one.value)
    .find((one) => one.name === name);

function bySide(
  proxy: MeshProxy,
  list: any[],
  isInbound: (one: any) => boolean,
  patch: (context: PatchContext, list: any[]) => any[],
): any[] {
  if (proxy.type === 'router') return patch('GATEWAY', list);
  return [
    ...patch(
      'SIDECAR_OUTBOUND',
      list.filter((one) => !isInbound(one)),
    ),
    ...patch('SIDECAR_INBOUND', list.filter(isInbound)),
  ];
}
