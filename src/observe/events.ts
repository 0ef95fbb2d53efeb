/** What changed in the mesh, when, where and by whom: from the watches, from links that change their state, and Kubernetes' own warnings. */
import { Informer, type InformerEvent, type KubeEvent, type KubeObject, kinds } from '../kube/index.ts';
import { flatten } from './config/differences.ts';
import { keyOfObject } from './config/references.ts';
import type { ClusterModel } from './model/cluster-model.ts';
import type { MeshChange, MeshModel } from './model/mesh-model.ts';
import { isIstioKind, type ModelKind, workloadKinds } from './model/observed-kinds.ts';
import type { EventList, MeshEvent, MeshLink } from './types/index.ts';

const keptEvents = 5000;
/** Kubernetes repeats its events; what is older than the start of this process is history. */
const told: ModelKind[] = [
  'Service',
  'Namespace',
  'ServiceAccount',
  'RemoteSecret',
  'CaSecret',
  'ConfigMap',
  ...workloadKinds,
];
const shownFields = 12;

export class EventLog {
  readonly #events: MeshEvent[] = [];
  readonly #listeners = new Set<(event: MeshEvent) => void>();
  readonly #begun = new Date();
  readonly #links = new Map<string, MeshLink['state']>();
  readonly #informers = new Map<ClusterModel, Informer<KubeEvent>>();
  #next = 1;

  constructor(model: MeshModel) {
    model.on((change) => this.#accept(change));
  }

  list(options: { since?: number | undefined; limit?: number | undefined } = {}): EventList {
    const from = options.since === undefined ? undefined : new Date(options.since * 1000).toISOString();
    const events = from ? this.#events.filter((one) => one.time >= from) : this.#events;
    const oldest = this.#events.length < keptEvents ? this.#begun.toISOString() : this.#events[0]!.time;
    return { events: events.slice(-(options.limit ?? 1000)).reverse(), since: oldest };
  }

  on(listener: (event: MeshEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells of links whose state is another than the last time. */
  acceptLinks(links: MeshLink[]): void {
    for (const { id, kind, from, to, state, why } of links) {
      const before = this.#links.get(id);
      this.#links.set(id, state);
      // That something could be looked at is no news; clusters that answer again are told as such.
      if (before === undefined || before === state || (before === 'unknown' && state === 'ok')) continue;
      this.#add({
        cluster: to,
        type: 'link',
        severity: state === 'ok' ? 'normal' : 'warning',
        message: `${kind} ${from} to ${to}: ${before} before, now ${state}${why ? `: ${why}` : ''}`,
        link: { id, kind, from, to, state, before },
      });
    }
    const present = new Set(links.map((one) => one.id));
    for (const id of this.#links.keys()) if (!present.has(id)) this.#links.delete(id);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((one) => one.stop()));
  }

  #accept(change: MeshChange): void {
    const { cluster } = change;
    if ('came' in change) {
      this.#add({
        cluster: cluster.name,
        type: 'cluster',
        severity: 'normal',
        message: `cluster ${cluster.name} ${change.came ? 'is observed from now on' : 'is no longer in the kubeconfig'}`,
      });
      if (change.came) this.#watchKubernetesEvents(cluster);
      else void this.#informers.get(cluster)?.stop();
    } else if ('reachable' in change)
      this.#add({
        cluster: cluster.name,
        type: 'cluster',
        severity: change.reachable ? 'normal' : 'warning',
        message: `the API server of ${cluster.name} ${change.reachable ? 'answers' : `gives no answer: ${cluster.api.reason}`}`,
      });
    else if (isIstioKind(change.kind) || told.includes(change.kind))
      this.#acceptObject(cluster, change.kind, change.event);
  }

  #acceptObject(cluster: ClusterModel, kind: ModelKind, event: InformerEvent<KubeObject>): void {
    const { object, type } = event;
    const { metadata } = object;
    // The first list tells what is there already.
    if (type === 'added' && Date.parse(metadata.creationTimestamp ?? '') < this.#begun.getTime() - 2000) return;
    const name = kind === 'RemoteSecret' || kind === 'CaSecret' ? 'Secret' : kind;
    const fields = type === 'updated' ? changedFields(kind, event.old, object) : undefined;
    if (fields && fields.length === 0) return;
    const by = type === 'deleted' ? undefined : metadata.managedFields?.[0]?.manager;
    const what = `${name} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;
    const verb = { added: 'was made', updated: 'was changed', deleted: 'was deleted' }[type];
    this.#add({
      cluster: cluster.name,
      type,
      severity: 'normal',
      object: keyOfObject(cluster.name, name, metadata),
      message: `${what} ${verb}${fields ? `: ${fields.slice(0, 3).join(', ')}${fields.length > 3 ? ' ...' : ''}` : ''}`,
      ...(by ? { by } : {}),
      ...(fields ? { fields: fields.slice(0, shownFields) } : {}),
    });
  }

  #watchKubernetesEvents(cluster: ClusterModel): void {
    const informer = new Informer<KubeEvent>(cluster.client, kinds.Event, { fieldSelector: 'type=Warning' });
    informer.on(({ type, object }) => {
      const time = Date.parse(
        object['lastTimestamp'] ?? object['eventTime'] ?? object.metadata.creationTimestamp ?? '',
      );
      if (type === 'deleted' || !(time >= this.#begun.getTime() - 2000)) return;
      const { kind = '', namespace = '', name = '', apiVersion = 'v1' } = object.involvedObject;
      this.#add({
        cluster: cluster.name,
        type: 'kubernetes',
        severity: 'warning',
        object: { cluster: cluster.name, apiVersion, kind, namespace, name },
        message: `${kind} ${namespace}/${name}: ${object.reason ?? ''}: ${object.message ?? ''}`,
        ...(object['source']?.component || object['reportingComponent']
          ? { by: object['source']?.component || object['reportingComponent'] }
          : {}),
      });
    });
    this.#informers.set(cluster, informer.start());
  }

  #add(event: Omit<MeshEvent, 'id' | 'time'>): void {
    const made: MeshEvent = { id: this.#next++, time: new Date().toISOString(), ...event };
    this.#events.push(made);
    if (this.#events.length > keptEvents) this.#events.splice(0, this.#events.length - keptEvents);
    for (const listener of this.#listeners) listener(made);
  }
}

/** What people and controllers wish, and nothing of what became of it: statuses come and go with every probe. */
function changedFields(kind: ModelKind, old: KubeObject, object: KubeObject): string[] {
  const wished = (one: KubeObject): Map<string, string> =>
    flatten({
      labels: one.metadata.labels,
      annotations: without(one.metadata.annotations, 'deployment.kubernetes.io/revision'),
      spec: one['spec'],
      data: one['data'],
      targets: one['targets'],
      certificates: kind === 'CaSecret' ? [one['rootPem'], one['caPem']] : undefined,
    });
  const [before, after] = [wished(old), wished(object)];
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path));
}

function without(map: Record<string, string> | undefined, key: string): Record<string, string> | undefined {
  if (!map) return undefined;
  const { [key]: _, ...rest } = map;
  return rest;
}
