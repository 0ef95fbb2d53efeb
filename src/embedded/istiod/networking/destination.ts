/** Where a rule of a VirtualService leads: the cluster of a destination. */
import type { MeshService } from '../model.ts';
import { clusterName } from './names.ts';

/** The services that rules may name. */
export type Lookup = (host: string) => MeshService | undefined;

/** Without a port the service's only one is meant, else that on which the request came. */
export function destinationCluster(destination: any, lookup: Lookup, listenPort: number): string {
  // A backend of the Gateway API that may not be reached, or is of no known kind.
  if (!destination.host) return 'UnknownService';
  const service = lookup(destination.host);
  const only = service?.ports.length === 1 ? service.ports[0]!.port : listenPort;
  return clusterName(
    'outbound',
    destination.port?.number ?? only,
    destination.subset ?? '',
    service?.hostname ?? destination.host,
  );
}
