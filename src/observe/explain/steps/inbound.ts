/** The server's side: its proxy's filter chain, mutual TLS, who is let in, and the application. */
import type { Pod } from '../../../kube/index.ts';
import { handshake } from '../certificates.ts';
import { decision, type IstioConfig, nameText, notRead, readConfig, referenceOf } from '../config.ts';
import { managerOf, type ProxyDump, tcpProxyOf } from '../envoy/dump.ts';
import { boundListener, filterChainFor } from '../envoy/listeners.ts';
import { downstreamTls, type UpstreamTls } from '../envoy/tls.ts';
import { type MtlsDecision, mtlsModeOf } from '../istio/peer-authentication.ts';
import { proxyContainer, workloadOf } from '../pods.ts';
import { readProxy } from '../proxies.ts';
import { endOf, step, type Trace } from '../trace.ts';
import type { End, Step } from '../types.ts';
import { authorizationStep } from './authorization.ts';
import { missingSidecar } from './client.ts';

export interface Arrival {
  cluster: string;
  pod: Pod;
  port: number;
  tls: UpstreamTls;
  alpn: string[];
  /** Of the client's proxy; undefined where the client has none. */
  clientDump: ProxyDump | undefined;
  /** Why the client sends plain text, for the case that it is refused. */
  plainBecause: string;
  /** The object to change for that. */
  plainFix?: string | undefined;
  /** The client's proxy tries another endpoint when it cannot connect. */
  retried: boolean;
  /** The connection has come through a gateway, whose address the server sees. */
  throughGateway: boolean;
}

export async function arrive(trace: Trace, arrival: Arrival): Promise<{ steps: Step[]; end: End }> {
  const { cluster, pod, port, tls } = arrival;
  const { name = '', namespace = '' } = pod.metadata;
  const at = { cluster, namespace, pod: name };
  const made = step({ kind: 'inbound', at, title: '' });
  const config = await trace.facts.once(`config ${cluster}`, () => readConfig(trace.facts, cluster));
  if (!proxyContainer(pod)) {
    made.title = `${name} has no proxy`;
    made.deviations.push(await missingSidecar(trace, cluster, pod));
    if (tls.kind === 'none')
      return {
        steps: [made, application(at, port, pod)],
        end: endOf('reaches', `${workloadOf(pod)} in ${cluster}, in plain text`),
      };
    return {
      steps: [made],
      end: endOf('fails', 'the application is sent TLS that it does not speak', { status: 503, flag: 'UF' }),
    };
  }
  const read = await readProxy(trace.facts, cluster, namespace, name);
  if (!('dump' in read)) {
    made.title = `the proxy of ${name} cannot be read`;
    made.deviations.push({
      code: 'proxy-unreadable',
      severity: 'warning',
      message: `The configuration of the proxy of ${cluster}/${namespace}/${name} cannot be read: ${read.why}.`,
    });
    return { steps: [made], end: endOf('unknown', "what the server's proxy does is not known") };
  }
  const listener = read.dump.listeners.get('virtualInbound') ?? boundListener(read.dump, 15_006);
  const mode = mtlsModeOf(
    config.peerAuthentications,
    { namespace, labels: pod.metadata.labels ?? {} },
    port,
    config.rootNamespace,
  );
  explainMode(config, made, mode, namespace, cluster);
  made.envoy = { resource: 'listener', name: listener?.name ?? 'virtualInbound' };
  const chain =
    listener &&
    filterChainFor(listener, {
      address: pod['status']?.podIP ?? '',
      port,
      transport: tls.kind === 'none' ? 'raw_buffer' : 'tls',
      serverName: tls.sni || undefined,
      applicationProtocols: tls.kind === 'none' ? (trace.to.scheme === 'http' ? ['http/1.1'] : []) : arrival.alpn,
    });
  if (!chain) return refused(made, arrival, mode, config);
  const terminated = downstreamTls(chain);
  const http = managerOf(chain) !== undefined;
  made.title = `${listener.name} of ${name}: ${chain.name ?? 'chain'} takes ${tls.kind === 'none' ? 'plain text' : terminated.terminates ? 'mutual TLS' : 'TLS, without ending it'}`;
  if (tls.kind !== 'none' && !terminated.terminates && tls.kind === 'mutual')
    return notEnded(made, mode, config, cluster);
  let identity: string | undefined;
  if (terminated.mutual && arrival.clientDump) {
    const { client } = trace;
    const shaken = handshake(
      {
        dump: arrival.clientDump,
        at: { cluster: client.cluster, namespace: client.namespace, pod: client.pod },
        accepts: tls.serverNames,
      },
      { dump: read.dump, at, accepts: terminated.clientNames },
    );
    made.details.push(...shaken.details);
    made.deviations.push(...shaken.deviations);
    if (shaken.deviations.length > 0)
      return {
        steps: [made],
        end: endOf('fails', 'the TLS handshake fails', { status: 503, flag: 'UF', retried: arrival.retried }),
      };
    identity = shaken.clientIdentity;
  }
  const [authorized, end] = authorizationStep(trace, config, arrival, at, identity, chain, http);
  if (end) return { steps: [made, authorized], end };
  const to =
    (http
      ? managerOf(chain)?.route_config?.virtual_hosts?.[0]?.routes?.[0]?.route?.cluster
      : tcpProxyOf(chain)?.cluster) ?? '';
  const app = application(at, port, pod);
  if (to) app.envoy = { resource: 'cluster', name: to };
  return { steps: [made, authorized, app], end: endOf('reaches', `${workloadOf(pod)} in ${cluster}`) };
}

