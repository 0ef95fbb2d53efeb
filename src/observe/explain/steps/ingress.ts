/** A request that comes to a gateway from outside: behind which address it stands, and which server of which Gateway takes it. */
import { type KubeObject, kinds, type Service } from '../../../kube/index.ts';
import { decision } from '../config.ts';
import { managerOf, type ProxyDump, targetsOf } from '../envoy/dump.ts';
import { boundListener, filterChainFor } from '../envoy/listeners.ts';
import type { MeshFacts } from '../facts.ts';
import { selects, specificity } from '../istio/hosts.ts';
import { endOf, step, type Trace } from '../trace.ts';
import { type NetworkGateway, podsBehind } from './gateway.ts';
import { connectionOf, type Listened } from './listener.ts';

/** The Service of any cluster that has the address from outside, as load balancers and external IPs are. */
export async function publishedAt(
  facts: MeshFacts,
  address: string,
  port: number,
): Promise<NetworkGateway | undefined> {
  const services = await facts.everywhere<Service>(kinds.Service);
  const found = services.find(
    ({ object }) =>
      (object.spec['ports'] ?? []).some((one: any) => one.port === port) &&
      [
        ...(object.status?.loadBalancer?.ingress ?? []).map((one) => one.ip ?? one.hostname ?? ''),
        ...(object.spec['externalIPs'] ?? []),
      ].includes(address),
  );
  return found && { cluster: found.cluster, service: found.object, network: '', address, port };
}

/** Ports of a gateway are those of its Service; its proxy listens where that leads. */
async function boundPort({ facts, client, to }: Trace): Promise<number> {
  const { cluster, namespace, object } = client;
  const services = await facts.list<Service>(cluster, kinds.Service, { namespace });
  const service = services.find(
    (one) =>
      selects(one.spec['selector'], object.metadata.labels) &&
      (one.spec['ports'] ?? []).some((port: any) => port.port === to.port),
  );
  if (!service) return to.port;
  return (await podsBehind(facts, { cluster, service, network: '', address: '', port: to.port })).targetPort;
}

export async function ingressStep(trace: Trace, dump: ProxyDump): Promise<Listened> {
  const { client, to, config } = trace;
  const port = await boundPort(trace);
  const at = { cluster: client.cluster, namespace: client.namespace, pod: client.pod };
  const made = step({ kind: 'listener', at, title: '' });
  const host = trace.headers['host'] ?? to.host;
  const servers = serversFor(config.gateways, trace, host);
  for (const { gateway, index, says } of servers)
    made.decisions.push(
      decision(config.cluster ?? client.cluster, { ...gateway, kind: 'Gateway' }, says, `spec.servers[${index}]`),
    );
  const listener = boundListener(dump, port);
  const chain = listener && filterChainFor(listener, { ...connectionOf(trace, ''), port });
  if (!chain) {
    made.title = `the gateway takes no ${to.scheme} connection to port ${to.port} for ${host}`;
    made.deviations.push({
      code: 'gateway-no-chain',
      severity: 'error',
      message: listener
        ? `Listener ${listener.name} has no filter chain for ${to.scheme === 'https' ? `server name ${to.host}` : to.scheme}.`
        : `No server of a Gateway that selects ${client.workload} and has a route is on port ${to.port}.`,
      fix: `kubectl --context ${config.cluster ?? client.cluster} get gateways,virtualservices -A`,
    });
    return { step: made, end: endOf('fails', 'the gateway closes the connection', { status: 0, flag: 'NR' }) };
  }
  made.envoy = { resource: 'listener', name: listener.name };
  const manager = managerOf(chain);
  made.title = `${listener.name} takes what comes to port ${to.port} ${manager ? 'as HTTP' : 'as TCP'}`;
  const names: string[] = chain.filter_chain_match?.server_names ?? [];
  if (names.length > 0) made.details.push(`filter chain for ${names.join(', ')}`);
  if (chain.transport_socket) made.details.push(tlsText(chain.transport_socket.typed_config));
  return manager ? { step: made, listener, manager } : { step: made, listener, tcp: targetsOf(chain) };
}

function tlsText(context: any): string {
  const common = context?.common_tls_context ?? {};
  const names = (common.tls_certificate_sds_secret_configs ?? []).map((one: any) => one.name);
  return `TLS ends here, with ${names.join(', ')}${context?.require_client_certificate ? '; the client must have a certificate' : ''}`;
}

/** Servers of Gateways that select the pod, are on the port, and have the host. */
function serversFor(
  gateways: KubeObject[],
  { client, to }: Trace,
  host: string,
): { gateway: KubeObject; index: number; says: string }[] {
  return gateways
    .filter((one) => selects(one['spec']?.selector, client.object.metadata.labels))
    .flatMap((gateway) =>
      (gateway['spec']?.servers ?? []).flatMap((server: any, index: number) => {
        const hosts: string[] = (server.hosts ?? []).map((one: string) => one.split('/').at(-1)!);
        if (server.port?.number !== to.port || !hosts.some((one) => one === '*' || specificity(one, host) > 0))
          return [];
        const mode = server.tls?.mode ? `, TLS ${server.tls.mode}` : '';
        return [{ gateway, index, says: `${server.port.protocol} for ${hosts.join(', ')}${mode}` }];
      }),
    );
}
