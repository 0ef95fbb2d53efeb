/**
 * What no Kubernetes object says and must be asked for: istiod's view of its clusters and proxies, Prometheus' view of its targets, and
 * whether tokens of remote secrets are still good. Asked again and again, each cluster by itself, so that a slow one delays none.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../errors/index.ts';
import { type KubeObject, kinds } from '../../kube/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import type { MeshModel } from '../model/mesh-model.ts';
import { type RemoteSecret, tokenOf } from '../model/remote-secret.ts';
import { isReady } from '../model/workload.ts';
import { PrometheusClient } from '../prometheus/client.ts';
import type { PrometheusSettings } from '../prometheus/settings.ts';

export interface IstiodFacts {
  pod: string;
  namespace: string;
  clusterz?: { id: string; secretName?: string; syncStatus: string; lastError?: string }[];
  syncz?: any[];
  error?: string;
}

export interface PrometheusFacts {
  version?: string;
  targets?: any[];
  clusters?: string[];
  settings?: PrometheusSettings;
  error?: string;
}

export interface ClusterFacts {
  istiods: IstiodFacts[];
  prometheus: PrometheusFacts;
  /** By `namespace/secret/target`: what the target cluster says of the token; undefined where it could not be asked. */
  tokens: Map<string, { authenticated: boolean } | undefined>;
}

const repeatMs = 5000;
/** Settings change seldom, and a configuration may be long. */
const settingsKeptMs = 60_000;
const answerWithinMs = 4000;
/** Plain HTTP ports of istiod's debug pages; the real one answers on the second only who is authenticated. */
const debugPorts = [8080, 15_014];

export class MeshFacts {
  readonly #model: MeshModel;
  readonly #facts = new Map<ClusterModel, ClusterFacts>();
  readonly #settingsAskedAt = new WeakMap<ClusterModel, number>();
  readonly #abort = new AbortController();
  readonly #loops = new Map<ClusterModel, Promise<void>>();
  readonly #listeners = new Set<() => void>();

  constructor(model: MeshModel) {
    this.#model = model;
  }

  of(cluster: ClusterModel): ClusterFacts {
    return this.#facts.get(cluster) ?? { istiods: [], prometheus: {}, tokens: new Map() };
  }

  /** Called after every round of a cluster. */
  onRound(listener: () => void): void {
    this.#listeners.add(listener);
  }

  start(): this {
    this.#model.on((change) => {
      if ('came' in change && change.came) this.#follow(change.cluster);
      if ('came' in change && !change.came) {
        this.#facts.delete(change.cluster);
        this.#loops.delete(change.cluster);
      }
    });
    for (const cluster of this.#model.clusters) this.#follow(cluster);
    return this;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#loops.values());
  }

  /** One round of all clusters. */
  async refresh(): Promise<void> {
    await Promise.all(this.#model.clusters.map((one) => this.#round(one)));
  }

  #follow(cluster: ClusterModel): void {
    if (this.#loops.has(cluster)) return;
    const { signal } = this.#abort;
    const loop = async (): Promise<void> => {
      await cluster.settled(3000);
      while (!signal.aborted && this.#model.clusters.includes(cluster)) {
        await this.#round(cluster);
        await pause(repeatMs, undefined, { signal }).catch(() => {});
      }
    };
    this.#loops.set(cluster, loop());
  }

  async #round(cluster: ClusterModel): Promise<void> {
    const [istiods, prometheus, tokens] = await Promise.all([
      askIstiods(cluster),
      this.#askPrometheus(cluster),
      this.#askTokens(cluster),
    ]);
    this.#facts.set(cluster, { istiods, prometheus, tokens });
    for (const listener of this.#listeners) listener();
  }

  async #askPrometheus(cluster: ClusterModel): Promise<PrometheusFacts> {
    const client = new PrometheusClient(cluster);
    const known = this.of(cluster).prometheus.settings;
    const isFresh = Date.now() - (this.#settingsAskedAt.get(cluster) ?? 0) < settingsKeptMs;
    try {
      const [targets, version, settings, counted] = await Promise.all([
        client.targets(),
        client.version().catch(() => undefined),
        known && isFresh ? known : client.settings(),
        client.query('count by (source_cluster) (istio_requests_total{reporter="source"})'),
      ]);
      if (settings !== known) this.#settingsAskedAt.set(cluster, Date.now());
      const clusters = counted
        .map(({ metric }) => metric['source_cluster'] ?? 'unknown')
        .filter((one) => one !== 'unknown');
      return { targets, clusters: clusters.sort(), settings, ...(version ? { version } : {}) };
    } catch (error) {
      return { error: messageOf(error) };
    }
  }

  /** Only the cluster to which a token belongs knows whether it is good: istiod goes on showing a cluster as synced. */
  async #askTokens(cluster: ClusterModel): Promise<ClusterFacts['tokens']> {
    const asked = cluster.list<RemoteSecret>('RemoteSecret').flatMap((secret) =>
      secret.targets.map(async (target) => {
        const key = `${secret.metadata.namespace}/${secret.metadata.name}/${target.cluster}`;
        const token = tokenOf(target);
        const other = this.#model.cluster(target.cluster);
        if (!token || !other?.api.reachable) return [key, undefined] as const;
        const review = await Promise.race([
          other.client.create<KubeObject>(kinds.TokenReview, { metadata: {}, spec: { token } }).catch(() => undefined), // that reviews are refused to us says nothing of the token
          pause(answerWithinMs, undefined, { ref: false }),
        ]);
        const { authenticated } = review?.['status'] ?? {};
        return [key, review ? { authenticated: authenticated === true } : undefined] as const;
      }),
    );
    return new Map(await Promise.all(asked));
  }
}

async function askIstiods(cluster: ClusterModel): Promise<IstiodFacts[]> {
  if (!cluster.api.reachable) return [];
  const pods = cluster.list('Pod').filter((one) => one.metadata.labels?.['app'] === 'istiod' && isReady(one));
  return Promise.all(
    pods.map(async ({ metadata }): Promise<IstiodFacts> => {
      const { name = '', namespace = '' } = metadata;
      try {
        const [clusterz, syncz] = await Promise.all([
          askIstiod(cluster, namespace, name, '/debug/clusterz'),
          askIstiod(cluster, namespace, name, '/debug/syncz'),
        ]);
        return { pod: name, namespace, clusterz: (clusterz as any[]) ?? [], syncz: (syncz as any[]) ?? [] };
      } catch (error) {
        return { pod: name, namespace, error: messageOf(error) };
      }
    }),
  );
}

async function askIstiod(cluster: ClusterModel, namespace: string, pod: string, path: string): Promise<unknown> {
  let refusal: unknown;
  for (const port of debugPorts)
    try {
      const signal = AbortSignal.timeout(answerWithinMs);
      const place = `/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy${path}`;
      const answer = await cluster.client.request('GET', place, { signal });
      return typeof answer === 'string' ? JSON.parse(answer) : answer;
    } catch (error) {
      refusal ??= error;
    }
  throw refusal;
}
