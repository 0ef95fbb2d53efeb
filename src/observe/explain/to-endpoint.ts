/** From an endpoint to the pod behind it: directly, or through an east-west gateway. */
import { nameText } from './config.ts';
import type { ProxyDump } from './envoy/dump.ts';
import type { Endpoint } from './envoy/endpoints.ts';
import { sentAlpn, type UpstreamTls, upstreamTls } from './envoy/tls.ts';
import { endpointsIn, podAt, type ServiceView } from './service.ts';
import type { ReachedCluster } from './steps/cluster.ts';
import { gatewayAt, gatewayStep, type NetworkGateway } from './steps/gateway.ts';
import { arrive } from './steps/inbound.ts';
import type { Routed } from './steps/route.ts';
import { tlsStep } from './steps/tls.ts';
import { endOf, type Trace } from './trace.ts';
import type { End } from './types.ts';
import { ending, forked, joined, mostFollowed, type Way } from './way.ts';

export interface Outbound {
  dump: ProxyDump;
  manager: any;
  routed: Routed | undefined;
  address: string;
  service: ServiceView | undefined;
}

export async function toEndpoint(
  trace: Trace,
  outbound: Outbound,
  reached: ReachedCluster,
  endpoint: Endpoint,
  several: boolean,
): Promise<{ label: string; way: Way }> {
  const { facts, client } = trace;
  const tls = upstreamTls(reached.cluster, endpoint);
  const alpn = sentAlpn(outbound.manager, reached.cluster, tls);
  const gateway = await gatewayAt(facts, endpoint);
  const cluster = gateway?.cluster ?? (await facts.clusterNamed(endpoint.workload.clusterId)) ?? client.cluster;
  const pod = gateway
    ? undefined
    : await podAt(trace.facts, cluster, endpoint.address, endpoint.workload.namespace || reached.service?.namespace);
  const shown = await tlsStep(trace, reached, endpoint, tls, alpn, cluster, pod);
  const label = gateway
    ? `gateway of ${cluster} (${endpoint.address}:${endpoint.port})`
    : `${pod?.metadata.name ?? endpoint.address} in ${cluster} (${endpoint.address}:${endpoint.port})`;
  const retried = several && Boolean(outbound.routed?.retryOn.includes('connect-failure'));
  const send = { trace, outbound, tls, alpn, plainBecause: shown.plainBecause, plainFix: shown.plainFix };
  if (gateway) return { label, way: joined([shown.step], await throughGateway(send, gateway, endpoint, retried)) };
  if (!pod) return { label, way: ending([shown.step], await nobody(trace, cluster, endpoint, reached, retried)) };
  const { steps, end } = await arrive(trace, {
    ...send,
    cluster,
    pod,
    port: endpoint.port,
    retried,
    clientDump: outbound.dump,
    throughGateway: false,
  });
  return { label, way: ending([shown.step, ...steps], end) };
}

/** An address that no pod has. A Service may have such endpoints: somebody wrote them by hand. */
async function nobody(
  trace: Trace,
  cluster: string,
  { address, port, workload }: Endpoint,
  { service, entry }: ReachedCluster,
  retried: boolean,
): Promise<End> {
  if (entry) return endOf('reaches', `${address}:${port}, outside of the mesh, by ${nameText(entry)}`);
  if (!service) return endOf('unknown', `${address}:${port} is outside of the clusters that are known here`);
  const { clusterId } = workload;
  if (clusterId && !(await trace.facts.clusterNamed(clusterId)))
    return endOf(
      'unknown',
      `it goes to ${address}:${port} of cluster ${clusterId}, which is not among those looked at`,
    );
  if (trace.facts.isUnread(cluster))
    return endOf('unknown', `it goes to ${address}:${port} of ${cluster}, which cannot be read`);
  const written = (await endpointsIn(trace.facts, service, cluster)).find((one) => one.address === address && !one.pod);
  if (written) return endOf('reaches', `${address}:${port}, no pod, by EndpointSlice ${written.slice.metadata.name}`);
  const foreign = cluster !== trace.client.cluster && (await trace.facts.networkOf(cluster)) !== trace.client.network;
  const text = foreign
    ? `${address} is a pod address of another network: nothing leads there`
    : `no pod has the address ${address}`;
  return endOf('fails', text, { status: 503, flag: 'UF', retried });
}

interface Sending {
  trace: Trace;
  outbound: Outbound;
  tls: UpstreamTls;
  alpn: string[];
  plainBecause: string;
  plainFix?: string | undefined;
}

async function throughGateway(
  send: Sending,
  gateway: NetworkGateway,
  endpoint: Endpoint,
  retried: boolean,
): Promise<Way> {
  const { trace, outbound, tls, alpn } = send;
  const passed = await gatewayStep(trace, gateway, endpoint, tls, alpn, retried);
  if (passed.end) return ending([passed.step], passed.end);
  const followed = passed.endpoints.filter((one) => one.share > 0).slice(0, mostFollowed);
  const ways = await Promise.all(
    followed.map(async (one): Promise<{ label: string; share: number; way: Way }> => {
      const cluster = (await trace.facts.clusterNamed(one.workload.clusterId)) ?? gateway.cluster;
      const pod = await podAt(trace.facts, cluster, one.address, one.workload.namespace || undefined);
      const label = `${pod?.metadata.name ?? one.address} in ${cluster} (${one.address}:${one.port})`;
      if (!pod)
        return {
          label,
          share: one.share,
          way: ending(
            [],
            endOf('fails', `no pod of ${cluster} has the address ${one.address}`, { status: 503, flag: 'UF' }),
          ),
        };
      const { steps, end } = await arrive(trace, {
        ...send,
        cluster,
        pod,
        port: one.port,
        retried,
        clientDump: outbound.dump,
        throughGateway: true,
      });
      return { label, share: one.share, way: ending(steps, end) };
    }),
  );
  return forked([passed.step], ways);
}
