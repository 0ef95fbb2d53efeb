/** Clusters that Secrets labelled istio/multiCluster=true name: each data key is a cluster ID, each value a kubeconfig (Istio's rules). */
import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { messageOf } from '../../../errors/index.ts';
import { Informer, KubeClient, kinds, loadKubeconfig, type Secret } from '../../../kube/index.ts';
import type { ClusterRegistry } from './cluster-registry.ts';

export type SyncStatus = 'synced' | 'syncing' | 'timeout' | 'closed';

export interface RemoteCluster {
  id: string;
  secretName: string;
  registry: ClusterRegistry;
  hash: string;
  status: SyncStatus;
}

export interface RemoteClustersOptions {
  client: KubeClient;
  ownId: string;
  namespace: string;
  timeoutMs: number;
  makeRegistry(id: string, client: KubeClient): ClusterRegistry;
  onChange(reason: string): void;
  log: (line: string) => void;
}

export class RemoteClusters {
  readonly #options: RemoteClustersOptions;
  readonly #clusters = new Map<string, RemoteCluster>();
  readonly #secrets: Informer<Secret>;

  constructor(options: RemoteClustersOptions) {
    this.#options = options;
    this.#secrets = new Informer<Secret>(options.client, kinds.Secret, {
      namespace: options.namespace,
      labelSelector: 'istio/multiCluster=true',
    });
  }

  /** Returns when every cluster known at the start has synced or timed out. */
  async start(): Promise<void> {
    this.#secrets.on(({ type, object }) => (type === 'deleted' ? this.#removeAllOf(object) : this.#take(object)));
    this.#secrets.start();
    await this.#secrets.synced;
    await Promise.all([...this.#clusters.values()].map((cluster) => settled(cluster, this.#options.timeoutMs)));
  }

  all(): RemoteCluster[] {
    return [...this.#clusters.values()];
  }

  get(id: string): RemoteCluster | undefined {
    return this.#clusters.get(id);
  }

  async stop(): Promise<void> {
    await this.#secrets.stop();
    await Promise.all([...this.#clusters.values()].map((cluster) => cluster.registry.stop()));
  }

  #take(secret: Secret): void {
    const secretName = `${secret.metadata.namespace}/${secret.metadata.name}`;
    const wanted = new Map(Object.entries(secret.data ?? {}));
    for (const cluster of this.#clusters.values())
      if (cluster.secretName === secretName && !wanted.has(cluster.id)) this.#remove(cluster);
    for (const [id, encoded] of wanted)
      this.#takeCluster(id, secretName, Buffer.from(encoded, 'base64').toString('utf8'));
  }

  #takeCluster(id: string, secretName: string, kubeconfig: string): void {
    const { log, ownId, timeoutMs, makeRegistry, onChange } = this.#options;
    if (id === ownId) return;
    const known = this.#clusters.get(id);
    if (known && known.secretName !== secretName) {
      log(`cluster ${id} of secret ${secretName} is ignored: it is registered already by ${known.secretName}`);
      return;
    }
    const hash = createHash('sha256').update(kubeconfig).digest('hex');
    if (known?.hash === hash) return;
    let client: KubeClient;
    try {
      client = new KubeClient({ ...loadKubeconfig(sanitized(parse(kubeconfig))), name: id, userAgent: 'istiod' });
    } catch (error) {
      log(`kubeconfig of cluster ${id} in secret ${secretName} is refused: ${messageOf(error)}`);
      return;
    }
    const registry = makeRegistry(id, client);
    const cluster: RemoteCluster = { id, secretName, registry, hash, status: 'syncing' };
    registry.start();
    const timer =
      timeoutMs > 0
        ? setTimeout(() => cluster.status === 'syncing' && (cluster.status = 'timeout'), timeoutMs)
        : undefined;
    timer?.unref();
    // An update replaces the old cluster when the new one is ready: its endpoints are never missing in between.
    if (!known) this.#clusters.set(id, cluster);
    void registry.synced.then(() => {
      clearTimeout(timer);
      if (cluster.status === 'closed') return;
      cluster.status = 'synced';
      if (known) {
        this.#clusters.set(id, cluster);
        known.status = 'closed';
        void known.registry.stop();
      }
      log(`cluster ${id} of secret ${secretName} is synced`);
      onChange(`cluster ${id} synced`);
    });
  }

  #removeAllOf(secret: Secret): void {
    const secretName = `${secret.metadata.namespace}/${secret.metadata.name}`;
    for (const cluster of this.#clusters.values()) if (cluster.secretName === secretName) this.#remove(cluster);
  }

  #remove(cluster: RemoteCluster): void {
    cluster.status = 'closed';
    this.#clusters.delete(cluster.id);
    void cluster.registry.stop();
    this.#options.log(`cluster ${cluster.id} is removed`);
    this.#options.onChange(`cluster ${cluster.id} removed`);
  }
}

async function settled(cluster: RemoteCluster, timeoutMs: number): Promise<void> {
  const timeout =
    timeoutMs > 0 ? new Promise((resolve) => setTimeout(resolve, timeoutMs).unref()) : new Promise(() => {});
  await Promise.race([cluster.registry.synced, timeout]);
}

/** A kubeconfig of a Secret may not run programs or read files of istiod's. @throws Error naming what is refused. */
export function sanitized(kubeconfig: any): any {
  for (const { name, user = {} } of kubeconfig?.users ?? []) {
    for (const field of ['exec', 'tokenFile', 'client-certificate', 'client-key', 'auth-provider'])
      if (user[field] !== undefined) throw new Error(`${field} of user ${name} is not allowed`);
  }
  for (const { name, cluster = {} } of kubeconfig?.clusters ?? [])
    if (cluster['certificate-authority'] !== undefined)
      throw new Error(`certificate-authority (a file) of cluster ${name} is not allowed`);
  return kubeconfig;
}