function application(at: Step['at'], port: number, pod: Pod): Step {
  const made = step({ kind: 'application', at, title: `port ${port} of ${workloadOf(pod)}` });
  made.decisions.push(
    decision(
      at.cluster,
      { ...pod, kind: 'Pod' },
      `container ${(pod.spec['containers'] ?? [])
        .map((one: any) => one.name)
        .filter((one: string) => one !== 'istio-proxy')
        .join(', ')}`,
    ),
  );
  return made;
}

function explainMode(config: IstioConfig, made: Step, mode: MtlsDecision, namespace: string, cluster: string): void {
  if (mode.object)
    made.decisions.push(
      decision(
        config.cluster ?? cluster,
        { ...mode.object, kind: 'PeerAuthentication' },
        `mutual TLS ${mode.mode}`,
        mode.field,
      ),
    );
  else made.details.push('no PeerAuthentication: mutual TLS PERMISSIVE, by default');
  const concerning = config.elsewhere.filter(
    (one) =>
      one.cluster === cluster &&
      one.object.kind === 'PeerAuthentication' &&
      [namespace, config.rootNamespace].includes(one.object.metadata.namespace ?? ''),
  );
  made.deviations.push(...concerning.map((one) => notRead(config, one.cluster, one.object)));
}

/** Plain text where TLS is demanded: no chain takes it. */
function refused(made: Step, arrival: Arrival, mode: MtlsDecision, config: IstioConfig): { steps: Step[]; end: End } {
  const { cluster, pod, tls, plainBecause, plainFix } = arrival;
  const reference =
    mode.object && referenceOf(config.cluster ?? cluster, { ...mode.object, kind: 'PeerAuthentication' });
  made.title = `no filter chain of ${pod.metadata.name} takes ${tls.kind === 'none' ? 'plain text' : 'this TLS'} on port ${arrival.port}`;
  const strict = mode.mode === 'STRICT' && reference;
  made.deviations.push({
    code: tls.kind === 'none' ? 'tls-clash' : 'no-listener-chain',
    severity: 'error',
    message:
      tls.kind === 'none'
        ? `The client sends plain text (${plainBecause}) and the server demands mutual TLS (${strict ? `${nameText(reference)}: STRICT` : 'by its filter chains'}).`
        : `The server's proxy has no filter chain for the client's TLS (ALPN ${arrival.alpn.join(', ')}).`,
    ...(reference ? { object: reference } : {}),
    ...(plainFix
      ? { fix: plainFix }
      : strict
        ? {
            fix: `kubectl --context ${reference.cluster} -n ${reference.namespace} patch peerauthentication ${reference.name} --type=merge -p '{"spec":{"mtls":{"mode":"PERMISSIVE"}}}'`,
          }
        : {}),
  });
  return {
    steps: [made],
    end: endOf('fails', "the server's proxy closes the connection", {
      status: arrival.clientDump ? 503 : 0,
      flag: 'UC',
    }),
  };
}

/** The client begins mutual TLS and the server's proxy hands the bytes to the application. */
function notEnded(made: Step, mode: MtlsDecision, config: IstioConfig, cluster: string): { steps: Step[]; end: End } {
  const reference =
    mode.object && referenceOf(config.cluster ?? cluster, { ...mode.object, kind: 'PeerAuthentication' });
  made.deviations.push({
    code: 'tls-clash',
    severity: 'error',
    message: `The client sends Istio's mutual TLS and the server's proxy does not end it${reference ? ` (${nameText(reference)}: ${mode.mode})` : ''}.`,
    ...(reference
      ? {
          object: reference,
          fix: `kubectl --context ${reference.cluster} -n ${reference.namespace} edit peerauthentication ${reference.name}`,
        }
      : {}),
  });
  return {
    steps: [made],
    end: endOf('fails', 'the application is sent TLS that it does not speak', { status: 503, flag: 'UF' }),
  };
}
