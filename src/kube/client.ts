/** A light client of the Kubernetes API over node:https: start-up and memory are budgets, so no generated models are loaded. */
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { IsthmusError, messageOf } from '../errors/index.ts';
import { inClusterConnection, type KubeConnection } from './connection.ts';
import { isNotFound, KubeApiError } from './errors.ts';
import { apiVersionOf, type Kind, knownKind, pathOf } from './kinds.ts';
import { readLines } from './lines.ts';
import { appendQuery, type Query } from './query.ts';
import { type ExecOptions, type ExecResult, execInPod, openWebSocket } from './streams.ts';
import type { KubeObject, WatchEvent } from './types.ts';

export interface RequestOptionsKube {
  body?: unknown;
  query?: Query;
  contentType?: string;
  accept?: string;
  signal?: AbortSignal;
  headers?: Record<string, string>;
  /** Milliseconds until the answer begins; without it, as long as it takes. */
  answerWithinMs?: number;
}

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  resourceVersion?: string;
}

export interface WatchOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  allowBookmarks?: boolean;
  /** Ask for objects with metadata only. */
  metadataOnly?: boolean;
  signal?: AbortSignal;
}

export interface WriteOptions {
  dryRun?: boolean;
  fieldManager?: string;
  subresource?: string;
  fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
}

export type PatchType = 'merge' | 'strategic' | 'json' | 'apply';

const patchContentTypes: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** API servers give up a request after 60 s: who hears nothing for longer has lost it, as when the server's node went while it was sent. */
const longestAnswerMs = 90_000;
const mostRetries = 10;
const longestRetryMs = 5_000;

const metadataOnlyAccept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

export class KubeClient implements AsyncDisposable {
  readonly connection: KubeConnection;
  readonly name: string;
  readonly #agent: Agent;
  readonly #discovered = new Map<string, Kind>();

