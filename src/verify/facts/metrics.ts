import { systemNamespace } from '../../mesh/index.ts';
import { type MeshCluster, primariesOf, remotesOf } from '../../spec/index.ts';
import { type Counter, increases, labelOf, readCounters, total } from '../counters.ts';
import { type Cause, type Claim, fail, pass, unknown, type Verdict, type VerifyContext } from '../fact.ts';
import { nameOf, readyPods, throughApi } from '../pods.ts';
import { sharedReading } from '../shared-reading.ts';
import { countersBefore, type Destination, destinationsOf, isGood, trafficFrom } from '../traffic.ts';
import { until } from '../until.ts';

/**
 * The primary's Prometheus holds what the proxies of every cluster counted, with the right clusters at both ends. Each series is compared
 * with the proxy that it came from: it must have reached what that proxy had before plus the requests of this run, and cannot be above
 * what the proxy has now.
 */
export function metrics(context: VerifyContext): Claim[] {
  const { mesh } = context;
  if (!mesh.telemetry.enabled) return [];
  return primariesOf(mesh).flatMap((primary) => {
    const members = [primary, ...(mesh.telemetry.federation ? remotesOf(mesh, primary.name) : [])];
    const names = members.map((one) => one.name);
    return names.flatMap((from) =>
      destinationsOf(context, from)
        .map((to) => ({ ...to, clusters: to.clusters.filter((one) => names.includes(one)), all: to.clusters }))
        .filter((to) => to.clusters.length > 0)
        .map((to) => ({
          id: `metrics/${from}-${to.name}`,
          title: `Prometheus of ${primary.name} counts requests from ${from} to ${to.name}`,
          clusters: [from, ...to.clusters],
          expected:
            'istio_requests_total of both reporters, each with the cluster label of its proxy and the same count as there',
          measure: () => measure(context, primary, from, to),
        })),
    );
  });
}

/** Those of the clusters at a destination that the Prometheus federates, and all of them. */
type Counted = Destination & { all: string[] };

async function measure(context: VerifyContext, primary: MeshCluster, from: string, to: Counted): Promise<Verdict> {
  const before = await countersBefore(context);
  const { answers } = await trafficFrom(context, from);
  const answeredBy = (clusters: string[]): number =>
    answers.filter((one) => isGood(one) && clusters.includes(one.cluster ?? '')).length;
  const made = answeredBy(to.clusters);
  // Behind gateways to several clusters all may have gone to those of another federation: then there is nothing to miss.
  if (made === 0 && answeredBy(to.all) === 0) return unknown(`no request of this run went from ${from} to ${to.name}`);
  const pods = await samplePods(context);
  const sides = [
    { reporter: 'source', at: [from] },
    { reporter: 'destination', at: to.clusters },
  ].map((side) => {
    const of = seriesOf(side.reporter, side.at, from, to.clusters, pods);
    // Of what is still counted: a series that began anew in this run, as with other labels, had nothing before.
    return { ...side, of, earlier: (now: Counter[]) => total(of(now)) - total(of(increases(before, now))) };
  });
  // Two scrapes lie between a proxy and the federating Prometheus.
  const withinMs = (context.mesh.telemetry.scrapeIntervalSeconds * 3 + 5 + context.mesh.clusters.length) * 1000;
  // In a mesh of ten clusters a hundred facts ask for the same.
  const look = () =>
    sharedReading(context, `series/${primary.name}`, async () => {
      const seen = await heldSeries(context, primary.name);
      const now = await readCounters(context);
      return { held: seen, counted: seen.filter((one) => isCounted(one, now)), now };
    });
  const { held, counted, now } = await until(
    look,
    (seen) =>
      sides.every(({ of, earlier }) =>
        isWithin(total(of(seen.counted)), earlier(seen.now) + made, total(of(seen.now))),
      ),
    { withinMs, everyMs: 200, signal: context.signal },
  );
  const grown = sides.map(({ of, earlier }) => total(of(counted)) - earlier(now));
  const [source, destination] = grown.map((one) => Math.max(0, one));
  const measured = `${made} requests; counted by the source ${source}, by the destination ${destination}`;
  for (const [index, side] of sides.entries())
    if (grown[index]! < made) return fail(measured, causeOf(primary.name, side, held, from, to));
  for (const { at, of, earlier } of sides)
    if (total(of(counted)) > total(of(now)))
      return fail(measured, {
        why: `the proxies of ${at.join(', ')} counted only ${total(of(now)) - earlier(now)}: their series are taken in twice`,
        fix: targetsOf(primary.name),
      });
  return pass(measured);
}

