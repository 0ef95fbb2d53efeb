/** All clusters together. None of them is home: they come and go while it runs, and one that is silent delays no other. */
import { KubeClient, type KubeConnection } from '../../kube/index.ts';
import { ClusterModel, type ModelChange } from './cluster-model.ts';
import type { RemoteSource } from './remote-clusters.ts';

export interface ClusterSource {
  /** The context's name. */
  context: string;
  connection: KubeConnection;
  prometheusUrl?: string | undefined;
}

export type MeshChange =
  | ModelChange
  | { cluster: ClusterModel; came: boolean }
  | { cluster: ClusterModel; reachable: boolean };

export class MeshModel implements AsyncDisposable {
  readonly #clusters = new Map<string, { cluster: ClusterModel; identity: string }>();
  readonly #listeners = new Set<(change: MeshChange) => void>();

  get clusters(): ClusterModel[] {
    return [...this.#clusters.values()].map((one) => one.cluster);
  }

  /** By the mesh's name for it, else by the context's. */
  cluster(name: string): ClusterModel | undefined {
    return this.clusters.find((one) => one.name === name) ?? this.#clusters.get(name)?.cluster;
  }

  on(listener: (change: MeshChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Makes the clusters be those of the list. One whose connection is another is begun anew; those that stay are left alone. */
  follow(sources: ClusterSource[]): void {
    const wanted = new Map(sources.map((one) => [one.context, one]));
    for (const [context, { identity, cluster }] of this.#clusters) {
      if (cluster.origin.type !== 'kubeconfig') continue;
      const source = wanted.get(context);
      if (!source || identityOf(source) !== identity) this.#leave(context);
    }
    for (const source of sources) {
      // What only a secret led to, now a context does.
      if (this.#clusters.get(source.context)?.cluster.origin.type === 'remote-secret') this.#leave(source.context);
      if (!this.#clusters.has(source.context))
        this.add(new ClusterModel(source.context, new KubeClient(source.connection), source), identityOf(source));
    }
  }

  /** The same for clusters that only remote secrets lead to; those of the kubeconfig are left alone. */
  followRemote(sources: RemoteSource[], connect: (connection: KubeConnection) => KubeClient): void {
    const wanted = new Map(sources.map((one) => [one.name, one]));
    for (const [context, { identity, cluster }] of this.#clusters) {
      if (cluster.origin.type !== 'remote-secret') continue;
      const source = wanted.get(context);
      if (!source || identityOf(source) !== identity) this.#leave(context);
    }
    for (const source of sources)
      if (!this.#clusters.has(source.name)) {
        const origin = { type: 'remote-secret' as const, ...source.by };
        this.add(new ClusterModel(source.name, connect(source.connection), { origin }), identityOf(source));
      }
  }

  add(cluster: ClusterModel, identity = cluster.context): void {
    this.#clusters.set(cluster.context, { cluster, identity });
    cluster.on((change) => this.#tell(change));
    cluster.onReachability(() => this.#tell({ cluster, reachable: cluster.api.reachable }));
    this.#tell({ cluster, came: true });
    cluster.start();
  }

  async settled(withinMs: number): Promise<void> {
    await Promise.all(this.clusters.map((one) => one.settled(withinMs)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const clusters = this.clusters;
    this.#clusters.clear();
    await Promise.all(clusters.map((one) => one.stop()));
  }

  #leave(context: string): void {
    const cluster = this.#clusters.get(context)?.cluster;
    if (!cluster) return;
    this.#clusters.delete(context);
    this.#tell({ cluster, came: false });
    void cluster.stop();
  }

  #tell(change: MeshChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** Everything by which a connection could differ; a hash is not needed since it stays in memory. */
const identityOf = ({ connection, prometheusUrl }: Pick<ClusterSource, 'connection' | 'prometheusUrl'>): string =>
  JSON.stringify([connection.server, connection.ca, connection.clientCert, connection.token, prometheusUrl]);
