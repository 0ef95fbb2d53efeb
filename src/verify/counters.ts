/** What the proxies of the sample have counted, read from the proxies themselves. */
import type { VerifyContext } from './fact.ts';
import { nameOf, readyPods, throughApi } from './pods.ts';

/** One series of istio_requests_total at one proxy. */
export interface Counter {
  /** Cluster and pod of the proxy. */
  cluster: string;
  pod: string;
  labels: Record<string, string>;
  count: number;
}

/** Those of the clients and of the servers, in all clusters. */
export async function readCounters(
  context: Pick<VerifyContext, 'mesh' | 'client' | 'signal'>,
  app = 'app in (curl,helloworld)',
): Promise<Counter[]> {
  const { namespace } = context.mesh.sample;
  const all = await Promise.all(
    context.mesh.clusters.map(async ({ name: cluster }) => {
      const pods = await readyPods(context.client(cluster), namespace, app);
      return Promise.all(
        pods.map(async (pod) => {
          const path = `pods/${nameOf(pod)}:15020/proxy/stats/prometheus`;
          const text = String(await throughApi(context, cluster, namespace, path));
          return parseCounters(text).map((one) => ({ cluster, pod: nameOf(pod), ...one }));
        }),
      );
    }),
  );
  return all.flat(2);
}

/** Lines of istio_requests_total; upstream Envoy writes envoy_ before the name. */
export function parseCounters(text: string): Pick<Counter, 'labels' | 'count'>[] {
  return [...text.matchAll(/^(?:envoy_)?istio_requests_total\{(.*)\} (\d+)/gm)].map(([, list = '', count]) => ({
    labels: Object.fromEntries(
      [...list.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [name, value]),
    ),
    count: Number(count),
  }));
}

/** Labels without a value are absent in Prometheus; Istio's own proxies write `unknown`. */
export const labelOf = (counter: Pick<Counter, 'labels'>, name: string): string => counter.labels[name] || 'unknown';

/** Series that have grown, with how much each has; a proxy that started anew counts from zero. */
export function increases(before: Counter[], after: Counter[]): Counter[] {
  const key = ({ cluster, pod, labels }: Counter): string =>
    JSON.stringify([cluster, pod, Object.entries(labels).sort()]);
  const known = new Map(before.map((one) => [key(one), one.count]));
  return after.flatMap((one) => {
    const earlier = known.get(key(one)) ?? 0;
    const count = one.count >= earlier ? one.count - earlier : one.count;
    return count > 0 ? [{ ...one, count }] : [];
  });
}

export const total = (counters: Counter[]): number => counters.reduce((sum, one) => sum + one.count, 0);
