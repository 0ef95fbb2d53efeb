/** istiod's HTTP side: readiness, debug endpoints with Istio's paths and shapes, metrics, and the webhooks. */
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { Server } from 'node:net';
import { messageOf } from '../../errors/index.ts';
import type { ServingCertificate } from './ca/serving.ts';
import { typeUrls } from './networking/index.ts';
import type { MeshRegistry } from './registry/index.ts';
import type { XdsServer } from './xds/index.ts';

export interface DebugSources {
  registry: MeshRegistry;
  xds: XdsServer;
  isReady: () => boolean;
  metrics: () => Promise<string>;
}

export function startDebugServer(port: number, sources: DebugSources): Promise<Server> {
  const server = createHttp((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    void answer(url, sources).then(
      ({ status = 200, type = 'application/json', body }) =>
        response.writeHead(status, { 'content-type': type }).end(body),
      (error) => response.writeHead(500, { 'content-type': 'text/plain' }).end(messageOf(error)),
    );
  });
  return listening(server, port);
}

/** The body of a page, for who asks over ADS. */
export async function debugPage(path: string, sources: DebugSources): Promise<string> {
  return (await answer(new URL(path, 'http://localhost'), sources)).body;
}

interface Reply {
  status?: number;
  type?: string;
  body: string;
}

async function answer(url: URL, sources: DebugSources): Promise<Reply> {
  const { registry, xds } = sources;
  const json = (value: unknown): Reply => ({ body: JSON.stringify(value, null, 2) });
  const snapshot = registry.current();
  // istioctl asks for //version.
  switch (url.pathname.replace(/^\/+/, '/')) {
    case '/ready':
      return sources.isReady()
        ? { type: 'text/plain', body: 'ready' }
        : { status: 503, type: 'text/plain', body: 'clusters are not synced' };
    case '/metrics':
      return { type: 'text/plain; version=0.0.4', body: await sources.metrics() };
    case '/version':
      return { type: 'text/plain', body: '1.31.0-isthmus-Clean' };
    case '/debug/clusterz':
      return json([
        { id: registry.local.id, secretName: '', syncStatus: 'synced' },
        ...registry.remotes.all().map(({ id, secretName, status, registry: one }) => ({
          id,
          secretName,
          syncStatus: status,
          ...(one.lastError ? { lastError: one.lastError } : {}),
        })),
      ]);
    case '/debug/networkz':
      return json(
        snapshot.gateways.map(({ network, clusterId, address, port }) => ({
          network,
          cluster: clusterId,
          addr: address,
          port,
        })),
      );
    case '/debug/registryz':
      return json(
        [...snapshot.services.values()].map((one) => ({
          ...one,
          addresses: Object.fromEntries(one.addresses),
          serviceAccounts: [...one.serviceAccounts],
        })),
      );
    case '/debug/endpointz':
    case '/debug/endpointShardz':
      return json(Object.fromEntries(snapshot.endpoints));
    case '/debug/syncz':
    case '/debug/connections':
      return json(xds.status());
    case '/debug/mesh':
      return json(snapshot.meshConfig.raw);
    case '/debug/config_dump':
    case '/debug/edsz':
      return dump(url, xds);
    default:
      return { status: 404, type: 'text/plain', body: 'not found\n' };
  }
}

function dump(url: URL, xds: XdsServer): Reply {
  const id = url.searchParams.get('proxyID') ?? '';
  const connection = xds.connections().find((one) => `${one.proxy?.name}.${one.proxy?.namespace}` === id);
  if (!connection) return { status: 404, type: 'text/plain', body: `no proxy ${JSON.stringify(id)} is connected\n` };
  // Of secrets nothing is shown here, not even to whoever may see all else.
  const { secret: _, ...shown } = typeUrls;
  const types = url.pathname.endsWith('edsz') ? { endpoint: typeUrls.endpoint } : shown;
  const configs = Object.fromEntries(
    Object.entries(types).map(([short, url]) => [short, connection.resources(url).map((one) => one.resource)]),
  );
  return { body: JSON.stringify(configs, null, 2) };
}

export function startWebhookServer(
  port: number,
  serving: ServingCertificate,
  handlers: { inject: (review: any, path: string) => Promise<any>; validate: (review: any) => Promise<any> },
): Promise<Server> {
  const contextOf = ({ certPem, keyPem }: { certPem: string; keyPem: string }) => ({ cert: certPem, key: keyPem });
  const server = createHttps(
    contextOf(serving.current),
    (request, response) => void webhook(request, response, handlers),
  );
  serving.onChange((pair) => server.setSecureContext(contextOf(pair)));
  return listening(server, port);
}

async function webhook(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: { inject: (review: any, path: string) => Promise<any>; validate: (review: any) => Promise<any> },
): Promise<void> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const review = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const path = request.url ?? '/';
    const result = path.startsWith('/validate') ? await handlers.validate(review) : await handlers.inject(review, path);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
  } catch (error) {
    response.writeHead(400, { 'content-type': 'text/plain' }).end(messageOf(error));
  }
}

function listening(server: Server, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '0.0.0.0', () => resolve(server));
  });
}
