/**
 * Certificates of proxies. Each proxy is asked when it comes, when its container begins anew, when it connects to istiod or is cut off, when the
 * roots of its cluster change, at the moments of the certificate's life at which something may be different, and otherwise seldom.
 */
import { messageOf } from '../../errors/index.ts';
import type { ConfigMap, Pod } from '../../kube/index.ts';
import type { ClusterModel } from '../model/cluster-model.ts';
import type { MeshChange, MeshModel } from '../model/mesh-model.ts';
import { ownerOf, proxyContainerOf } from '../model/workload.ts';
import { askAdmin } from '../proxy-admin.ts';
import type { MeshFacts } from '../topology/facts.ts';
import type {
  NamespaceKey,
  ProxyCertificate,
  ProxyCertificateSummary,
  ProxyCertificates,
  State,
} from '../types/index.ts';
import { judgeCertificate, nextLook } from './judge.ts';
import { type ShownCertificate, secretsPath, shownCertificate } from './read.ts';

const tickMs = 1000;
const sweepMs = 600_000;
/** What is not well is looked at until it is. */
const againMs = 10_000;
const longestPauseMs = 300_000;
/** istiod and agents need a moment until new roots are with the proxies. */
const trustSettlesMs = 4000;
const atOnce = 3;
const answerWithinMs = 10_000;

interface Kept {
  cluster: ClusterModel;
  namespace: string;
  pod: string;
  /** Changes with the pod and with each start of its proxy's container. */
  life: string;
  isRunning: boolean;
  due: number;
  isAsked: boolean;
  failures: number;
  shown?: ShownCertificate;
  readAt?: number;
  why?: string;
  state: State;
}

export class CertificateKeeper {
  readonly #model: MeshModel;
  readonly #facts: MeshFacts;
  readonly #kept = new Map<ClusterModel, Map<string, Kept>>();
  readonly #asked = new Map<ClusterModel, number>();
  readonly #abort = new AbortController();
  #connected = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #onChange: () => void = () => {};

  constructor(model: MeshModel, facts: MeshFacts) {
    this.#model = model;
    this.#facts = facts;
  }