  constructor(connection: KubeConnection) {
    this.connection = connection;
    this.name = connection.name ?? connection.server;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 64,
      ...(connection.ca ? { ca: connection.ca } : {}),
      ...(connection.clientCert ? { cert: connection.clientCert } : {}),
      ...(connection.clientKey ? { key: connection.clientKey } : {}),
      ...(connection.insecureSkipVerify ? { rejectUnauthorized: false } : {}),
      ...(connection.tlsServerName ? { servername: connection.tlsServerName } : {}),
    });
  }

  static inCluster(): KubeClient {
    return new KubeClient(inClusterConnection());
  }

  /** Ends all connections, also those of running requests and watches, which fail by it; the next request opens a new one. */
  disconnect(): void {
    this.#agent.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disconnect();
  }

  /**
   * One request. The answer is parsed when it is JSON and is text otherwise.
   * @throws KubeApiError for every status that is not a success; IsthmusError `kube.unreachable` when there is no answer.
   */
  async request(method: string, path: string, options: RequestOptionsKube = {}): Promise<any> {
    const response = await this.#openPatiently(method, path, { answerWithinMs: longestAnswerMs, ...options });
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of response) chunks.push(chunk as Buffer);
    } catch (error) {
      throw this.#unreachable(error);
    }
    const text = Buffer.concat(chunks).toString('utf8');
    const body = parseBody(text, response.headers['content-type']);
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299) throw new KubeApiError({ status, body, method, path, server: this.name });
    return body;
  }

  /** A server that is not ready for a request says when to ask again; nothing of the request has been done then. */
  async #openPatiently(method: string, path: string, options: RequestOptionsKube): Promise<IncomingMessage> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.open(method, path, options);
      const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
      const isNotReady = response.statusCode === 429 || (response.statusCode ?? 0) >= 500;
      if (!isNotReady || Number.isNaN(seconds) || attempt > mostRetries) return response;
      response.resume();
      await pause(
        Math.min(seconds * 1000, longestRetryMs),
        undefined,
        options.signal ? { signal: options.signal } : {},
      );
    }
  }

  /** One request whose answer is read by the caller as it comes; statuses are not judged. */
  async open(method: string, path: string, options: RequestOptionsKube = {}): Promise<IncomingMessage> {
    const { connection } = this;
    const url = new URL(connection.server + path);
    appendQuery(url, options.query);
    const body =
      options.body === undefined
        ? undefined
        : typeof options.body === 'string'
          ? options.body
          : JSON.stringify(options.body);
    const headers: Record<string, string> = {
      accept: options.accept ?? 'application/json',
      'user-agent': connection.userAgent ?? 'isthmus',
      ...options.headers,
      ...(await this.authorization()),
    };
    if (body !== undefined) {
      headers['content-type'] = options.contentType ?? 'application/json';
      headers['content-length'] = String(Buffer.byteLength(body));
    }
    const requestOptions: RequestOptions = {
      method,
      headers,
      agent: this.#agent,
      ...(options.signal ? { signal: options.signal } : {}),
    };
    return await new Promise((resolve, reject) => {
      const attempt = (retry: boolean) => {
        const request = httpsRequest(url, requestOptions, (response) => {
          clearTimeout(timer);
          resolve(response);
        });
        const limit = options.answerWithinMs;
        const timer =
          limit === undefined
            ? undefined
            : setTimeout(() => request.destroy(new Error(`nothing came within ${limit / 1000} s`)), limit);
        request.on('error', (error: NodeJS.ErrnoException) => {
          clearTimeout(timer);
          // A kept-alive connection that the server had just closed: nothing was processed, so once more is safe.
          if (retry && request.reusedSocket && error.code === 'ECONNRESET') attempt(false);
          else reject(options.signal?.aborted ? error : this.#unreachable(error));
        });
        request.end(body);
      };
      attempt(true);
    });
  }

  async authorization(): Promise<Record<string, string>> {
    const { token } = this.connection;
    const value = typeof token === 'function' ? await token() : token;
    return value ? { authorization: `Bearer ${value}` } : {};
  }

  get<T extends KubeObject>(kind: Kind, name: string, namespace?: string): Promise<T> {
    return this.request('GET', pathOf(kind, namespace, name));
  }

  /** The object, or undefined when there is none. */
  async find<T extends KubeObject>(kind: Kind, name: string, namespace?: string): Promise<T | undefined> {
    try {
      return await this.get<T>(kind, name, namespace);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** All objects; items get the apiVersion and kind that lists leave out. */
  async list<T extends KubeObject>(
    kind: Kind,
    options: ListOptions = {},
  ): Promise<{ items: T[]; resourceVersion: string }> {
    const { namespace, ...query } = options;
    const items: T[] = [];
    let next: string | undefined;
    let resourceVersion = '';
    do {
      const page = await this.request('GET', pathOf(kind, namespace), {
        query: { ...query, limit: query.limit ?? 500, continue: next },
      });
      for (const item of page.items ?? [])
        items.push(Object.assign(item, { apiVersion: apiVersionOf(kind), kind: kind.kind }));
      resourceVersion = page.metadata?.resourceVersion ?? '';
      next = options.limit === undefined ? page.metadata?.continue : undefined;
    } while (next);
    return { items, resourceVersion };
  }

  create<T extends KubeObject>(kind: Kind, object: T, options: WriteOptions & { name?: string } = {}): Promise<T> {
    const name = options.subresource ? (options.name ?? object.metadata.name) : undefined;
    return this.request('POST', pathOf(kind, object.metadata.namespace, name, options.subresource), {
      body: withType(kind, object, options.subresource),
      query: writeQuery(options),
    });
  }

  replace<T extends KubeObject>(kind: Kind, object: T, options: WriteOptions = {}): Promise<T> {
    const { name, namespace } = object.metadata;
    return this.request('PUT', pathOf(kind, namespace, name, options.subresource), {
      body: withType(kind, object, options.subresource),
      query: writeQuery(options),
    });
  }

  patch<T extends KubeObject>(
    kind: Kind,
    name: string,
    namespace: string | undefined,
    patch: unknown,
    options: WriteOptions & { type: PatchType; force?: boolean },
  ): Promise<T> {
    return this.request('PATCH', pathOf(kind, namespace, name, options.subresource), {
      body: patch,
      contentType: patchContentTypes[options.type],
      query: { ...writeQuery(options), force: options.force },
    });
  }

  /** Server-side apply. */
  apply<T extends KubeObject>(
    kind: Kind,
    object: T,
    options: WriteOptions & { fieldManager: string; force?: boolean },
  ): Promise<T> {
    const { name, namespace } = object.metadata;
    return this.patch<T>(kind, name ?? '', namespace, withType(kind, object), { ...options, type: 'apply' });
  }

  async delete(
    kind: Kind,
    name: string,
    namespace?: string,
    options: {
      gracePeriodSeconds?: number;
      propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
      preconditions?: { uid?: string; resourceVersion?: string };
      dryRun?: boolean;
    } = {},
  ): Promise<void> {
    const { dryRun, ...rest } = options;
    // An API server that is sent a body does not look at the query.
    await this.request('DELETE', pathOf(kind, namespace, name), {
      body: { apiVersion: 'v1', kind: 'DeleteOptions', ...rest, ...(dryRun ? { dryRun: ['All'] } : {}) },
    });
  }

  /**
   * One watch connection; ends when the server ends it or the signal aborts. Errors that the server sends in the stream are thrown
   * as KubeApiError (410 means: list again).
   */
  async *watch<T extends KubeObject>(kind: Kind, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>> {
    const { namespace, allowBookmarks, metadataOnly, signal, ...query } = options;
    const path = pathOf(kind, namespace);
    const response = await this.open('GET', path, {
      query: { ...query, watch: true, allowWatchBookmarks: allowBookmarks ?? true },
      ...(metadataOnly ? { accept: metadataOnlyAccept } : {}),
      ...(signal ? { signal } : {}),
      answerWithinMs: longestAnswerMs,
    });
    try {
      if (response.statusCode !== 200) {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const body = parseBody(Buffer.concat(chunks).toString('utf8'), response.headers['content-type']);
        throw new KubeApiError({ status: response.statusCode ?? 0, body, method: 'WATCH', path, server: this.name });
      }
      for await (const line of readLines(response)) {
        const event = JSON.parse(line);
        if (event.type === 'ERROR')
          throw new KubeApiError({
            status: event.object?.code ?? 500,
            body: event.object,
            method: 'WATCH',
            path,
            server: this.name,
          });
        yield event;
      }
    } catch (error) {
      if (signal?.aborted) return;
      throw error;
    } finally {
      response.destroy();
    }
  }

  /** Runs a command in a container and waits for its end. A command that could not be run has exit code -1 and says why in stderr. */
  exec(options: ExecOptions): Promise<ExecResult> {
    return execInPod(this, options);
  }

  logs(options: {
    namespace: string;
    pod: string;
    container?: string;
    tailLines?: number;
    sinceSeconds?: number;
    previous?: boolean;
    timestamps?: boolean;
  }): Promise<string> {
    const { namespace, pod, ...query } = options;
    return this.request('GET', `/api/v1/namespaces/${namespace}/pods/${pod}/log`, { query, accept: 'text/plain, */*' });
  }

  /** A websocket to a streaming subresource, already open. */
  upgrade(path: string, query: Query, protocols: string[] = ['v5.channel.k8s.io']): Promise<WebSocket> {
    return openWebSocket(this, path, query, protocols);
  }

  /**
   * The kind of an object, from the table or by discovery.
   * @throws IsthmusError `kube.unknown-kind` where the server does not serve it.
   */
  async kindOf(apiVersion: string, kind: string): Promise<Kind> {
    const key = `${apiVersion}/${kind}`;
    const known = knownKind(apiVersion, kind) ?? this.#discovered.get(key);
    if (known) return known;
    const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
    const list = await this.request('GET', group ? `/apis/${group}/${version}` : `/api/${version}`).catch((error) => {
      if (isNotFound(error)) return { resources: [] };
      throw error;
    });
    for (const resource of list.resources ?? []) {
      if (resource.name.includes('/')) continue;
      this.#discovered.set(`${apiVersion}/${resource.kind}`, {
        group,
        version,
        kind: resource.kind,
        plural: resource.name,
        namespaced: resource.namespaced,
      });
    }
    const found = this.#discovered.get(key);
    if (found) return found;
    throw new IsthmusError({
      code: 'kube.unknown-kind',
      what: `the API server serves no ${kind} in ${apiVersion}`,
      where: this.name,
      fix: 'install the CustomResourceDefinition that defines it, or correct apiVersion and kind',
    });
  }

  #unreachable(error: unknown): IsthmusError {
    return new IsthmusError({
      code: 'kube.unreachable',
      what: 'the API server gives no answer',
      where: `${this.name} (${this.connection.server})`,
      why: messageOf(error),
      cause: error,
    });
  }
}

function parseBody(text: string, contentType: string | undefined): any {
  if (!contentType?.includes('json')) return text;
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

function writeQuery(options: WriteOptions): Query {
  return {
    dryRun: options.dryRun ? 'All' : undefined,
    fieldManager: options.fieldManager,
    fieldValidation: options.fieldValidation,
  };
}

/** Subresources such as token and eviction have kinds of their own, which the caller states. */
function withType<T extends KubeObject>(kind: Kind, object: T, subresource?: string): T {
  if (subresource && object.apiVersion && object.kind) return object;
  return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind };
}
