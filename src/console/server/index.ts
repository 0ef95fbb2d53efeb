/** The console's server: the API, the stream of changes, and the pages. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { IsthmusError, messageOf } from '../../errors/index.ts';
import type { Observer } from '../../observe/index.ts';
import { Authenticator, type AuthStrategy } from './auth.ts';
import type { ConsoleContext } from './context.ts';
import { StandingDoctor } from './doctor.ts';
import { answered, HttpError, notFound, sendError, sendJson } from './http.ts';
import { OpenId, type OpenIdOptions } from './openid/index.ts';
import { routesOf } from './routes.ts';
import { securityHeaders, sendFile, sendPreparing } from './static-files.ts';
import { EventStream } from './stream.ts';

export interface ConsoleOptions {
  observer: Observer;
  /** An address of this machine; 127.0.0.1 by default. */
  listen?: string | undefined;
  /** 20001 by default; 0 for any that is free. */
  port?: number | undefined;
  auth?: AuthStrategy | undefined;
  /** Needed by the strategy openid. */
  openId?: OpenIdOptions | undefined;
  allowEdit?: boolean | undefined;
  version: string;
  /** Makes the pages and says where they are; the API answers meanwhile. */
  pages: () => Promise<{ folder: string }>;
}

export interface Console extends AsyncDisposable {
  url: string;
}

export const consolePort = 20_001;

const isLoopback = (address: string): boolean => address === 'localhost' || address === '::1' || /^127\./.test(address);

/**
 * Starts the server.
 * @throws IsthmusError `console.open` for an address that others reach while nobody must sign in; `console.port` when it is taken;
 * `console.openid` where the identity provider is not named, or not by https
 */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const {
    observer,
    listen = '127.0.0.1',
    port = consolePort,
    auth: strategy = 'anonymous',
    allowEdit = false,
    version,
  } = options;
  if (strategy === 'anonymous' && !isLoopback(listen))
    throw new IsthmusError({
      code: 'console.open',
      fault: 'user',
      what: `the console does not listen on ${listen} without signing in`,
      why: 'whoever reaches that address would see all that your kubeconfig sees',
      fix: 'add --auth token or --auth openid, or leave out --listen and use a tunnel, as with: ssh -L 20001:127.0.0.1:20001 HOST',
    });
  const openId = strategy === 'openid' ? openIdOf(options.openId) : undefined;
  const server = createServer((request, response) => {
    void answer(request, response).catch((error) => sendError(response, error));
  });
  await bind(server, listen, port);
  const auth = new Authenticator(observer, strategy);
  const stream = new EventStream(observer);
  const doctor = new StandingDoctor(observer, {
    isWatched: () => stream.isWatched,
    onChange: () => stream.changed('doctor'),
  });
  observer.start(
    () => stream.changed('mesh'),
    () => stream.changed('mesh', 'workloads', 'pods', 'health'),
  );
  const pages = preparePages(options.pages);
  const { router } = routesOf({ observer, auth, openId, stream, doctor, allowEdit, version } satisfies ConsoleContext);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    refuseForeign(request, strategy);
    const url = new URL(request.url ?? '/', 'http://console');
    if (url.pathname !== '/api' && !url.pathname.startsWith('/api/')) return sendPage(request, response, url.pathname);
    const method = request.method ?? 'GET';
    const found = router.find(method === 'HEAD' ? 'GET' : method, url.pathname);
    if (found === 'method')
      throw new HttpError(405, { code: 'console.method', what: `${method} is not served at ${url.pathname}` });
    if (!found) throw notFound(`there is no ${url.pathname}`, undefined);
    const value = await found.handler({ method, url, params: found.params, raw: request, response });
    if (value !== answered) sendJson(response, 200, value);
  }

  async function sendPage(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new HttpError(405, { code: 'console.method', what: `${request.method} is not served at ${path}` });
    const { folder, fault } = pages();
    if (folder) await sendFile(folder, decodeURIComponent(path), request, response);
    else sendPreparing(response, fault);
  }

  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${isIP(listen) === 6 ? `[${listen}]` : listen}:${bound}`,
    async [Symbol.asyncDispose]() {
      stream.close();
      await doctor.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await auth.close();
    },
  };
}

/** Begins at once; the first visitor does not have to ask for it. */
function preparePages(make: ConsoleOptions['pages']): () => { folder?: string; fault?: string } {
  let state: { folder?: string; fault?: string } = {};
  make().then(
    ({ folder }) => {
      state = { folder };
    },
    (error) => {
      state = { fault: messageOf(error) };
    },
  );
  return () => state;
}

function openIdOf(options: OpenIdOptions | undefined): OpenId {
  if (!options)
    throw new IsthmusError({
      code: 'console.openid',
      fault: 'user',
      what: '--auth openid does not say who the identity provider is',
      fix: 'add --oidc-issuer URL --oidc-client-id ID',
    });
  return new OpenId(options);
}

/**
 * A page of another origin must not speak for the user: neither by a name that was turned to this address (DNS rebinding), nor by a form.
 * @throws HttpError 403
 */
function refuseForeign({ headers }: IncomingMessage, strategy: AuthStrategy): void {
  const refuse = (what: string): never => {
    throw new HttpError(403, { code: 'console.foreign', what });
  };
  const host = headers.host ?? '';
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  // Who must sign in has a cookie of the true name only, and a proxy in front may have any name.
  if (strategy === 'anonymous' && !isLoopback(name)) refuse(`the console is not known as ${name || 'nothing'}`);
  const { origin } = headers;
  if (origin !== undefined && origin !== 'null' && new URL(origin).host !== host)
    refuse(`requests from ${origin} are not answered`);
  if (headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate')
    refuse('requests from other sites are not answered');
}

function bind(server: Server, listen: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new IsthmusError({
          code: taken ? 'console.port' : 'console.listen',
          what: taken ? `port ${port} of ${listen} is taken` : `the console cannot listen on ${listen}:${port}`,
          ...(taken ? {} : { why: messageOf(error) }),
          fix: 'choose another with --port; 0 is any that is free',
          cause: error,
        }),
      );
    });
    server.listen(port, listen, resolve);
  });
}
