import { sampleVersion, systemNamespace } from '../../mesh/index.ts';
import { primariesOf, remotesOf } from '../../spec/index.ts';
import { type Claim, fail, pass, type VerifyContext } from '../fact.ts';
import { trafficFrom } from '../traffic.ts';
import { until } from '../until.ts';

type Pairs = Map<string, number>;

/** The primary's Prometheus holds what the proxies of every cluster counted, with the right clusters at both ends. */
export function metrics(context: VerifyContext): Claim[] {
  const { mesh } = context;
  if (!mesh.telemetry.enabled) return [];
  return primariesOf(mesh).flatMap((primary) => {
    const members = [primary, ...(mesh.telemetry.federation ? remotesOf(mesh, primary.name) : [])];
    return members.flatMap((from) =>
      members.map((to) => ({
        id: `metrics/${from.name}-${to.name}`,
        title: `Prometheus of ${primary.name} counts requests from ${from.name} to ${to.name}`,
        expected:
          'istio_requests_total of both reporters, each with the cluster label of its proxy, at least the requests of this run',
        async measure() {
          const before = await pairsBefore(context, primary.name);
          const { answers } = await trafficFrom(context, from);
          const version = sampleVersion(mesh.clusters.findIndex((one) => one.name === to.name));
          const made = answers.filter((one) => one.version === version).length;
          if (made === 0)
            return {
              status: 'unknown' as const,
              measured: `no request of this run went from ${from.name} to ${to.name}`,
            };
          const keys = [
            `source ${from.name} ${from.name} ${to.name}`,
            `destination ${to.name} ${from.name} ${to.name}`,
          ];
          const more = (pairs: Pairs) => keys.map((key) => (pairs.get(key) ?? 0) - (before.get(key) ?? 0));
          // Two scrapes lie between a proxy and the federating Prometheus.
          const withinMs = (mesh.telemetry.scrapeIntervalSeconds * 3 + 5) * 1000;
          const after = await until(
            () => queryPairs(context, primary.name),
            (pairs) => more(pairs).every((one) => one >= made),
            { withinMs, everyMs: 200, signal: context.signal },
          );
          const [source, destination] = more(after) as [number, number];
          const measured = `${made} requests; counted by the source ${source}, by the destination ${destination}`;
          if (source >= made && destination >= made) return pass(measured);
          const why =
            from.name === to.name && from.name === primary.name
              ? 'its own proxies are not scraped'
              : `series of ${[from, to].find((one) => one.name !== primary.name)?.name} do not arrive: federation or scraping there is broken`;
          return fail(
            measured,
            why,
            `look at the targets: kubectl --context ${primary.name} -n ${systemNamespace} port-forward svc/prometheus 9090`,
          );
        },
      })),
    );
  });
}

const firstAnswers = new WeakMap<VerifyContext, Map<string, Promise<Pairs>>>();

/** Read once, before the traffic of this run. */
export function pairsBefore(context: VerifyContext, primary: string): Promise<Pairs> {
  const known = firstAnswers.get(context) ?? new Map<string, Promise<Pairs>>();
  firstAnswers.set(context, known);
  const first = known.get(primary) ?? queryPairs(context, primary);
  known.set(primary, first);
  return first;
}

/** Requests to helloworld by reporter, the cluster label of the series, source cluster and destination cluster. */
async function queryPairs(context: VerifyContext, primary: string): Promise<Pairs> {
  const query = `sum by (reporter, cluster, source_cluster, destination_cluster) (istio_requests_total{destination_service_name="helloworld",source_workload="curl"})`;
  const answer = await context
    .client(primary)
    .request('GET', `/api/v1/namespaces/${systemNamespace}/services/prometheus:9090/proxy/api/v1/query`, {
      query: { query },
    });
  return new Map(
    (answer.data?.result ?? []).map(({ metric, value }: any) => [
      `${metric.reporter} ${metric.cluster} ${metric.source_cluster} ${metric.destination_cluster}`,
      Number(value[1]),
    ]),
  );
}
