/** What every controller is given, and how it is started. */

import { messageOf } from '../../errors/index.ts';
import {
  apiVersionOf,
  type Informer,
  type Kind,
  type KubeClient,
  type KubeObject,
  type OwnerReference,
  type Queue,
  workQueue,
} from '../../kube/index.ts';

export interface ControllerContext {
  client: KubeClient;
  clusterName: string;
  clusterDomain: string;
  serviceAccountKeys: { privateKeyPem: string; publicKeyPem: string };
  rootCaPem: string;
  /** Where folders for volumes are made; without it none are. */
  volumesFolder?: string;
  log: (line: string) => void;
  /** Resolves when all informers have read their first lists: before that an owner may be known and its pods not yet. */
  synced: Promise<void>;
  /** One informer per kind for all controllers. */
  informer<T extends KubeObject = KubeObject>(kind: Kind): Informer<T>;
  /** Records an event about an object. */
  event(about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, component: string): void;
}

export interface Controller {
  name: string;
  /** Subscribes to what it needs and gives the queue that works. */
  start(context: ControllerContext): Queue;
}

/** A controller that works on keys `namespace/name`; errors are logged and the key is tried again. */
export function keyedQueue(
  context: ControllerContext,
  name: string,
  work: (namespace: string, objectName: string) => Promise<void>,
): Queue {
  return workQueue(
    async (key) => {
      await context.synced;
      const slash = key.indexOf('/');
      return work(key.slice(0, slash), key.slice(slash + 1));
    },
    {
      onError: (key, error, attempt) => {
        // Conflicts with other writers are everyday; the next attempt reads the newest version.
        if (attempt > 2) context.log(`${name} ${key}: ${messageOf(error)} (attempt ${attempt})`);
      },
      longestPauseMs: 10_000,
    },
  );
}

export const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

export function ownerOf(object: KubeObject, kind: string): string | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller && owner.kind === kind)?.name;
}

/** The reference by which an object is controlled. */
export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller);

/** The reference that an object of a kind puts on what it controls. */
export function controlledBy(kind: Kind, owner: KubeObject): OwnerReference {
  const { name = '', uid = '' } = owner.metadata;
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

export function matches(selector: any, labels: Record<string, string> | undefined): boolean {
  const given = labels ?? {};
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) if (given[key] !== value) return false;
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    const present = key in given;
    const listed = present && (values ?? []).includes(given[key]);
    if ((operator === 'In' && !listed) || (operator === 'NotIn' && listed)) return false;
    if ((operator === 'Exists' && !present) || (operator === 'DoesNotExist' && present)) return false;
  }
  return true;
}

export function isPodReady(pod: KubeObject): boolean {
  return (pod['status']?.conditions ?? []).some((one: any) => one.type === 'Ready' && one.status === 'True');
}

/** Ready for at least so many seconds, as minReadySeconds asks. */
export function isPodAvailable(pod: KubeObject, minReadySeconds = 0): boolean {
  if (!isPodReady(pod)) return false;
  return minReadySeconds <= 0 || availableInMs(pod, minReadySeconds) <= 0;
}

/** Milliseconds until a ready pod is available. */
export function availableInMs(pod: KubeObject, minReadySeconds: number): number {
  const ready = (pod['status']?.conditions ?? []).find((one: any) => one.type === 'Ready');
  return Date.parse(ready?.lastTransitionTime ?? '') + minReadySeconds * 1000 - Date.now();
}

export const isTerminal = (pod: KubeObject): boolean => ['Succeeded', 'Failed'].includes(pod['status']?.phase);

/** Sets a condition, keeping the time of its last change; gives the same list back when nothing changes. */
export function withCondition(
  conditions: any[] | undefined,
  type: string,
  status: string,
  reason: string,
  message: string,
): any[] {
  const list = conditions ?? [];
  const known = list.find((one) => one.type === type);
  if (known && known.status === status && known.reason === reason && known.message === message) return list;
  const changed = known?.status === status ? known.lastTransitionTime : now();
  const made = { type, status, lastUpdateTime: now(), lastTransitionTime: changed, reason, message };
  return known ? list.map((one) => (one === known ? made : one)) : [...list, made];
}

/** The same value with the keys of all maps in order, so that equal values have equal texts. */
export function sorted(value: any): any {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .filter((key) => value[key] !== undefined)
      .map((key) => [key, sorted(value[key])]),
  );
}

export const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

/** Writes a status that differs from the known one. @throws KubeApiError 409 when the object has changed meanwhile. */
export async function putStatus(
  context: Pick<ControllerContext, 'client'>,
  kind: Kind,
  object: KubeObject,
  status: Record<string, unknown>,
): Promise<void> {
  if (isEqual(status, object['status'] ?? {})) return;
  await context.client.replace(kind, { ...object, status }, { subresource: 'status' });
}
