/** One cluster as its watches show it. It starts at once, waits for nothing, and says itself what it does not see. */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../errors/index.ts';
import {
  Informer,
  type InformerEvent,
  type Kind,
  type KubeClient,
  type KubeObject,
  kinds,
  type Pod,
  type Secret,
} from '../../kube/index.ts';
import type { ApiState, ClusterOrigin } from '../types/index.ts';
import { toCaSecret } from './ca-secret.ts';
import { identify } from './identity.ts';
import { isGatewayApiKind, type ModelKind, observed, workloadKinds } from './observed-kinds.ts';
import { toRemoteSecret } from './remote-secret.ts';
import { slim, slimPod } from './slim.ts';
import { isIstiod } from './workload.ts';
import { WorkloadIndex } from './workload-index.ts';

export interface ModelChange {
  cluster: ClusterModel;
  kind: ModelKind;
  event: InformerEvent<KubeObject>;
}

const heartbeatMs = 4000;
const endsWithinMs = 2000;
/** An API server that has not answered after this is as good as gone. */
const answerWithinMs = 4000;

export class ClusterModel {
  /** The kubeconfig's, or the name that a remote secret has for it. */
  readonly context: string;
  readonly origin: ClusterOrigin;
  readonly client: KubeClient;
  readonly workloads = new WorkloadIndex();
  /** URL of its Prometheus, if one was given. */
  readonly prometheusUrl: string | undefined;
  kubernetesVersion: string | undefined;
  readonly #informers = new Map<ModelKind, Informer<any>[]>();
  readonly #listeners = new Set<(change: ModelChange) => void>();
  readonly #abort = new AbortController();
  readonly #rootNamespaces = new Set<string>();
  #heart: Promise<void> | undefined;
  #lastSeen: Date | undefined;
  #silence: string | undefined = 'its first answer is awaited';
  #identity: { clusterId: string; network: string | undefined } | undefined;

