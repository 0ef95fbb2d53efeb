/** The pods of a workload: found by their controller, adopted by the selector, made and removed with regard to what the watch has not shown yet. */
import { messageOf } from '../../errors/index.ts';
import { isNotFound, type Kind, type KubeObject, kinds, type Pod, type Queue } from '../../kube/index.ts';
import {
  type Controller,
  type ControllerContext,
  controlledBy,
  controllerOf,
  isTerminal,
  keyedQueue,
  keyOf,
  matches,
} from './controller.ts';

/** Pods that were asked for and that the informer has not shown yet: without them a slow watch would lead to too many. */
interface Awaited {
  created: Set<string>;
  deleted: Set<string>;
  /** A watch that was broken off may have missed a pod that came and went: nothing is awaited for ever. */
  until: number;
}

const longestWaitMs = 300_000;

/** What a controller of pods works with. */
export interface PodWork {
  context: ControllerContext;
  pods: PodControl;
  queue: Queue;
}

/**
 * A controller of a kind that makes pods: it works on a workload when it or one of its pods changes.
 * @param component whose name events carry
 * @param alsoFollow subscribes to what else decides
 */
export function podController(
  kind: Kind,
  component: string,
  reconcile: (work: PodWork, namespace: string, name: string) => Promise<void>,
  alsoFollow: (context: ControllerContext, queue: Queue) => void = () => {},
): Controller {
  const name = kind.kind.toLowerCase();
  return {
    name,
    start(context) {
      const pods = new PodControl(context, kind, component);
      const queue: Queue = keyedQueue(context, name, (...key) => reconcile({ context, pods, queue }, ...key));
      context.informer(kind).on(({ object }) => queue.add(keyOf(object)));
      alsoFollow(context, queue);
      pods.follow(queue);
      return queue;
    },
  };
}

export class PodControl {
  readonly #context: ControllerContext;
  readonly #kind: Kind;
  readonly #component: string;
  readonly #awaited = new Map<string, Awaited>();

  /** @param component whose name events carry */
  constructor(context: ControllerContext, kind: Kind, component: string) {
    this.#context = context;
    this.#kind = kind;
    this.#component = component;
  }

  /** Adds to the queue the workloads whose pods change, and those that may adopt one. */
  follow(queue: Queue): void {
    const workloads = this.#context.informer(this.#kind);
    this.#context.informer<Pod>(kinds.Pod).on(({ type, object }) => {
      const owner = controllerOf(object);
      const { namespace, name = '', deletionTimestamp } = object.metadata;
      if (!owner) {
        if (type === 'deleted' || isTerminal(object)) return;
        for (const workload of workloads.list(namespace)) if (selects(workload, object)) queue.add(keyOf(workload));
        return;
      }
      if (owner.kind !== this.#kind.kind) return;
      const key = `${namespace}/${owner.name}`;
      this.#awaited.get(key)?.created.delete(name);
      if (type === 'deleted' || deletionTimestamp) this.#awaited.get(key)?.deleted.delete(name);
      queue.add(key);
    });
  }

  /** False while the watch has not yet shown all that was asked for: counts made now would be wrong. */
  isSettled(workload: KubeObject): boolean {
    const awaited = this.#awaited.get(keyOf(workload));
    if (!awaited || Date.now() > awaited.until) return true;
    return awaited.created.size === 0 && awaited.deleted.size === 0;
  }

  forget(key: string): void {
    this.#awaited.delete(key);
  }

  /** The pods of a workload. Pods without a controller that its selector chooses are adopted; its own that it no longer chooses are let go. */
  async claim(workload: KubeObject): Promise<Pod[]> {
    const mine: Pod[] = [];
    for (const pod of this.#context.informer<Pod>(kinds.Pod).list(workload.metadata.namespace)) {
      const owner = controllerOf(pod);
      const chosen = selects(workload, pod);
      if (owner?.uid === workload.metadata.uid) {
        if (chosen || workload.metadata.deletionTimestamp) mine.push(pod);
        else await this.#setOwners(pod, withoutOwner(pod, workload));
      } else if (!owner && chosen && mayAdopt(workload, pod)) {
        const owners = [...(pod.metadata.ownerReferences ?? []), controlledBy(this.#kind, workload)];
        const adopted = await this.#setOwners(pod, owners);
        if (adopted) mine.push(adopted);
      }
    }
    return mine;
  }

  async #setOwners(pod: Pod, ownerReferences: unknown[]): Promise<Pod | undefined> {
    const { name = '', namespace, uid } = pod.metadata;
    return this.#context.client
      .patch<Pod>(kinds.Pod, name, namespace, { metadata: { uid, ownerReferences } }, { type: 'merge' })
      .catch((error) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
  }

  /** Creates a pod of the workload. @throws KubeApiError after it was recorded as an event. */
  async create(workload: KubeObject, pod: Omit<Pod, 'metadata'> & { metadata: KubeObject['metadata'] }): Promise<Pod> {
    const { client, informer, event } = this.#context;
    const { namespace } = workload.metadata;
    const metadata = { ...pod.metadata, namespace: namespace!, ownerReferences: [controlledBy(this.#kind, workload)] };
    try {
      const made = await client.create<Pod>(kinds.Pod, { ...pod, metadata } as Pod);
      const name = made.metadata.name!;
      if (!informer(kinds.Pod).get(namespace, name)) this.#await(workload).created.add(name);
      event(workload, 'Normal', 'SuccessfulCreate', `Created pod: ${name}`, this.#component);
      return made;
    } catch (error) {
      event(workload, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`, this.#component);
      throw error;
    }
  }

  async remove(workload: KubeObject, pod: Pod): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata;
    const { deleted } = this.#await(workload);
    deleted.add(name);
    try {
      await this.#context.client.delete(kinds.Pod, name, namespace, { preconditions: { uid: uid! } });
    } catch (error) {
      deleted.delete(name);
      if (isNotFound(error)) return;
      throw error;
    }
    this.#context.event(workload, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`, this.#component);
  }

  #await(workload: KubeObject): Awaited {
    const key = keyOf(workload);
    const known = this.#awaited.get(key) ?? { created: new Set(), deleted: new Set(), until: 0 };
    known.until = Date.now() + longestWaitMs;
    this.#awaited.set(key, known);
    return known;
  }
}

/** A workload without a selector chooses nothing: an empty one would choose everything. */
function selects(workload: KubeObject, pod: KubeObject): boolean {
  const selector = workload['spec']?.selector;
  const isEmpty = Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions ?? []).length === 0;
  return !isEmpty && matches(selector, pod.metadata.labels);
}

const mayAdopt = (workload: KubeObject, pod: Pod): boolean =>
  !workload.metadata.deletionTimestamp && !pod.metadata.deletionTimestamp && !isTerminal(pod);

const withoutOwner = (pod: Pod, workload: KubeObject) =>
  (pod.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== workload.metadata.uid);
