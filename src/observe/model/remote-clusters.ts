/**
 * Clusters that no context of the kubeconfig leads to, and a remote secret does: read by that secret's own kubeconfig, as Kiali reads its own. Its
 * account sees what istiod is to see, which may be less than all. They go when the secret goes, and when a context comes that leads there.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { KubeClient, type KubeConnection } from '../../kube/index.ts';
import type { ClusterModel } from './cluster-model.ts';
import type { MeshModel } from './mesh-model.ts';
import { connectionOf, type RemoteSecret } from './remote-secret.ts';

const lookAgainMs = 1000;

export class RemoteClusters implements AsyncDisposable {
  readonly #model: MeshModel;
  readonly #connect: (connection: KubeConnection) => KubeClient;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;

  constructor(model: MeshModel, connect = (connection: KubeConnection) => new KubeClient(connection)) {
    this.#model = model;
    this.#connect = connect;
  }

  start(): this {
    this.#running ??= this.#run();
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      this.look();
      await pause(lookAgainMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** Follows what the secrets say now. */
  look(): void {
    const known = this.#model.clusters.filter((one) => one.origin.type === 'kubeconfig');
    // Until a cluster has been read its name is not known: it may be the one that a secret names.
    if (known.length === 0 || known.some((one) => !one.isSettled && one.api.reachable)) return;
    this.#model.followRemote(wantedOf(known), this.#connect);
  }
}

export interface RemoteSource {
  name: string;
  connection: KubeConnection;
  by: { cluster: string; namespace: string; name: string };
}

function wantedOf(known: ClusterModel[]): RemoteSource[] {
  const wanted = new Map<string, RemoteSource>();
  const isKnown = (name: string, server: string): boolean =>
    known.some((one) => one.name === name || one.context === name || one.client.connection.server === server);
  for (const cluster of known)
    for (const secret of cluster.list<RemoteSecret>('RemoteSecret'))
      for (const target of secret.targets) {
        const connection = connectionOf(target);
        if (!connection || wanted.has(target.cluster) || isKnown(target.cluster, connection.server)) continue;
        const { namespace = '', name = '' } = secret.metadata;
        // Who writes there rules the mesh anyway; anybody else could lead us where they like.
        if (!cluster.rootNamespaces.includes(namespace)) continue;
        wanted.set(target.cluster, {
          name: target.cluster,
          connection,
          by: { cluster: cluster.name, namespace, name },
        });
      }
  return [...wanted.values()];
}
