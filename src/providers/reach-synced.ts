/** What an istiod that runs already says of the clusters that it reads: no pod has to try what it has done. */
import { KubeClient, kinds, type Pod } from '../kube/index.ts';
import type { ProvidedCluster } from './provided-cluster.ts';

const namespace = 'istio-system';
const longestMs = 5_000;

/** Names of those targets that it has synced at this address. None where it does not run, or does not say. */
export async function knowsSynced(
  from: ProvidedCluster,
  targets: ProvidedCluster[],
  signal?: AbortSignal,
): Promise<Set<string>> {
  await using client = new KubeClient({ ...from.connection, name: from.name });
  const asked = await Promise.all([syncedBy(client, signal), addressesOf(client)]).catch(() => undefined);
  const [synced, addresses] = asked ?? [[], new Map<string, string>()];
  const isKnown = ({ name, internalServer }: ProvidedCluster): boolean =>
    synced.includes(name) && addresses.get(name)?.includes(internalServer) === true;
  return new Set(targets.filter(isKnown).map((one) => one.name));
}

async function syncedBy(client: KubeClient, signal?: AbortSignal): Promise<string[]> {
  const { items } = await client.list<Pod>(kinds.Pod, { namespace, labelSelector: 'app=istiod' });
  const pod = items.find(({ metadata, status }) => !metadata.deletionTimestamp && status?.['phase'] === 'Running');
  const { name } = pod?.metadata ?? {};
  if (!name) return [];
  const late = AbortSignal.timeout(longestMs);
  const path = `/api/v1/namespaces/${namespace}/pods/${name}:8080/proxy/debug/clusterz`;
  const direct = await client
    .request('GET', path, { signal: signal ? AbortSignal.any([signal, late]) : late })
    .catch(() => undefined);
  if (Array.isArray(direct)) return namesOf(direct);
  // Istio's own shows it inside of its pod alone.
  const { stdout } = await client.exec({
    ...{ namespace, pod: name, container: 'discovery', timeoutMs: longestMs },
    command: ['pilot-discovery', 'request', 'GET', '/debug/clusterz'],
    ...(signal ? { signal } : {}),
  });
  return namesOf(JSON.parse(stdout));
}

const namesOf = (clusters: any[]): string[] =>
  clusters.filter((one) => one.syncStatus === 'synced').map((one) => one.id);

/** The kubeconfigs by which it reads them, by the names of the clusters. */
async function addressesOf(client: KubeClient): Promise<Map<string, string>> {
  const { items } = await client.list(kinds.Secret, { namespace, labelSelector: 'istio/multiCluster=true' });
  const entries = items.flatMap((secret) => Object.entries((secret['data'] ?? {}) as Record<string, string>));
  return new Map(entries.map(([name, data]) => [name, Buffer.from(data, 'base64').toString('utf8')]));
}
