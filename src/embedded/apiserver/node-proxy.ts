/** Requests that the API server passes on: to the kubelet of a pod's node, or to pods, services and nodes themselves. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { messageOf } from '../../errors/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import type { ApiRequest, ServerContext } from './context.ts';
import { badRequest, notFound, StatusError } from './status.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  stream: IncomingMessage;
}

interface KubeletAddress {
  host: string;
  port: number;
}

const agents = new WeakMap<ServerContext, Agent>();

function agentOf(context: ServerContext): Agent {
  const known = agents.get(context);
  if (known) return known;
  const { certPem, keyPem, caPem } = context.kubeletClient;
  const made = new Agent({ keepAlive: true, cert: certPem, key: keyPem, ca: caPem });
  agents.set(context, made);
  context.signal.addEventListener('abort', () => made.destroy());
  return made;
}

export function findPod(context: ServerContext, namespace: string, name: string): KubeObject {
  const pod = context.storage.get('/pods', namespace, name)?.object;
  if (!pod) throw notFound({ group: '', plural: 'pods' }, name);
  return pod;
}

function kubeletOf(context: ServerContext, pod: KubeObject): KubeletAddress {
  const nodeName = pod['spec']?.nodeName;
  if (!nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return kubeletOfNode(context, nodeName);
}

function kubeletOfNode(context: ServerContext, nodeName: string): KubeletAddress {
  const node = context.storage.get('/nodes', undefined, nodeName)?.object;
  if (!node) throw notFound({ group: '', plural: 'nodes' }, nodeName);
  const host = (node['status']?.addresses ?? []).find((one: any) => one.type === 'InternalIP')?.address;
  if (!host) throw new StatusError(500, 'InternalError', `no preferred addresses found; known addresses: []`);
  return { host, port: node['status']?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10_250 };
}

/** The container that a request means: the one it names, or the only one, or the default one. */
export function chooseContainer(pod: KubeObject, asked: string | null): string {
  const spec = pod['spec'];
  const all: string[] = [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ].map((one: any) => one.name);
  if (asked) {
    if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`);
    return asked;
  }
  const preferred = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  if (preferred && all.includes(preferred)) return preferred;
  const containers: string[] = (spec.containers ?? []).map((one: any) => one.name);
  if (containers.length === 1) return containers[0]!;
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${containers.join(' ')}]`,
  );
}