  constructor(
    context: string,
    client: KubeClient,
    options: { prometheusUrl?: string | undefined; origin?: ClusterOrigin } = {},
  ) {
    this.context = context;
    this.origin = options.origin ?? { type: 'kubeconfig', context };
    this.client = client;
    this.prometheusUrl = options.prometheusUrl;
    for (const { name, kind } of observed)
      this.#add(name, new Informer<any>(client, kind, { transform: name === 'Pod' ? slimPod : slim }));
    const multiCluster = { labelSelector: 'istio/multiCluster=true' };
    this.#add(
      'RemoteSecret',
      new Informer<any>(client, kinds.Secret, {
        ...multiCluster,
        transform: (one) => slim(toRemoteSecret(one as Secret)),
      }),
    );
    const cacerts = { fieldSelector: 'metadata.name=cacerts' };
    this.#add(
      'CaSecret',
      new Informer<any>(client, kinds.Secret, { ...cacerts, transform: (one) => slim(toCaSecret(one as Secret)) }),
    );
    this.#watchRootNamespace('istio-system');
  }

  /** The name by which istiod and metrics know the cluster (CLUSTER_ID), else the context's. */
  get name(): string {
    this.#identity ??= identify(this);
    return this.#identity.clusterId;
  }

  get network(): string | undefined {
    this.#identity ??= identify(this);
    return this.#identity.network;
  }

  get rootNamespaces(): string[] {
    return [...this.#rootNamespaces];
  }

  get isReachable(): boolean {
    return this.#silence === undefined;
  }

  get api(): ApiState {
    return {
      reachable: this.#silence === undefined,
      ...(this.#silence ? { reason: this.#silence } : {}),
      ...(this.#lastSeen ? { lastSeen: this.#lastSeen.toISOString() } : {}),
      unseenKinds: [...this.#informers].flatMap(([kind, [informer]]) => {
        const status = informer?.lastErrorStatus;
        if (status === 403 || status === 401) return [{ kind, why: 'the account has no right to list and watch it' }];
        if (status === 404 && !isGatewayApiKind(kind)) return [{ kind, why: 'the cluster does not serve it' }];
        return [];
      }),
    };
  }

  list<T extends KubeObject = KubeObject>(kind: ModelKind, namespace?: string): T[] {
    return (this.#informers.get(kind) ?? []).flatMap((one) => one.list(namespace) as T[]);
  }

  get<T extends KubeObject = KubeObject>(kind: ModelKind, namespace: string | undefined, name: string): T | undefined {
    for (const informer of this.#informers.get(kind) ?? []) {
      const found = informer.get(namespace, name);
      if (found) return found as T;
    }
    return undefined;
  }

  /** Whether the API server has the kind, as far as is known. */
  serves(kind: ModelKind): boolean {
    return this.#informers.get(kind)?.[0]?.lastErrorStatus !== 404;
  }

  /** All objects of a kind, slimmed; undefined where the kind is not watched, or its watch is not well. */
  held(kind: Kind): KubeObject[] | undefined {
    const watched = observed.find((one) => one.kind === kind);
    const [informer] = (watched && this.#informers.get(watched.name)) ?? [];
    return informer?.hasSynced && informer.lastErrorStatus === undefined ? informer.list() : undefined;
  }

  on(listener: (change: ModelChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): this {
    for (const informers of this.#informers.values()) for (const one of informers) one.start();
    this.#heart ??= this.#beat();
    return this;
  }

  /** Ends all watches and closes the client. A server that hangs is not waited for. */
  async stop(): Promise<void> {
    this.#abort.abort();
    const ended = Promise.all([this.#heart, ...[...this.#informers.values()].flat().map((one) => one.stop())]);
    await this.client[Symbol.asyncDispose]();
    await Promise.race([ended, pause(endsWithinMs, undefined, { ref: false })]);
  }

  /** Whether every kind was listed, or refused. Until then what is missing may only not have been read yet. */
  get isSettled(): boolean {
    for (const informers of this.#informers.values())
      for (const one of informers) if (!one.hasSynced && one.lastErrorStatus === undefined) return false;
    return true;
  }

  /** Resolves when every kind was listed, or refused, or the time is over: whoever waits for a whole picture waits no longer than that. */
  async settled(withinMs: number): Promise<void> {
    const end = Date.now() + withinMs;
    while (Date.now() < end && !this.#abort.signal.aborted) {
      if (this.isSettled) return;
      await pause(20);
    }
  }

  #add(name: ModelKind, informer: Informer<any>): void {
    const informers = this.#informers.get(name) ?? [];
    this.#informers.set(name, [...informers, informer]);
    informer.on((event) => this.#accept(name, event));
  }

  #accept(kind: ModelKind, event: InformerEvent<KubeObject>): void {
    this.#lastSeen = new Date();
    if (kind === 'Pod') this.workloads.acceptPod(event as InformerEvent<Pod>);
    else if ((workloadKinds as readonly string[]).includes(kind)) this.workloads.acceptOwner(event);
    if (['Pod', 'Deployment', 'Namespace'].includes(kind)) this.#identity = undefined;
    if (kind === 'Deployment' && isIstiod(event.object))
      this.#watchRootNamespace(event.object.metadata.namespace ?? '');
    for (const listener of this.#listeners) listener({ cluster: this, kind, event });
  }

  /** Mesh configuration and root certificate are read where a control plane is, or would be. */
  #watchRootNamespace(namespace: string): void {
    if (this.#rootNamespaces.has(namespace)) return;
    this.#rootNamespaces.add(namespace);
    const informer = new Informer(this.client, kinds.ConfigMap, { namespace, transform: slim });
    this.#add('ConfigMap', informer);
    if (this.#heart) informer.start();
  }

  /** A watch that has gone silent looks like one without news, so the API server is asked whether it is there. */
  async #beat(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const before = this.#silence;
      try {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
        const { gitVersion } = await this.client.request('GET', '/version', { signal: limit });
        this.kubernetesVersion = gitVersion;
        this.#lastSeen = new Date();
        this.#silence = undefined;
      } catch (error) {
        if (signal.aborted) return;
        this.#silence =
          (error as Error).name === 'TimeoutError' || (error as any).cause?.name === 'TimeoutError'
            ? `no answer within ${answerWithinMs / 1000} s`
            : ((error as { why?: string }).why ?? messageOf(error));
      }
      // Connections to a server that hangs would hang on when it is replaced: the watches are to open new ones.
      if (before === undefined && this.#silence !== undefined) this.client.disconnect();
      if (before !== this.#silence) for (const listener of this.#reachability) listener(this);
      await pause(heartbeatMs, undefined, { signal }).catch(() => {});
    }
  }

  readonly #reachability = new Set<(cluster: ClusterModel) => void>();

  /** Tells when the API server begins or ceases to answer. */
  onReachability(listener: (cluster: ClusterModel) => void): void {
    this.#reachability.add(listener);
  }
}
