/** What the clusters say: objects, read once each, and which control plane reads the configuration of which cluster. */
import { messageOf } from '../../errors/index.ts';
import {
  type Deployment,
  isNotFound,
  type Kind,
  type KubeClient,
  type KubeObject,
  kinds,
  type Pod,
} from '../../kube/index.ts';
import { clusterIdOfPod, envOf, isReady } from './pods.ts';

export interface ObservedCluster {
  /** As people call it: a context's name. */
  name: string;
  client: KubeClient;
}

export interface ControlPlane {
  /** Cluster in which istiod runs, and whose API holds its configuration. */
  cluster: string;
  namespace: string;
  pod: string;
  /** Clusters that it knows, by Istio's ID. */
  known: { id: string; secretName: string; syncStatus: string; lastError?: string }[];
  /** Its proxies as it sees them. */
  proxies: any[];
  /** ConfigMap istio, key mesh. */
  meshConfig: any;
  /** Suffix of service names, as istiod was started with. */
  domain: string;
}

const longestMs = 15_000;

export class MeshFacts {
  readonly clusters: readonly ObservedCluster[];
  readonly #signal: AbortSignal;
  readonly #lists = new Map<string, Promise<KubeObject[]>>();
  readonly #once = new Map<string, Promise<unknown>>();
  readonly unread: { cluster: string; what: string; why: string }[] = [];

  constructor(clusters: readonly ObservedCluster[], signal: AbortSignal) {
    this.clusters = clusters;
    this.#signal = signal;
  }

  get names(): string[] {
    return this.clusters.map((one) => one.name);
  }

  client(cluster: string): KubeClient {
    return this.clusters.find((one) => one.name === cluster)!.client;
  }

  /** Work that several steps need and that is done once. */
  once<T>(key: string, work: () => Promise<T>): Promise<T> {
    const known = this.#once.get(key);
    if (known) return known as Promise<T>;
    const made = work();
    this.#once.set(key, made);
    return made;
  }

  /** Objects of a cluster. What cannot be read is noted in `unread` and is an empty list: one silent cluster spoils nothing. */
  list<T extends KubeObject>(
    cluster: string,
    kind: Kind,
    options: { namespace?: string; labelSelector?: string; limit?: number } = {},
  ): Promise<T[]> {
    const key = [cluster, kind.group, kind.plural, options.namespace, options.labelSelector, options.limit].join(' ');
    const known = this.#lists.get(key);
    if (known) return known as Promise<T[]>;
    const made = within(this.client(cluster).list<T>(kind, options), this.#signal).then(
      ({ items }) => items,
      (error): T[] => {
        // A kind that a cluster does not serve has no objects there.
        if (!isNotFound(error)) this.#note(cluster, kind.plural, error);
        return [];
      },
    );
    this.#lists.set(key, made as Promise<KubeObject[]>);
    return made;
  }

