/** Who asks, and what they may see: nobody sees more in the console than the API servers would tell them. */

import { KubeClient, type KubeObject, kinds } from '../../kube/index.ts';
import type { ClusterModel, ClusterOrigin, NamespaceKey, Observer } from '../../observe/index.ts';

export interface Viewer {
  username: string;
  /** Whether objects of a namespace are shown; an empty namespace stands for what belongs to the cluster as a whole. */
  canSee(where: NamespaceKey): boolean;
  /** Whether the viewer may do this there; asked of the API server. */
  may(cluster: ClusterModel, what: Access): Promise<boolean>;
  /** For what is read or written in the viewer's own name. */
  clientFor(cluster: ClusterModel): KubeClient;
}

export interface Access {
  verb: string;
  group?: string;
  resource: string;
  subresource?: string;
  namespace?: string;
  name?: string;
}

/** Whoever can reach the loopback address of this machine as this user; sees what the kubeconfig's accounts see. */
export const localViewer: Viewer = {
  username: 'anonymous',
  canSee: () => true,
  may: async () => true,
  clientFor: (cluster) => cluster.client,
};

const keptMs = 30_000;
/** A silent cluster delays nobody's page: what it does not answer in time is not shown. */
const answerWithinMs = 3000;

/** A bearer of a token: each cluster decides by its own rules whether it knows them, and what they may list. */
export class TokenViewer implements Viewer {
  readonly username: string;
  readonly #token: string;
  readonly #observer: Observer;
  readonly #clients = new Map<string, KubeClient>();
  readonly #answers = new Map<string, { at: number; allowed: Promise<boolean> }>();
  #seen = new Set<string>();
  #preparedAt = 0;
  #preparing: Promise<void> | undefined;

  constructor(observer: Observer, token: string, username: string) {
    this.#observer = observer;
    this.#token = token;
    this.username = username;
  }

  canSee({ cluster, namespace }: NamespaceKey): boolean {
    return this.#seen.has(`${cluster}/*`) || (namespace !== '' && this.#seen.has(`${cluster}/${namespace}`));
  }

  may(cluster: ClusterModel, what: Access): Promise<boolean> {
    if (cluster.origin.type === 'remote-secret') return this.#mayThrough(cluster.origin, what);
    const key = JSON.stringify([cluster.context, what]);
    const known = this.#answers.get(key);
    if (known && Date.now() - known.at < keptMs) return known.allowed;
    const allowed = this.#ask(cluster, what);
    this.#answers.set(key, { at: Date.now(), allowed });
    return allowed;
  }

  /** Of a cluster that only a remote secret leads to one that nobody is known to: the token is not for whoever that names. */
  clientFor(cluster: ClusterModel): KubeClient {
    const known = this.#clients.get(cluster.context);
    if (known) return known;
    const { server, ca, insecureSkipVerify, tlsServerName, name } = cluster.client.connection;
    const client = new KubeClient({
      server,
      ...(cluster.origin.type === 'kubeconfig' ? { token: this.#token } : {}),
      ...(ca ? { ca } : {}),
      ...(insecureSkipVerify ? { insecureSkipVerify } : {}),
      ...(tlsServerName ? { tlsServerName } : {}),
      ...(name ? { name } : {}),
    });
    this.#clients.set(cluster.context, client);
    return client;
  }

  /** Learns which namespaces may be seen; to be called before an answer is made. */
  async prepare(): Promise<void> {
    if (Date.now() - this.#preparedAt < keptMs) return;
    this.#preparing ??= this.#learn().finally(() => {
      this.#preparing = undefined;
    });
    await this.#preparing;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((one) => one[Symbol.asyncDispose]()));
  }

  /** Who may read the secret may see what it opens; nothing is written through it. */
  async #mayThrough(by: Extract<ClusterOrigin, { type: 'remote-secret' }>, { verb }: Access): Promise<boolean> {
    const holder = this.#observer.model.cluster(by.cluster);
    if (holder?.origin.type !== 'kubeconfig' || !['get', 'list', 'watch'].includes(verb)) return false;
    return this.may(holder, { verb: 'get', resource: 'secrets', namespace: by.namespace, name: by.name });
  }

  async #learn(): Promise<void> {
    const listPods = { verb: 'list', resource: 'pods' };
    const seen = await Promise.all(
      this.#observer.clusters.map(async (cluster) => {
        if (await this.may(cluster, listPods)) return [`${cluster.name}/*`];
        const namespaces = cluster.list('Namespace').map((one) => one.metadata.name ?? '');
        const allowed = await Promise.all(namespaces.map((namespace) => this.may(cluster, { ...listPods, namespace })));
        return namespaces.filter((_, index) => allowed[index]).map((namespace) => `${cluster.name}/${namespace}`);
      }),
    );
    this.#seen = new Set(seen.flat());
    this.#preparedAt = Date.now();
  }

  async #ask(cluster: ClusterModel, { group = '', ...rest }: Access): Promise<boolean> {
    const resourceAttributes = { group, ...rest };
    const review = { metadata: {}, spec: { resourceAttributes } };
    const limit = new Promise<undefined>((resolve) => setTimeout(resolve, answerWithinMs, undefined).unref());
    const answer = await Promise.race([
      this.clientFor(cluster)
        .create<KubeObject>(kinds.SelfSubjectAccessReview, review)
        .catch(() => undefined),
      limit,
    ]);
    return answer?.['status']?.allowed === true;
  }
}
