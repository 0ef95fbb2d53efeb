/**
 * The ConfigMaps and Secrets that pods of this node name, each by a watch of its own that lasts as long as a pod needs it. A node may not
 * read any others: Kubernetes' node authorizer refuses a list of all.
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  type ConfigMap,
  Informer,
  type Kind,
  type KubeClient,
  kinds,
  type Pod,
  type Secret,
} from '../../kube/index.ts';

type Source = 'configMap' | 'secret';

interface Held {
  informer: Informer<ConfigMap | Secret>;
  /** UIDs of pods. */
  holders: Set<string>;
}

const kindOf: Record<Source, Kind> = { configMap: kinds.ConfigMap, secret: kinds.Secret };
/** How long a pod's start waits for the first answers; after that it says itself what it misses. */
const patienceMs = 5_000;

export class References {
  readonly #client: KubeClient;
  readonly #changed: (podUids: Set<string>) => void;
  readonly #held = new Map<string, Held>();

  /** @param changed is told which pods name the object that is different now. */
  constructor(client: KubeClient, changed: (podUids: Set<string>) => void) {
    this.#client = client;
    this.#changed = changed;
  }

  /** Watches what a pod names, and returns when that has been read, or after a while. */
  async hold(pod: Pod): Promise<void> {
    const { uid = '', namespace = '' } = pod.metadata;
    const held = referencesOf(pod).map(({ source, name }) => this.#watch(source, namespace, name, uid));
    const patience = new AbortController();
    await Promise.race([
      Promise.all(held.map(({ informer }) => informer.synced)),
      pause(patienceMs, undefined, { signal: patience.signal, ref: false }).catch(() => {}),
    ]);
    patience.abort();
  }

  /** Ends the watches that only this pod needed. */
  release(uid: string): void {
    for (const [key, { informer, holders }] of this.#held) {
      if (!holders.delete(uid) || holders.size > 0) continue;
      this.#held.delete(key);
      void informer.stop();
    }
  }

  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.#held.get(keyOf('configMap', namespace, name))?.informer.get(namespace, name);
  }

  secret(namespace: string, name: string): Secret | undefined {
    return this.#held.get(keyOf('secret', namespace, name))?.informer.get(namespace, name);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#held.values()].map(({ informer }) => informer.stop()));
  }

  #watch(source: Source, namespace: string, name: string, uid: string): Held {
    const key = keyOf(source, namespace, name);
    const known = this.#held.get(key);
    if (known) {
      known.holders.add(uid);
      return known;
    }
    const informer = new Informer<ConfigMap | Secret>(this.#client, kindOf[source], {
      namespace,
      fieldSelector: `metadata.name=${name}`,
    });
    const made: Held = { informer, holders: new Set([uid]) };
    this.#held.set(key, made);
    informer.on(() => this.#changed(made.holders));
    informer.start();
    return made;
  }
}

const keyOf = (source: Source, namespace: string, name: string): string => `${source}/${namespace}/${name}`;

/** Every ConfigMap and Secret that volumes and environments of a pod name, each once. */
export function referencesOf(pod: Pod): { source: Source; name: string }[] {
  const found = new Map<string, { source: Source; name: string }>();
  const add = (source: Source, name: string | undefined): void => {
    if (name) found.set(`${source}/${name}`, { source, name });
  };
  for (const volume of pod.spec['volumes'] ?? [])
    for (const one of [volume, ...(volume.projected?.sources ?? [])]) {
      add('configMap', one.configMap?.name);
      add('secret', one.secret?.secretName ?? one.secret?.name);
    }
  for (const container of ['initContainers', 'containers', 'ephemeralContainers'].flatMap(
    (list) => pod.spec[list] ?? [],
  )) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add('configMap', configMapRef?.name);
      add('secret', secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add('configMap', valueFrom?.configMapKeyRef?.name);
      add('secret', valueFrom?.secretKeyRef?.name);
    }
  }
  return [...found.values()];
}
