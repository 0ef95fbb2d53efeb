/** What a primary's istiod says of a cluster that it reads, for those who wait for what it writes there. */
import { type KubeClient, kinds, type Pod } from '../kube/index.ts';
import { type PartContext, systemNamespace } from './part.ts';

const longestMs = 2_500;

/** Why istiod has not read the context's cluster; undefined where it has, or nothing can be known. */
export async function explainSync({ cluster, clientOf, targetOf }: PartContext): Promise<string | undefined> {
  const { name, primary } = cluster;
  const clusters = await clustersOf(clientOf(primary));
  if (!clusters) return undefined;
  const found = clusters.find((one) => one.id === name);
  if (!found) return `istiod of ${primary} does not know the cluster: it has not taken its remote secret`;
  if (found.syncStatus === 'synced') return undefined;
  const error = found.lastError ? ` (${found.lastError})` : '';
  return `istiod of ${primary} has not read the cluster: ${found.syncStatus}${error}; it asks ${targetOf(name).internalServer}`;
}

/** Our istiod shows its pages through the API server; Istio's own inside of its pod alone. */
async function clustersOf(client: KubeClient): Promise<any[] | undefined> {
  const { items } = await client.list<Pod>(kinds.Pod, { namespace: systemNamespace, labelSelector: 'app=istiod' });
  const name = items.find(({ metadata, status }) => !metadata.deletionTimestamp && status?.['phase'] === 'Running')
    ?.metadata.name;
  if (!name) return undefined;
  const path = `/api/v1/namespaces/${systemNamespace}/pods/${name}:8080/proxy/debug/clusterz`;
  const signal = AbortSignal.timeout(longestMs);
  const direct = await client.request('GET', path, { signal }).catch(() => undefined);
  if (Array.isArray(direct)) return direct;
  const { stdout } = await client.exec({
    ...{ namespace: systemNamespace, pod: name, container: 'discovery', timeoutMs: longestMs },
    command: ['pilot-discovery', 'request', 'GET', '/debug/clusterz'],
  });
  const parsed = JSON.parse(stdout);
  return Array.isArray(parsed) ? parsed : undefined;
}