  #note(cluster: string, what: string, error: unknown): void {
    if (!this.unread.some((one) => one.cluster === cluster && one.what === what))
      this.unread.push({ cluster, what, why: messageOf(error) });
  }

  async everywhere<T extends KubeObject>(
    kind: Kind,
    options: { namespace?: string; labelSelector?: string } = {},
  ): Promise<{ cluster: string; object: T }[]> {
    const lists = await Promise.all(this.names.map((name) => this.list<T>(name, kind, options)));
    return lists.flatMap((list, index) => list.map((object) => ({ cluster: this.names[index]!, object })));
  }

  /** A command in a container, or undefined where it cannot be run. */
  exec(cluster: string, namespace: string, pod: string, container: string, command: string[]) {
    return this.client(cluster).exec({
      namespace,
      pod,
      container,
      command,
      timeoutMs: longestMs,
      signal: this.#signal,
    });
  }

  request(cluster: string, path: string): Promise<any> {
    return within(
      this.client(cluster).request('GET', path, { accept: 'application/json, text/plain, */*', signal: this.#signal }),
      this.#signal,
    );
  }

  /** Every istiod that can be found, by its pods' label. */
  controlPlanes(): Promise<ControlPlane[]> {
    return this.once('control planes', async () => {
      const pods = await this.everywhere<Pod>(kinds.Pod, { labelSelector: 'app=istiod' });
      const ready = pods.filter(({ object }) => isReady(object));
      const first = ready.filter(({ cluster }, index) => ready.findIndex((one) => one.cluster === cluster) === index);
      return Promise.all(first.map(({ cluster, object }) => this.#controlPlane(cluster, object)));
    });
  }

  async #controlPlane(cluster: string, pod: Pod): Promise<ControlPlane> {
    const { namespace = '', name = '' } = pod.metadata;
    const [known, proxies, maps] = await Promise.all([
      this.#debugPage(cluster, namespace, name, 'clusterz'),
      this.#debugPage(cluster, namespace, name, 'syncz'),
      this.list(cluster, kinds.ConfigMap, { namespace }),
    ]);
    const text = maps.find((one) => one.metadata.name === 'istio')?.['data']?.mesh ?? '';
    const { parse } = await import('yaml');
    return { cluster, namespace, pod: name, known, proxies, meshConfig: parse(text) ?? {}, domain: domainOf(pod) };
  }

  /** Istio's own istiod shows its pages to its own pod alone; then they are asked for there. */
  async #debugPage(cluster: string, namespace: string, pod: string, page: string): Promise<any[]> {
    const direct = await this.request(
      cluster,
      `/api/v1/namespaces/${namespace}/pods/${pod}:8080/proxy/debug/${page}`,
    ).catch(() => undefined);
    const list = asList(direct);
    if (list) return list;
    const command = ['pilot-discovery', 'request', 'GET', `/debug/${page}`];
    const inside = await this.exec(cluster, namespace, pod, 'discovery', command).catch((error) => ({
      stdout: '',
      stderr: messageOf(error),
    }));
    const found = asList(inside.stdout);
    if (!found) this.#note(cluster, `istiod's /debug/${page}`, inside.stderr.trim() || 'no answer');
    return found ?? [];
  }

  /** Nothing can be said of a cluster whose pods are not shown. */
  isUnread(cluster: string): boolean {
    return this.unread.some((one) => one.cluster === cluster && one.what === kinds.Pod.plural);
  }

  /** Istio's ID of a cluster: what its istiod or its proxies are called by, else its name. */
  clusterId(cluster: string): Promise<string> {
    return this.once(`id ${cluster}`, async () => {
      const [deployments, pods] = await Promise.all([
        this.list<Deployment>(cluster, kinds.Deployment, { labelSelector: 'app=istiod' }),
        // Any few of its proxies tell it, however many there are.
        this.list<Pod>(cluster, kinds.Pod, { labelSelector: 'service.istio.io/canonical-name', limit: 20 }),
      ]);
      const ids = [
        ...deployments.map((one) => envOf(one.spec['template']?.spec?.containers, 'CLUSTER_ID')),
        ...pods.map(clusterIdOfPod),
      ].filter((one) => one !== undefined);
      return ids[0] ?? cluster;
    });
  }

  async clusterNamed(id: string): Promise<string | undefined> {
    const ids = await Promise.all(this.names.map((name) => this.clusterId(name)));
    const index = ids.indexOf(id);
    return index === -1 ? undefined : this.names[index];
  }

  /** The istiod that serves a cluster: its own, else the one that knows it. */
  async controlPlaneOf(cluster: string): Promise<ControlPlane | undefined> {
    const planes = await this.controlPlanes();
    const id = await this.clusterId(cluster);
    return (
      planes.find((one) => one.cluster === cluster) ??
      planes.find((one) => one.known.some((known) => known.id === id)) ??
      planes.find((one) => one.proxies.some((proxy) => proxy.cluster_id === id)) ??
      // A remote that nobody knows any more: whose it should be is clear where there is one primary.
      (planes.length === 1 ? planes[0] : undefined)
    );
  }

  /** Network of a cluster: the label of its system namespace. */
  async networkOf(cluster: string): Promise<string> {
    const namespaces = await this.list(cluster, kinds.Namespace);
    const planes = await this.controlPlanes();
    const system = planes[0]?.namespace ?? 'istio-system';
    return namespaces.find((one) => one.metadata.name === system)?.metadata.labels?.['topology.istio.io/network'] ?? '';
  }
}

function domainOf(pod: Pod): string {
  const args: string[] = (pod.spec['containers'] ?? []).flatMap((one: any) => one.args ?? []);
  const index = args.indexOf('--domain');
  return (
    (index === -1 ? args.find((one) => one.startsWith('--domain='))?.slice(9) : args[index + 1]) ?? 'cluster.local'
  );
}

function asList(value: unknown): any[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'string') return undefined;
  try {
    const parsed = JSON.parse(value);
    return Array.isArray(parsed) ? parsed : parsed === null ? [] : undefined;
  } catch {
    return undefined;
  }
}

/** A cluster that does not answer must not hold up what is known of the others. */
async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${longestMs / 1000} s`)), longestMs);
  const abort = () => reject(new Error('interrupted'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
