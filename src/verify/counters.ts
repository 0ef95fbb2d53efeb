/** What the destination proxies of the sample have counted, read from the proxies themselves. */
import type { Mesh } from '../spec/index.ts';
import type { Counter, Counters, VerifyContext } from './fact.ts';
import { findPod } from './traffic.ts';

export async function readCounters(context: Pick<VerifyContext, 'mesh' | 'client'>): Promise<Counters> {
  const all = await Promise.all(
    context.mesh.clusters.map((cluster) => readCluster(context.mesh, cluster.name, context)),
  );
  return all.flat();
}

async function readCluster(mesh: Mesh, cluster: string, context: Pick<VerifyContext, 'client'>): Promise<Counters> {
  const client = context.client(cluster);
  const { namespace } = mesh.sample;
  const pod = await findPod(client, namespace, 'app=helloworld');
  const text: string = await client.request(
    'GET',
    `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}:15020/proxy/stats/prometheus`,
    { accept: 'text/plain, */*' },
  );
  return parseCounters(text, cluster);
}

/** Lines of istio_requests_total with reporter destination; upstream Envoy writes envoy_ before the name. */
export function parseCounters(text: string, cluster: string): Counters {
  const counters: Counter[] = [];
  for (const [, labels = '', value] of text.matchAll(/^(?:envoy_)?istio_requests_total\{(.*)\} (\d+)/gm)) {
    const label = (name: string): string => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? 'unknown';
    if (label('reporter') !== 'destination') continue;
    counters.push({
      destinationCluster: cluster,
      sourceCluster: label('source_cluster'),
      sourcePrincipal: label('source_principal'),
      security: label('connection_security_policy'),
      count: Number(value),
    });
  }
  return counters;
}

/** How many more requests there are now that match. */
export function increase(before: Counters, after: Counters, matches: (counter: Counter) => boolean): number {
  const sum = (counters: Counters) => counters.filter(matches).reduce((total, one) => total + one.count, 0);
  return sum(after) - sum(before);
}
