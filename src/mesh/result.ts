/** What reconcile tells while it works, and what it says at its end. */
import { type KubeClient, kinds, type Service } from '../kube/index.ts';
import type { Applied } from './apply.ts';
import { systemNamespace } from './part.ts';
import { addressOf } from './predicates.ts';
import type { Unready } from './wait.ts';

export interface ReconcileEvent {
  part: string;
  cluster: string;
  state: 'applying' | 'waiting' | 'ready' | 'unchanged' | 'failed';
  detail?: string;
  /** Of `waiting`: the object, why it is not ready, and what would end the wait. */
  reason?: Unready;
}

export interface PartResult extends Applied {
  part: string;
  cluster: string;
}

export interface ReconcileResult {
  parts: PartResult[];
  /** What an earlier mesh file asked for and this one does not. */
  removed: { cluster: string; object: string }[];
  /** Whether anything was created, changed or removed. */
  changed: boolean;
  addresses: { cluster: string; service: string; address: string }[];
}

export const isChanged = (result: PartResult): boolean => result.created.length + result.changed.length > 0;

/** Addresses that load balancers gave to Services of the control plane's namespace. */
export async function readAddresses(clients: Map<string, KubeClient>): Promise<ReconcileResult['addresses']> {
  const found = await Promise.all(
    [...clients].map(async ([cluster, client]) => {
      const { items } = await client.list<Service>(kinds.Service, { namespace: systemNamespace });
      return items.flatMap((service) => {
        const address = addressOf(service);
        return address ? [{ cluster, service: service.metadata.name ?? '', address }] : [];
      });
    }),
  );
  return found.flat();
}
