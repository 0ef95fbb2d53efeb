/**
 * Leases that a control plane has left behind. Among several istiods one writes the root certificate into new namespaces, for each cluster by
 * a lease in it; one that is killed does not give it back, and for the rest of its 30 s new namespaces would get none.
 */
import { type ConfigMap, isNotFound, type KubeClient, kinds, type Pod } from '../../kube/index.ts';
import { systemNamespace } from '../part.ts';

/** Where client-go writes who leads: Istio's leases are ConfigMaps. */
const annotation = 'control-plane.alpha.kubernetes.io/leader';

/** Names of the pods of istiod, which are their names in leases too. */
export async function istiodPods(clients: KubeClient[]): Promise<Set<string>> {
  const selection = { namespace: systemNamespace, labelSelector: 'app=istiod' };
  const lists = await Promise.all(clients.map((client) => client.list<Pod>(kinds.Pod, selection)));
  return new Set(lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name ?? '')));
}

/** Gives back, as they would have done themselves, what these pods hold. To be called when they are gone. @returns the names of the leases */
export async function giveBackLeases(client: KubeClient, gone: Set<string>): Promise<string[]> {
  const { items } = await client.list<ConfigMap>(kinds.ConfigMap, { namespace: systemNamespace });
  const left = items.filter(({ metadata }) => gone.has(recordOf(metadata.annotations?.[annotation])?.holderIdentity));
  await Promise.all(
    left.map(async ({ metadata: { name = '', namespace, annotations, resourceVersion = '' } }) => {
      const record = { ...recordOf(annotations?.[annotation]), holderIdentity: '', leaseDurationSeconds: 1 };
      // With its version: whoever has taken it meanwhile keeps it.
      const body = { metadata: { resourceVersion, annotations: { [annotation]: JSON.stringify(record) } } };
      await client.patch(kinds.ConfigMap, name, namespace, body, { type: 'merge' }).catch((error) => {
        if (!isNotFound(error) && error?.status !== 409) throw error;
      });
    }),
  );
  return left.map(({ metadata }) => metadata.name ?? '');
}

function recordOf(text: string | undefined): any {
  try {
    return JSON.parse(text ?? '{}');
  } catch {
    return {};
  }
}