  /** @param onChange called when a certificate comes, or its state is another */
  start(onChange: () => void): void {
    this.#onChange = onChange;
    this.#model.on((change) => this.#accept(change));
    this.#facts.onRound(() => this.#acceptConnections());
    for (const cluster of this.#model.clusters)
      for (const pod of cluster.list<Pod>('Pod')) this.#acceptPod(cluster, pod, false);
    this.#timer = setInterval(() => this.#tick(), tickMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#abort.abort();
  }

  of(cluster: ClusterModel, namespace: string, pod: string): ProxyCertificate | undefined {
    const kept = this.#kept.get(cluster)?.get(`${namespace}/${pod}`);
    return kept && viewOf(kept, Date.now());
  }

  /** Undefined until one was read. */
  summary(cluster: ClusterModel, now = Date.now()): ProxyCertificateSummary | undefined {
    const all = [...(this.#kept.get(cluster)?.values() ?? [])].filter((one) => one.isRunning);
    const read = all.filter((one) => one.shown);
    if (read.length === 0) return undefined;
    const judged = read.map((one) => ({ ...judgeCertificate(one.shown!, now), name: `${one.namespace}/${one.pod}` }));
    const of = (kind: string) => judged.filter((one) => one.kind === kind);
    const [expired, ending, foreign] = ['expired', 'ending', 'foreign'].map(of);
    const bad = [...expired!, ...foreign!, ...ending!];
    const [worst] = bad;
    const more = bad.length > 1 ? ` (and ${bad.length - 1} more)` : '';
    return {
      proxies: all.length,
      read: read.length,
      expired: expired!.length,
      ending: ending!.length,
      foreign: foreign!.length,
      nextEnd: new Date(Math.min(...read.map((one) => one.shown!.notAfter))).toISOString(),
      state: worst?.state ?? 'ok',
      ...(worst ? { why: `${worst.name}: ${worst.why}${more}` } : {}),
    };
  }

  list(isWanted: (where: NamespaceKey) => boolean): Omit<ProxyCertificates, 'problems'> {
    const now = Date.now();
    const wanted = [...this.#kept.values()]
      .flatMap((one) => [...one.values()])
      .filter((one) => one.isRunning && isWanted({ cluster: one.cluster.name, namespace: one.namespace }));
    return {
      certificates: wanted.flatMap((one) => viewOf(one, now) ?? []),
      unread: wanted
        .filter((one) => !one.shown)
        .map(({ cluster, namespace, pod, why }) => ({
          cluster: cluster.name,
          namespace,
          pod,
          why: why ?? 'it has not been asked yet',
        })),
    };
  }

  #accept(change: MeshChange): void {
    const { cluster } = change;
    if ('came' in change) {
      if (!change.came) this.#kept.delete(cluster);
      return;
    }
    if ('reachable' in change) return;
    const { kind, event } = change;
    if (kind === 'Pod') this.#acceptPod(cluster, event.object as Pod, event.type === 'deleted');
    const isRoot = kind === 'ConfigMap' && event.object.metadata.name === 'istio-ca-root-cert';
    if (isRoot || kind === 'CaSecret') this.#hurry(this.#kept.get(cluster)?.values() ?? [], trustSettlesMs);
  }

  #acceptPod(cluster: ClusterModel, pod: Pod, isGone: boolean): void {
    const { namespace = '', name = '', uid = '', deletionTimestamp } = pod.metadata;
    const pods = this.#kept.get(cluster) ?? new Map<string, Kept>();
    this.#kept.set(cluster, pods);
    const key = `${namespace}/${name}`;
    if (isGone || !proxyContainerOf(pod)) {
      pods.delete(key);
      return;
    }
    const status = pod.status ?? {};
    const statuses: any[] = [...(status['containerStatuses'] ?? []), ...(status['initContainerStatuses'] ?? [])];
    const proxy = statuses.find((one) => one.name === 'istio-proxy');
    const life = `${uid} ${proxy?.restartCount ?? 0} ${proxy?.ready ?? ''}`;
    const isRunning = status['phase'] === 'Running' && !deletionTimestamp;
    const known = pods.get(key);
    if (known?.life === life && known.isRunning === isRunning) return;
    const one = known ?? { cluster, namespace, pod: name, isAsked: false, state: 'unknown' as const };
    const begun = { life, isRunning, failures: 0, due: 0 };
    // Another pod of the same name: what is known is of the former.
    if (known && known.life.split(' ')[0] !== uid) delete known.shown;
    pods.set(key, Object.assign(one, begun));
  }

  /** A proxy that has come to istiod, or is cut off from it, has or will have another certificate. */
  #acceptConnections(): void {
    const now = new Set<string>();
    for (const cluster of this.#model.clusters)
      for (const { syncz } of this.#facts.of(cluster).istiods)
        for (const one of syncz ?? []) now.add(`${one.cluster_id ?? cluster.name}/${one.proxy}`);
    const changed = now.symmetricDifference(this.#connected);
    this.#connected = now;
    if (changed.size === 0) return;
    for (const [cluster, pods] of this.#kept)
      this.#hurry([...pods.values()].filter((one) => changed.has(`${cluster.name}/${one.pod}.${one.namespace}`)));
  }

  #hurry(all: Iterable<Kept>, afterMs = 0): void {
    const due = Date.now() + afterMs;
    for (const one of all) one.due = Math.min(one.due, due);
  }

  #tick(): void {
    const now = Date.now();
    let hasChanged = false;
    for (const [cluster, pods] of this.#kept)
      for (const one of pods.values()) {
        if (one.shown) {
          const { state } = judgeCertificate(one.shown, now);
          if (state !== one.state) hasChanged = true;
          one.state = state;
        }
        const asked = this.#asked.get(cluster) ?? 0;
        if (!one.isRunning || one.isAsked || one.due > now || asked >= atOnce || !cluster.api.reachable) continue;
        this.#asked.set(cluster, asked + 1);
        one.isAsked = true;
        void this.#ask(cluster, one).finally(() => {
          one.isAsked = false;
          this.#asked.set(cluster, (this.#asked.get(cluster) ?? 1) - 1);
        });
      }
    if (hasChanged) this.#onChange();
  }

  async #ask(cluster: ClusterModel, one: Kept): Promise<void> {
    const { namespace, pod } = one;
    const { life } = one;
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(answerWithinMs)]);
    const exec = (command: string[]) =>
      cluster.client.exec({ namespace, pod, container: 'istio-proxy', command, signal, timeoutMs: answerWithinMs });
    let now = Date.now();
    try {
      const dump = await askAdmin(exec, secretsPath);
      now = Date.now();
      one.shown = shownCertificate(dump, rootOf(cluster));
      one.readAt = now;
      one.failures = 0;
      delete one.why;
    } catch (error) {
      one.failures++;
      one.why = messageOf(error);
    }
    const { state } = one.shown ? judgeCertificate(one.shown, now) : { state: 'unknown' as const };
    if (one.failures > 0) one.due = now + Math.min(longestPauseMs, againMs * 2 ** (one.failures - 1));
    else if (state !== 'ok') one.due = now + againMs;
    else one.due = Math.min(now + this.#sweepOf(cluster), nextLook(one.shown!, now) ?? Number.POSITIVE_INFINITY);
    // It has begun anew meanwhile.
    if (one.life !== life) one.due = now;
  }

  /** Of many proxies each is asked more seldom. */
  #sweepOf(cluster: ClusterModel): number {
    return Math.max(sweepMs, (this.#kept.get(cluster)?.size ?? 0) * 1000);
  }
}

function rootOf(cluster: ClusterModel): string {
  return cluster.rootNamespaces
    .map((one) => cluster.get<ConfigMap>('ConfigMap', one, 'istio-ca-root-cert')?.data?.['root-cert.pem'] ?? '')
    .join('\n')
    .trim();
}

function viewOf(kept: Kept, now: number): ProxyCertificate | undefined {
  const { shown, cluster, namespace, pod, readAt } = kept;
  if (!shown || !readAt) return undefined;
  const { isOwnRoot: _, notBefore, notAfter, ...rest } = shown;
  const { state, why } = judgeCertificate(shown, now);
  const object = cluster.get<Pod>('Pod', namespace, pod);
  return {
    cluster: cluster.name,
    namespace,
    pod,
    ...(object ? { workload: ownerOf(object).name } : {}),
    ...rest,
    notBefore: new Date(notBefore).toISOString(),
    notAfter: new Date(notAfter).toISOString(),
    state,
    ...(why
      ? {
          why,
          fix: `kubectl --context ${cluster.context} -n ${namespace} logs ${pod} -c istio-proxy; a new pod asks istiod anew: kubectl --context ${cluster.context} -n ${namespace} delete pod ${pod}`,
        }
      : {}),
    readAt: new Date(readAt).toISOString(),
  };
}