const isWithin = (value: number, least: number, most: number): boolean => value >= least && value <= most;

/**
 * Those that the proxies of a cluster write as that reporter for that direction. Of pods that are still there, as others have stopped to
 * count; and of their present address: Prometheus shows what a pod counted before it got a new one for five minutes more.
 */
const seriesOf =
  (reporter: string, at: string[], from: string, to: string[], pods: Map<string, string>) =>
  (counters: Counter[]): Counter[] =>
    counters.filter(
      (one) =>
        at.includes(one.cluster) &&
        isOf(one, pods.get(`${one.cluster}/${one.pod}`)) &&
        labelOf(one, 'reporter') === reporter &&
        labelOf(one, 'destination_service_name') === 'helloworld' &&
        labelOf(one, 'source_cluster') === from &&
        to.includes(labelOf(one, 'destination_cluster')),
    );

function isOf({ labels }: Counter, address: string | undefined): boolean {
  const { instance } = labels;
  return address !== undefined && (!instance || instance.slice(0, instance.lastIndexOf(':')) === address);
}

/**
 * Whether a proxy still counts this series. Others go when a proxy's configuration gives them other labels, and Prometheus shows those of a
 * federation for five minutes more. Of a pod that counts nothing it is not known.
 */
function isCounted(series: Counter, now: Counter[]): boolean {
  const ofPod = now.filter(({ cluster, pod }) => cluster === series.cluster && pod === series.pod);
  return ofPod.length === 0 || ofPod.some((one) => haveSameLabels(one, series));
}

/** As far as both have a label: Prometheus may have been told to drop some, and names what is empty. */
const haveSameLabels = (counter: Counter, series: Counter): boolean =>
  Object.keys(counter.labels).every(
    (name) => series.labels[name] === undefined || labelOf(counter, name) === labelOf(series, name),
  );

/** The address of each client and server, by cluster/pod. */
function samplePods(context: VerifyContext): Promise<Map<string, string>> {
  return context.once('pods of the sample', async () => {
    const { clusters, sample } = context.mesh;
    const found = await Promise.all(
      clusters.map(async ({ name }) => {
        const pods = await readyPods(context.client(name), sample.namespace, 'app in (curl,helloworld)');
        return pods.map((pod): [string, string] => [`${name}/${nameOf(pod)}`, pod.status?.podIP ?? '']);
      }),
    );
    return new Map(found.flat());
  });
}

function causeOf(
  primary: string,
  side: { reporter: string; at: string[] },
  held: Counter[],
  from: string,
  destination: Destination,
): Cause {
  const { reporter } = side;
  const [at, to] = [side.at.join(' or '), destination.clusters.join(' or ')];
  const fix = targetsOf(primary);
  const ofReporter = held.filter((one) => labelOf(one, 'reporter') === reporter);
  const ofCluster = ofReporter.filter((one) => side.at.includes(one.cluster));
  if (ofCluster.length > 0) {
    const pairs = ofCluster.map((one) => `${labelOf(one, 'source_cluster')} to ${labelOf(one, 'destination_cluster')}`);
    return destination.clusters.some((one) => pairs.includes(`${from} to ${one}`))
      ? { why: `the series of ${at} are there but lag behind: it is not scraped any more`, fix }
      : { why: `the proxies of ${at} say ${[...new Set(pairs)].join(', ')}, and not ${from} to ${to}`, fix };
  }
  const labels = [...new Set(ofReporter.map((one) => one.cluster))].join(', ');
  const seen = labels ? `; there are those of ${labels}` : '';
  return at === primary
    ? { why: `there is no series with the label cluster=${at}: its own proxies are not scraped${seen}`, fix }
    : { why: `there is no series with the label cluster=${at}: federation or scraping there is broken${seen}`, fix };
}

const targetsOf = (primary: string): string =>
  `look at the targets: kubectl --context ${primary} get --raw /api/v1/namespaces/${systemNamespace}/services/prometheus:9090/proxy/api/v1/targets`;

/** What the primary's Prometheus holds of helloworld, by the cluster label of each series and the pod of its proxy. */
async function heldSeries(context: VerifyContext, primary: string): Promise<Counter[]> {
  const path = 'services/prometheus:9090/proxy/api/v1/query';
  const query = 'istio_requests_total{destination_service_name="helloworld"}';
  const answer = await throughApi(context, primary, systemNamespace, path, { query });
  return (answer.data?.result ?? []).map(({ metric, value }: any) => ({
    cluster: metric.cluster ?? 'unknown',
    pod: metric.pod ?? 'unknown',
    labels: metric,
    count: Number(value[1]),
  }));
}
