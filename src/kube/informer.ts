/**
 * A live copy of a collection: list, then watch from the list's resourceVersion; the watch is resumed where it ended, and the list is
 * read again only when the server says that it no longer holds that version (410). It never gives up: errors are kept in `lastError`
 * and tried again with growing pauses.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../errors/index.ts';
import type { KubeClient } from './client.ts';
import { isGone } from './errors.ts';
import { apiVersionOf, type Kind } from './kinds.ts';
import type { KubeObject } from './types.ts';

export type InformerEvent<T extends KubeObject> =
  | { type: 'added'; object: T; old?: undefined }
  | { type: 'updated'; object: T; old: T }
  | { type: 'deleted'; object: T; old?: undefined };

export interface InformerOptions<T extends KubeObject = KubeObject> {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  metadataOnly?: boolean;
  /** Makes objects smaller before they are kept. */
  transform?: (object: T) => T;
}

const firstPause = 50;
const longestPause = 10_000;

export class Informer<T extends KubeObject = KubeObject> {
  readonly client: KubeClient;
  readonly kind: Kind;
  /** Resolves after the first list has been delivered to the listeners. */
  readonly synced: Promise<void>;
  hasSynced = false;
  /** Why the last attempt failed; undefined while the watch is well. */
  lastError: string | undefined;
  /** HTTP status of that failure, if the server answered. */
  lastErrorStatus: number | undefined;
  readonly #options: InformerOptions<T>;
  readonly #store = new Map<string, T>();
  /** The same by namespace: with many objects, to look through all of them for each question is most of the work. */
  readonly #byNamespace = new Map<string, Map<string, T>>();
  readonly #listeners = new Set<(event: InformerEvent<T>) => void>();
  readonly #abort = new AbortController();
  #resolveSynced!: () => void;
  #running: Promise<void> | undefined;

  constructor(client: KubeClient, kind: Kind, options: InformerOptions<T> = {}) {
    this.client = client;
    this.kind = kind;
    this.#options = options;
    this.synced = new Promise((resolve) => {
      this.#resolveSynced = resolve;
    });
  }

  /** A late listener gets what is already known as `added`. Returns the function that ends the subscription. */
  on(listener: (event: InformerEvent<T>) => void): () => void {
    this.#listeners.add(listener);
    for (const object of this.#store.values()) listener({ type: 'added', object });
    return () => this.#listeners.delete(listener);
  }

  start(): this {
    this.#running ??= this.#run();
    return this;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#store.get(`${namespace ?? ''}/${name}`);
  }

  list(namespace?: string): T[] {
    return [...((namespace === undefined ? this.#store : this.#byNamespace.get(namespace))?.values() ?? [])];
  }

  get size(): number {
    return this.#store.size;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    let delay = firstPause;
    let version: string | undefined;
    while (!signal.aborted) {
      try {
        version ??= await this.#relist();
        this.lastError = undefined;
        this.lastErrorStatus = undefined;
        const started = Date.now();
        for await (const event of this.client.watch<T>(this.kind, {
          ...this.#selection(),
          resourceVersion: version,
          signal,
        })) {
          delay = firstPause;
          version = event.object.metadata.resourceVersion ?? version;
          if (event.type !== 'BOOKMARK') this.#accept(event.type === 'DELETED', event.object);
        }
        // A server that ends watches at once must not be asked in a tight loop.
        if (Date.now() - started < 1000) await pause(delay, undefined, { signal }).catch(() => {});
      } catch (error) {
        if (signal.aborted) return;
        if (isGone(error)) version = undefined;
        this.lastError = messageOf(error);
        this.lastErrorStatus = (error as { status?: number }).status;
        if (this.lastErrorStatus === 404) version = undefined; // the kind is not served (any more): its objects are gone
        await pause(delay, undefined, { signal }).catch(() => {});
        delay = Math.min(delay * 2, longestPause);
      }
    }
  }

  #selection() {
    const { namespace, labelSelector, fieldSelector, metadataOnly } = this.#options;
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(metadataOnly ? { metadataOnly } : {}),
    };
  }

  async #relist(): Promise<string> {
    const { metadataOnly: _, ...selection } = this.#selection() as Record<string, any>;
    let list: { items: T[]; resourceVersion: string };
    try {
      list = await this.client.list<T>(this.kind, selection);
    } catch (error) {
      if ((error as { status?: number }).status === 404) this.#replaceAll([]);
      throw error;
    }
    this.#replaceAll(list.items);
    this.hasSynced = true;
    this.#resolveSynced();
    return list.resourceVersion;
  }

  #replaceAll(items: T[]): void {
    const present = new Set(items.map(keyOf));
    for (const [key, object] of this.#store) if (!present.has(key)) this.#accept(true, object);
    for (const item of items) {
      const known = this.#store.get(keyOf(item));
      if (!known || known.metadata.resourceVersion !== item.metadata.resourceVersion) this.#accept(false, item);
    }
  }

  #accept(deleted: boolean, received: T): void {
    const object = this.#options.transform ? this.#options.transform(received) : received;
    object.apiVersion ??= apiVersionOf(this.kind);
    object.kind ??= this.kind.kind;
    const key = keyOf(object);
    const old = this.#store.get(key);
    if (deleted) {
      if (!this.#store.delete(key)) return;
      this.#byNamespace.get(object.metadata.namespace ?? '')?.delete(key);
      this.#tell({ type: 'deleted', object });
      return;
    }
    this.#store.set(key, object);
    const namespace = object.metadata.namespace ?? '';
    const beside = this.#byNamespace.get(namespace) ?? new Map<string, T>();
    this.#byNamespace.set(namespace, beside.set(key, object));
    this.#tell(old ? { type: 'updated', object, old } : { type: 'added', object });
  }

  #tell(event: InformerEvent<T>): void {
    for (const listener of this.#listeners) listener(event);
  }
}

const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
