/** What happens without a proxy at the client's side: the cluster's own service proxy, which knows endpoints of its own cluster alone. */
import type { Pod } from '../../kube/index.ts';
import { decision, nameText, referenceOf } from './config.ts';
import { plainText } from './envoy/tls.ts';
import { endpointsIn, podAt, portOf, type ServiceView } from './service.ts';
import { arrive } from './steps/inbound.ts';
import { endOf, plural, step, type Trace } from './trace.ts';
import { ending, forked, mostFollowed, type Way } from './way.ts';

export async function withoutProxy(
  trace: Trace,
  addresses: string[],
  service: ServiceView | undefined,
  why: string,
  fix?: string,
): Promise<Way> {
  const { client, facts, to } = trace;
  const { cluster } = client;
  const made = step({ kind: 'endpoints', at: { cluster }, title: '' });
  const object = service?.byCluster.get(cluster);
  const port = portOf(object, to.port);
  let targets: { pod: Pod | undefined; address: string; port: number }[];
  if (service && object) {
    const endpoints = port
      ? (await endpointsIn(facts, service, cluster)).filter((one) => one.portName === (port.name ?? '') && one.isReady)
      : [];
    targets = await Promise.all(
      endpoints.map(async (one) => ({
        pod: await podAt(trace.facts, cluster, one.address, undefined),
        address: one.address,
        port: one.port,
      })),
    );
    made.title = `${plural(targets.length, 'endpoint')} of ${cluster} alone, by its own service proxy`;
    made.decisions.push(decision(cluster, { ...object, kind: 'Service' }, 'endpoints of its own cluster'));
  } else {
    const [address = ''] = addresses;
    const pod = address ? await podAt(trace.facts, cluster, address, undefined) : undefined;
    targets = pod ? [{ pod, address, port: to.port }] : [];
    made.title = pod ? `pod ${pod.metadata.name}` : 'outside of the clusters that are known here';
    if (!pod) return ending([made], endOf('unknown', `${to.host} is outside of the clusters that are known here`));
  }
  if (targets.length === 0) {
    if (service && object)
      made.deviations.push({
        code: port ? 'no-endpoints' : 'port-not-declared',
        severity: 'error',
        message: port
          ? `${nameText(referenceOf(cluster, { ...object, kind: 'Service' }))} has no ready endpoint in ${cluster}.`
          : `${nameText(referenceOf(cluster, { ...object, kind: 'Service' }))} does not declare port ${to.port}.`,
      });
    return ending([made], endOf('fails', 'nobody answers at the address', { status: 0 }));
  }
  const ways = await Promise.all(
    targets.slice(0, mostFollowed).map(async (one) => {
      const label = `${one.pod?.metadata.name ?? one.address} in ${cluster} (${one.address}:${one.port})`;
      if (!one.pod)
        return { label, share: 1 / targets.length, way: ending([], endOf('unknown', `${one.address} is no pod`)) };
      const { steps, end } = await arrive(trace, {
        cluster,
        pod: one.pod,
        port: one.port,
        tls: plainText,
        alpn: [],
        retried: false,
        clientDump: undefined,
        plainBecause: why,
        plainFix: fix,
        throughGateway: false,
      });
      return { label, share: 1 / targets.length, way: ending(steps, end) };
    }),
  );
  return forked([made], ways);
}
