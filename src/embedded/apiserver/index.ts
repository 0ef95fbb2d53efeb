/**
 * The API server of an embedded cluster: a generic REST store over resource definitions, with watches, all patch types, custom resources,
 * admission, authentication and RBAC. What kinds mean is the controllers' and the kubelet's business, which are ordinary clients.
 */

import { constants } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { parse as parseYaml } from 'yaml';
import { messageOf } from '../../errors/index.ts';
import { authenticate } from './authenticate.ts';
import { bootstrapObjects } from './bootstrap.ts';
import { ClusterAddresses } from './cluster-addresses.ts';
import type { ApiRequest, ServerContext } from './context.ts';
import { serveCustomResources } from './custom-resources.ts';
import { authorizeResource, handle, parsePath, type Reply } from './handle.ts';
import { upgradeToKubelet } from './node-proxy.ts';
import { decodeKubernetes } from './protobuf.ts';
import type { WatchSink } from './reads.ts';
import { ResourceCatalogue, storageKey } from './resources.ts';
import { badRequest, noSuchPath, StatusError } from './status.ts';
import { Storage } from './storage.ts';
import { TokenIssuer } from './tokens.ts';
import { createObject } from './writes.ts';

export type Listener = { host: string; port: number } | { fd: number };

export interface ApiServerOptions {
  clusterName: string;
  /** SQLite file. */
  dbPath: string;
  listeners: Listener[];
  tls: { certPem: string; keyPem: string };
  clientCaPem: string;
  serviceAccountKeys: { privateKeyPem: string; publicKeyPem: string };
  serviceAccountIssuer: string;
  serviceCidr: string;
  /** Where the Service `kubernetes` leads. */
  nodeAddress: string;
  apiPort: number;
  /** Who this server is to kubelets, and whom it believes. */
  kubeletClient: { certPem: string; keyPem: string; caPem: string };
  clusterDomain: string;
  log: (line: string) => void;
}

export interface ApiServer {
  /** Ports in the order of the listeners. */
  ports: number[];
  stop(): Promise<void>;
}

const largestBody = 3 * 1024 * 1024;

