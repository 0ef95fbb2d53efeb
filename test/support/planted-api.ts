/** A Kubernetes API of planted objects, with lists, watches and the proxies to Prometheus and istiod: for tests and figures of what observes clusters. */
import { IsthmusError } from '../../src/errors/index.ts';
import {
  apiVersionOf,
  type ExecOptions,
  type ExecResult,
  type Kind,
  KubeApiError,
  type KubeClient,
  type KubeObject,
  kinds,
  type WatchEvent,
} from '../../src/kube/index.ts';

type Watcher = { kind: string; namespace: string | undefined; push: (event: WatchEvent) => void };

export class PlantedApi {
  readonly name: string;
  readonly connection: { server: string };
  readonly objects = new Map<string, KubeObject>();
  /** Answers by path; what is a function is called with the query. */
  readonly pages = new Map<string, unknown>();
  /** Reviews of tokens: those that this cluster knows. */
  readonly tokens = new Set<string>();
  /** Answers to commands in pods by `namespace/pod`; how often each was run is counted. */
  readonly commands = new Map<string, (command: string[]) => string>();
  readonly ran = new Map<string, number>();
  /** Why it gives no answer. */
  silent: string | undefined;
  lists = 0;
  readonly #watchers = new Set<Watcher>();
  #version = 1;

  constructor(name: string) {
    this.name = name;
    this.connection = { server: `https://${name}.example:6443` };
    this.pages.set('/version', { gitVersion: 'v1.36.0' });
  }

  put(kind: string, object: any): KubeObject {
    const metadata = {
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...object.metadata,
      resourceVersion: String(this.#version++),
    };
    const made = { ...object, kind: known[kind]?.kind ?? kind, metadata };
    const key = keyOf(kind, metadata.namespace, metadata.name);
    const type = this.objects.has(key) ? 'MODIFIED' : 'ADDED';
    this.objects.set(key, made);
    this.#tell(kind, type, made);
    return made;
  }

  remove(kind: string, namespace: string | undefined, name: string): void {
    const key = keyOf(kind, namespace, name);
    const object = this.objects.get(key);
    this.objects.delete(key);
    if (object) this.#tell(kind, 'DELETED', object);
  }

  #tell(kind: string, type: WatchEvent['type'], object: KubeObject): void {
    for (const one of this.#watchers)
      if (one.kind === kind && (!one.namespace || one.namespace === object.metadata.namespace))
        one.push({ type, object: structuredClone(object) });
  }

  client(): KubeClient {
    const api = this;
    const answers = (): void => {
      if (api.silent)
        throw new IsthmusError({
          code: 'kube.unreachable',
          what: 'the API server gives no answer',
          where: api.name,
          why: api.silent,
        });
    };
    const missing = (path: string) =>
      new KubeApiError({
        status: 404,
        body: { message: `${path} not found`, reason: 'NotFound' },
        method: 'GET',
        path,
        server: api.name,
      });
    const client = {
      name: api.name,
      connection: api.connection,
      async list(kind: Kind, options: { namespace?: string; labelSelector?: string; fieldSelector?: string } = {}) {
        answers();
        api.lists++;
        const items = [...api.objects]
          .filter(([key]) => key.startsWith(`${nameOf(kind)}/`))
          .map(([, one]) => one)
          .filter((one) => !options.namespace || one.metadata.namespace === options.namespace)
          .filter((one) => isSelected(one, options))
          .map((one) => structuredClone({ ...one, apiVersion: apiVersionOf(kind) }));
        return { items, resourceVersion: String(api.#version) };
      },
      async *watch(
        kind: Kind,
        options: { namespace?: string; labelSelector?: string; fieldSelector?: string; signal?: AbortSignal } = {},
      ) {
        answers();
        const queue: WatchEvent[] = [];
        let wake = (): void => {};
        const watcher: Watcher = {
          kind: nameOf(kind),
          namespace: options.namespace,
          push(event) {
            if (!isSelected(event.object, options)) return;
            queue.push(event);
            wake();
          },
        };
        api.#watchers.add(watcher);
        options.signal?.addEventListener('abort', () => wake(), { once: true });
        try {
          while (!options.signal?.aborted) {
            const event = queue.shift();
            if (event) yield event;
            else
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
          }
        } finally {
          api.#watchers.delete(watcher);
        }
      },
      async get(kind: Kind, name: string, namespace?: string) {
        answers();
        const found = api.objects.get(keyOf(nameOf(kind), namespace, name));
        if (!found) throw missing(name);
        return structuredClone(found);
      },
      async create(kind: Kind, object: KubeObject) {
        answers();
        if (kind.kind === 'TokenReview')
          return {
            ...object,
            status: { authenticated: api.tokens.has(object['spec'].token), user: { username: 'somebody' } },
          };
        throw new Error(`${kind.kind} is not made here`);
      },
      async request(_method: string, path: string, { query }: { query?: Record<string, string> } = {}) {
        answers();
        if (!api.pages.has(path)) throw missing(path);
        const page = api.pages.get(path);
        return typeof page === 'function' ? page(query ?? {}) : page;
      },
      async exec({ namespace, pod, command }: ExecOptions): Promise<ExecResult> {
        answers();
        const key = `${namespace}/${pod}`;
        api.ran.set(key, (api.ran.get(key) ?? 0) + 1);
        const answer = api.commands.get(key);
        return answer
          ? { stdout: answer(command), stderr: '', exitCode: 0 }
          : { stdout: '', stderr: 'no such program', exitCode: 127 };
      },
      disconnect() {},
      async [Symbol.asyncDispose]() {},
    };
    return client as unknown as KubeClient;
  }
}

const known: Record<string, Kind> = kinds;
/** As in the table of kinds: there are two that call themselves Gateway. */
const nameOf = (kind: Kind): string => Object.keys(known).find((name) => known[name] === kind) ?? kind.kind;

const keyOf = (kind: string, namespace: string | undefined, name: string | undefined): string =>
  `${kind}/${namespace ?? ''}/${name}`;

function isSelected(
  { metadata }: KubeObject,
  { labelSelector, fieldSelector }: { labelSelector?: string; fieldSelector?: string },
): boolean {
  const [label, value] = labelSelector?.split('=') ?? [];
  if (label && metadata.labels?.[label] !== value) return false;
  const name = fieldSelector?.startsWith('metadata.name=') ? fieldSelector.slice('metadata.name='.length) : undefined;
  return name === undefined || metadata.name === name;
}