/** pods/log. */
export async function podLogs(
  context: ServerContext,
  request: ApiRequest,
  namespace: string,
  name: string,
): Promise<Answer> {
  const pod = findPod(context, namespace, name);
  const container = chooseContainer(pod, request.query.get('container'));
  const statuses = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'];
  const status = statuses.flatMap((list) => pod['status']?.[list] ?? []).find((one: any) => one.name === container);
  const waiting = status?.state?.waiting?.reason;
  if (waiting && !status.lastState?.terminated && request.query.get('previous') !== 'true')
    throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ${waiting}`);
  const query = new URLSearchParams(request.query);
  query.delete('container');
  return callKubelet(context, kubeletOf(context, pod), `/containerLogs/${namespace}/${name}/${container}?${query}`);
}

function callKubelet(
  context: ServerContext,
  kubelet: KubeletAddress,
  path: string,
  request?: ApiRequest,
): Promise<Answer> {
  return forward(
    httpsRequest({
      host: kubelet.host,
      port: kubelet.port,
      path,
      method: request?.method ?? 'GET',
      agent: agentOf(context),
      headers: passedHeaders(request),
    }),
    request,
  );
}

/** What a kubelet answers to us ourselves. @throws StatusError when it does not. */
export async function kubeletJson(context: ServerContext, nodeName: string, path: string): Promise<any> {
  const { status, stream } = await callKubelet(context, kubeletOfNode(context, nodeName), path);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  if (status !== 200)
    throw new StatusError(502, 'BadGateway', `the kubelet of ${nodeName} answered ${status} to ${path}`);
  return JSON.parse(text);
}

const streamNames = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' };

/** What a client asks for, in the kubelet's own words: these are other ones than the API's. */
function kubeletQuery(asked: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, kubeletName] of Object.entries(streamNames))
    if (['true', '1'].includes(asked.get(name) ?? '')) query.set(kubeletName, '1');
  for (const word of asked.getAll('command')) query.append('command', word);
  for (const port of asked.getAll('ports')) query.append('port', port);
  return query;
}

/** Headers of one connection do not belong to the next, nor do our caller's credentials. */
function passedHeaders(request: ApiRequest | undefined): Record<string, string | string[]> {
  const dropped = new Set([
    'host',
    'connection',
    'authorization',
    'transfer-encoding',
    'upgrade',
    'keep-alive',
    'accept-encoding',
    'content-length',
  ]);
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request?.headers ?? {}))
    if (value !== undefined && !name.startsWith(':') && !dropped.has(name)) headers[name] = value;
  return headers;
}

function forward(call: ClientRequest, request: ApiRequest | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    call.on('response', (stream) => resolve({ status: stream.statusCode ?? 502, headers: stream.headers, stream }));
    call.on('error', (error) =>
      reject(new StatusError(503, 'ServiceUnavailable', `error trying to reach service: ${messageOf(error)}`)),
    );
    call.setTimeout(30_000, () => call.destroy(new Error('dial timed out')));
    if (!request || request.method === 'GET' || request.method === 'HEAD') call.end();
    else
      request.rawBody().then(
        (body) => call.end(body),
        (error) => call.destroy(error),
      );
  });
}

/** pods/proxy: `[scheme:]name[:port]`. */
export function proxyToPod(
  context: ServerContext,
  request: ApiRequest,
  namespace: string,
  target: string,
  rest: string,
): Promise<Answer> {
  const { scheme, name, port } = splitTarget(target);
  const pod = findPod(context, namespace, name);
  const host = pod['status']?.podIP;
  if (!host) throw new StatusError(503, 'ServiceUnavailable', `pod "${name}" has no address yet`);
  const ports: any[] = (pod['spec'].containers ?? []).flatMap((one: any) => one.ports ?? []);
  const number =
    port === ''
      ? (ports[0]?.containerPort ?? 80)
      : (ports.find((one) => one.name === port)?.containerPort ?? Number(port));
  return proxyTo(request, scheme, host, number, rest);
}

/** services/proxy: to one ready endpoint of the service. */
export function proxyToService(
  context: ServerContext,
  request: ApiRequest,
  namespace: string,
  target: string,
  rest: string,
): Promise<Answer> {
  const { scheme, name, port } = splitTarget(target);
  const service = context.storage.get('/services', namespace, name)?.object;
  if (!service) throw notFound({ group: '', plural: 'services' }, name);
  const ports: any[] = service['spec'].ports ?? [];
  const chosen = port === '' ? ports[0] : ports.find((one) => one.name === port || String(one.port) === port);
  if (!chosen)
    throw new StatusError(503, 'ServiceUnavailable', `no service port "${port}" found for service "${name}"`);
  const slices = context.storage
    .list('discovery.k8s.io/endpointslices', namespace)
    .map(({ object }) => object)
    .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === name);
  const candidates = slices.flatMap((slice) =>
    (slice['ports'] ?? [])
      .filter((one: any) => (one.name ?? '') === (chosen.name ?? ''))
      .flatMap((one: any) =>
        (slice['endpoints'] ?? [])
          .filter((endpoint: any) => endpoint.conditions?.ready !== false)
          .flatMap((endpoint: any) => endpoint.addresses.map((address: string) => ({ address, port: one.port }))),
      ),
  );
  const endpoint = candidates[Math.floor(Math.random() * candidates.length)];
  if (!endpoint) throw new StatusError(503, 'ServiceUnavailable', `no endpoints available for service "${name}"`);
  return proxyTo(request, scheme, endpoint.address, endpoint.port, rest);
}

export function proxyToNode(
  context: ServerContext,
  request: ApiRequest,
  target: string,
  rest: string,
): Promise<Answer> {
  const { name } = splitTarget(target);
  return callKubelet(context, kubeletOfNode(context, name), withQuery(request, rest), request);
}

function splitTarget(target: string): { scheme: string; name: string; port: string } {
  const parts = target.split(':');
  if (parts.length === 1) return { scheme: 'http', name: parts[0]!, port: '' };
  if (parts.length === 2) return { scheme: 'http', name: parts[0]!, port: parts[1]! };
  if (parts.length === 3 && (parts[0] === 'http' || parts[0] === 'https' || parts[0] === ''))
    return { scheme: parts[0] || 'http', name: parts[1]!, port: parts[2]! };
  throw badRequest(`invalid service request ${JSON.stringify(target)}`);
}

const withQuery = (request: ApiRequest, rest: string): string => {
  const query = request.query.toString();
  return `/${rest}${query ? `?${query}` : ''}`;
};

function proxyTo(request: ApiRequest, scheme: string, host: string, port: number, rest: string): Promise<Answer> {
  const options = {
    host,
    port,
    path: withQuery(request, rest),
    method: request.method,
    headers: { ...passedHeaders(request), host: `${host}:${port}` },
  };
  return forward(
    scheme === 'https' ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options),
    request,
  );
}

/**
 * Passes an upgrade through to the kubelet byte by byte: which of the streaming protocols is spoken is between the client and the
 * kubelet.
 */
export function upgradeToKubelet(
  context: ServerContext,
  request: { query: URLSearchParams; headers: IncomingMessage['headers']; method: string },
  target: { namespace: string; pod: string; action: 'exec' | 'attach' | 'portforward' },
  socket: Duplex,
  head: Buffer,
): void {
  const pod = findPod(context, target.namespace, target.pod);
  const kubelet = kubeletOf(context, pod);
  const query = kubeletQuery(request.query);
  const tail =
    target.action === 'portforward'
      ? `/portForward/${target.namespace}/${target.pod}`
      : `/${target.action}/${target.namespace}/${target.pod}/${chooseContainer(pod, request.query.get('container'))}`;
  const { certPem, keyPem, caPem } = context.kubeletClient;
  const upstream = connect(
    { host: kubelet.host, port: kubelet.port, cert: certPem, key: keyPem, ca: caPem, ALPNProtocols: ['http/1.1'] },
    () => {
      const lines = [`${request.method} ${tail}?${query} HTTP/1.1`, `Host: ${kubelet.host}:${kubelet.port}`];
      for (const [name, value] of Object.entries(request.headers)) {
        if (name === 'host' || name === 'authorization') continue;
        for (const one of Array.isArray(value) ? value : [value]) lines.push(`${name}: ${one}`);
      }
      upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
      if (head.length > 0) upstream.write(head);
      upstream.pipe(socket);
      socket.pipe(upstream);
    },
  );
  upstream.setNoDelay(true);
  upstream.on('error', (error) => {
    if (!socket.destroyed)
      socket.end(
        `HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nerror dialing backend: ${error.message}`,
      );
  });
  upstream.on('close', () => socket.destroy());
  socket.on('error', () => upstream.destroy());
  socket.on('close', () => upstream.destroy());
}