/** Starts serving once storage is read and the objects of a fresh cluster are there. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const abort = new AbortController();
  const storage = new Storage(options.dbPath);
  const context: ServerContext = {
    clusterName: options.clusterName,
    storage,
    resources: new ResourceCatalogue(),
    tokens: new TokenIssuer({ ...options.serviceAccountKeys, issuer: options.serviceAccountIssuer }),
    addresses: new ClusterAddresses(options.serviceCidr, storage),
    kubeletClient: options.kubeletClient,
    log: options.log,
    signal: abort.signal,
  };
  serveCustomResources(context);
  await bootstrap(context, options);
  const open = new Set<{ destroy(): void }>();
  const servers = options.listeners.map(() => makeServer(context, options, open));
  const ports = await Promise.all(servers.map((server, index) => listen(server, options.listeners[index]!)));
  return {
    ports,
    async stop() {
      abort.abort();
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      for (const one of open) one.destroy();
      await Promise.all(closed);
      storage.close();
    },
  };
}

async function bootstrap(context: ServerContext, options: ApiServerOptions): Promise<void> {
  const request: ApiRequest = {
    method: 'POST',
    path: '',
    query: new URLSearchParams({ fieldManager: 'kube-apiserver' }),
    headers: {},
    user: { username: 'system:apiserver', groups: ['system:masters'] },
    body: async () => undefined,
    rawBody: async () => Buffer.alloc(0),
  };
  const { nodeAddress, apiPort } = options;
  for (const object of bootstrapObjects({ clusterIP: context.addresses.at(1), nodeAddress, apiPort })) {
    const [group, version] = object.apiVersion!.includes('/')
      ? (object.apiVersion!.split('/') as [string, string])
      : ['', object.apiVersion!];
    const resource = context.resources.ofKind(group, object.kind!, version)!;
    const { namespace, name = '' } = object.metadata;
    if (!context.storage.get(storageKey(resource), namespace, name))
      await createObject(context, request, { resource, namespace, name }, object);
  }
}

function makeServer(
  context: ServerContext,
  options: ApiServerOptions,
  open: Set<{ destroy(): void }>,
): Http2SecureServer {
  const server = createSecureServer({
    allowHTTP1: true,
    cert: options.tls.certPem,
    key: options.tls.keyPem,
    ca: options.clientCaPem,
    requestCert: true,
    rejectUnauthorized: false,
    // A resumed session would bring no certificate to look at.
    secureOptions: constants.SSL_OP_NO_TICKET,
    peerMaxConcurrentStreams: 1000,
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    // A watch sends small pieces: none of them may wait for the acknowledgement of the one before.
    socket.setNoDelay(true);
    track(open, socket);
  });
  server.on('session', (session) => track(open, session));
  server.on('request', (request: Http2ServerRequest, response: Http2ServerResponse) => {
    void serve(context, request, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    upgrade(context, request, socket, head),
  );
  server.on('tlsClientError', () => {}); // a client that does not trust us says so itself
  server.on('sessionError', () => {});
  return server;
}

function track(
  open: Set<{ destroy(): void }>,
  one: { destroy(): void; once(event: 'close', listener: () => void): unknown },
): void {
  open.add(one);
  one.once('close', () => open.delete(one));
}

function listen(server: Http2SecureServer, listener: Listener): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const onListening = () => resolve((server.address() as AddressInfo).port);
    if ('fd' in listener) server.listen({ fd: listener.fd }, onListening);
    else server.listen(listener.port, listener.host, onListening);
  });
}

function socketOf(request: Http2ServerRequest | IncomingMessage): TLSSocket {
  const { stream } = request as Http2ServerRequest;
  return (stream?.session?.socket ?? request.socket) as TLSSocket;
}

async function serve(
  context: ServerContext,
  request: Http2ServerRequest,
  response: Http2ServerResponse,
): Promise<void> {
  response.on('error', () => {});
  try {
    const url = new URL(request.url, 'https://localhost');
    const apiRequest = makeRequest(context, request, url);
    await send(request, response, await handle(context, apiRequest));
  } catch (error) {
    sendError(context, request, response, error);
  }
}

function makeRequest(context: ServerContext, request: Http2ServerRequest, url: URL): ApiRequest {
  let raw: Promise<Buffer> | undefined;
  const rawBody = () => (raw ??= readBody(request));
  return {
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    user: authenticate(context, socketOf(request), request.headers),
    rawBody,
    body: async () => parseBody(await rawBody(), String(request.headers['content-type'] ?? '')),
  };
}

async function readBody(request: Http2ServerRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > largestBody)
      throw new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${largestBody}`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function parseBody(raw: Buffer, contentType: string): unknown {
  if (contentType !== '' && (contentType.includes('cbor') || !/json|yaml|kubernetes\.protobuf/.test(contentType)))
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  if (contentType.includes('vnd.kubernetes.protobuf')) {
    try {
      return decodeKubernetes(raw);
    } catch (error) {
      throw badRequest(`couldn't read the body of the request: ${messageOf(error)}`);
    }
  }
  const text = raw.toString('utf8');
  try {
    // JSON is YAML too, and clients send either under the type of an apply patch.
    return /^\s*[[{]/.test(text) ? JSON.parse(text) : parseYaml(text);
  } catch (error) {
    throw badRequest(`couldn't parse the body of the request: ${messageOf(error).split('\n')[0]}`);
  }
}

async function send(request: Http2ServerRequest, response: Http2ServerResponse, reply: Reply): Promise<void> {
  if (reply.kind === 'text') {
    response.statusCode = reply.status;
    response.setHeader('content-type', reply.contentType);
    response.setHeader('cache-control', 'no-cache, private');
    for (const warning of reply.warnings ?? [])
      (response as unknown as { appendHeader(name: string, value: string): void }).appendHeader(
        'warning',
        `299 - ${JSON.stringify(warning)}`,
      );
    response.setHeader('content-length', Buffer.byteLength(reply.text));
    if (request.method === 'HEAD') response.end();
    else response.end(reply.text);
    return;
  }
  if (reply.kind === 'stream') {
    response.statusCode = reply.answer.status;
    for (const [name, value] of Object.entries(reply.answer.headers))
      if (value !== undefined && !['connection', 'transfer-encoding', 'keep-alive'].includes(name))
        response.setHeader(name, value);
    reply.answer.stream.on('error', () => response.stream?.destroy?.());
    response.on('close', () => reply.answer.stream.destroy());
    reply.answer.stream.pipe(response as unknown as NodeJS.WritableStream);
    return;
  }
  const closed = new AbortController();
  response.statusCode = 200;
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-cache, private');
  response.on('close', () => closed.abort());
  (response as unknown as { flushHeaders?: () => void }).flushHeaders?.();
  const sink: WatchSink = {
    send: (line) => !closed.signal.aborted && response.write(line),
    backlog: () => (response as unknown as { writableLength?: number }).writableLength ?? 0,
    end: () => response.end(),
    closed: closed.signal,
  };
  reply.serve(sink);
}

function sendError(
  context: ServerContext,
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  error: unknown,
): void {
  let status = error instanceof StatusError ? error.status : undefined;
  if (!status) {
    context.log(`${request.method} ${request.url}: ${error instanceof Error ? error.stack : String(error)}`);
    status = new StatusError(500, 'InternalError', `Internal error occurred: ${messageOf(error)}`).status;
  }
  if (response.headersSent) {
    response.end();
    return;
  }
  response.statusCode = status.code ?? 500;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(status));
}

const streaming = ['exec', 'attach', 'portforward'] as const;

function upgrade(context: ServerContext, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on('error', () => socket.destroy());
  try {
    const url = new URL(request.url ?? '/', 'https://localhost');
    const user = authenticate(context, socketOf(request), request.headers);
    const target = parsePath(context, url.pathname);
    const action = streaming.find((one) => one === target?.subresource);
    if (!target?.name || !target.namespace || !action) throw noSuchPath();
    // Kubernetes asks for "create" on exec whichever method carries it.
    authorizeResource(context, { user }, target, 'create');
    const { method = 'GET', headers } = request;
    upgradeToKubelet(
      context,
      { query: url.searchParams, headers, method },
      { namespace: target.namespace, pod: target.name, action },
      socket,
      head,
    );
  } catch (error) {
    const { status } = error instanceof StatusError ? error : new StatusError(500, 'InternalError', messageOf(error));
    const body = JSON.stringify(status);
    socket.end(
      `HTTP/1.1 ${status.code} ${status.reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  }
}
