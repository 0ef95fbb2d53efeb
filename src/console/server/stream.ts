/** Server-sent events: says what has changed, so that pages ask again for that and nothing else. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { MeshChange, MeshEvent, Observer } from '../../observe/index.ts';
import type { StreamMessage, StreamScope } from '../api.ts';
import type { Viewer } from './viewer.ts';

type Where = Extract<StreamMessage, { type: 'changed' }>['where'][number];

/** Changes of this long a moment are told in one message. */
const gatherMs = 250;
const pingMs = 15_000;
const trafficMs = 5000;
/** Of more than this many places the scopes alone are told. */
const mostPlaces = 50;

const scopesOfKind: Record<string, StreamScope[]> = {
  Namespace: ['namespaces', 'health'],
  Pod: ['pods', 'workloads', 'health', 'mesh'],
  Service: ['services', 'mesh'],
  EndpointSlice: ['services'],
  ServiceAccount: [],
  Deployment: ['workloads', 'health', 'mesh'],
  StatefulSet: ['workloads', 'health'],
  DaemonSet: ['workloads', 'health'],
  Job: ['workloads'],
  RemoteSecret: ['mesh'],
  CaSecret: ['mesh'],
  ConfigMap: ['mesh'],
};

interface Client {
  response: ServerResponse;
  viewer: Viewer;
  isSignedIn: () => Promise<boolean>;
}

export class EventStream {
  readonly #clients = new Set<Client>();
  readonly #observer: Observer;
  readonly #timers: NodeJS.Timeout[] = [];
  #scopes = new Set<StreamScope>();
  #where = new Map<string, Where>();
  #gathering: NodeJS.Timeout | undefined;
  #id = 0;

  constructor(observer: Observer) {
    this.#observer = observer;
    observer.model.on((change) => this.#accept(change));
    observer.events.on((event) => this.#tellEvent(event));
    this.#timers.push(
      setInterval(() => this.#ping(), pingMs),
      setInterval(() => this.#broadcast({ type: 'traffic', time: new Date().toISOString() }), trafficMs),
    );
    for (const one of this.#timers) one.unref();
  }

  /** @param isSignedIn asked at each ping: a session that has ended, or a token that was revoked, is told nothing more */
  open(
    request: IncomingMessage,
    response: ServerResponse,
    viewer: Viewer,
    isSignedIn: () => Promise<boolean> = async () => true,
  ): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const client = { response, viewer, isSignedIn };
    this.#clients.add(client);
    request.on('close', () => this.#clients.delete(client));
    const clusters = this.#observer.clusters.map((one) => one.name);
    response.write('retry: 2000\n');
    this.#send(client, { type: 'hello', serverTime: new Date().toISOString(), clusters });
  }

  close(): void {
    for (const one of this.#timers) clearInterval(one);
    clearTimeout(this.#gathering);
    for (const { response } of this.#clients) response.end();
    this.#clients.clear();
  }

  #ping(): void {
    for (const client of this.#clients)
      void client.isSignedIn().then((isIn) => {
        // It may have gone while the clusters were asked; nothing is written after the end.
        if (!this.#clients.has(client)) return;
        if (isIn) return this.#send(client, { type: 'ping' });
        this.#clients.delete(client);
        client.response.end();
      });
  }

  /** What no object says has changed, as when a link has another state. */
  changed(...scopes: StreamScope[]): void {
    this.#gather(scopes, undefined);
  }

  get isWatched(): boolean {
    return this.#clients.size > 0;
  }

  #accept(change: MeshChange): void {
    const cluster = change.cluster.name;
    if ('kind' in change) {
      const scopes = scopesOfKind[change.kind] ?? ['config', 'mesh'];
      const { namespace, name } = change.event.object.metadata;
      this.#gather(scopes, {
        cluster,
        kind: change.kind,
        ...(namespace ? { namespace } : {}),
        ...(name ? { name } : {}),
      });
    } else this.#gather(['clusters', 'mesh', 'health'], { cluster });
  }

  #gather(scopes: StreamScope[], where: Where | undefined): void {
    if (scopes.length === 0) return;
    for (const one of scopes) this.#scopes.add(one);
    if (where) this.#where.set(JSON.stringify(where), where);
    this.#gathering ??= setTimeout(() => this.#flush(), gatherMs);
  }

  #flush(): void {
    this.#gathering = undefined;
    const scopes = [...this.#scopes];
    const where = [...this.#where.values()];
    this.#scopes = new Set();
    this.#where = new Map();
    for (const client of this.#clients) {
      const seen = where.filter((one) =>
        client.viewer.canSee({ cluster: one.cluster, namespace: one.namespace ?? '' }),
      );
      this.#send(client, { type: 'changed', scopes, where: seen.length > mostPlaces ? [] : seen });
    }
  }

  #tellEvent(event: MeshEvent): void {
    for (const client of this.#clients)
      if (client.viewer.canSee({ cluster: event.cluster, namespace: event.object?.namespace ?? '' }))
        this.#send(client, { type: 'event', event });
  }

  #broadcast(message: StreamMessage): void {
    for (const client of this.#clients) this.#send(client, message);
  }

  #send({ response }: Client, message: StreamMessage): void {
    response.write(`id: ${++this.#id}\ndata: ${JSON.stringify(message)}\n\n`);
  }
}
