/** ReplicaSets: as many pods as asked. */

import { messageOf } from '../../errors/index.ts';
import { kinds, type Pod, type ReplicaSet } from '../../kube/index.ts';
import {
  type Controller,
  type ControllerContext,
  isPodReady,
  isTerminal,
  keyedQueue,
  keyOf,
  matches,
  ownerOf,
  withCondition,
} from './controller.ts';

/** Pods that were asked for and that the informer has not shown yet: without them a slow watch would lead to too many. */
type Expectations = Map<string, { created: Set<string>; deleted: Set<string> }>;

export const replicaSets: Controller = {
  name: 'replicaset',
  start(context) {
    const expected: Expectations = new Map();
    const queue = keyedQueue(context, 'replicaset', (namespace, name) => reconcile(context, expected, namespace, name));
    context.informer(kinds.ReplicaSet).on(({ object }) => queue.add(keyOf(object)));
    context.informer(kinds.Pod).on(({ type, object }) => {
      const owner = ownerOf(object, 'ReplicaSet');
      if (!owner) return;
      const key = `${object.metadata.namespace}/${owner}`;
      expected.get(key)?.created.delete(object.metadata.name!);
      if (type === 'deleted' || object.metadata.deletionTimestamp)
        expected.get(key)?.deleted.delete(object.metadata.name!);
      queue.add(key);
    });
    return queue;
  },
};

async function reconcile(
  context: ControllerContext,
  expected: Expectations,
  namespace: string,
  name: string,
): Promise<void> {
  const key = `${namespace}/${name}`;
  const set = context.informer<ReplicaSet>(kinds.ReplicaSet).get(namespace, name);
  if (!set) {
    expected.delete(key);
    return;
  }
  const all = context.informer<Pod>(kinds.Pod).list(namespace);
  const mine = all.filter((pod) => pod.metadata.ownerReferences?.some((owner) => owner.uid === set.metadata.uid));
  const active = mine.filter((pod) => !pod.metadata.deletionTimestamp && !isTerminal(pod));
  const waits = expected.get(key) ?? { created: new Set<string>(), deleted: new Set<string>() };
  expected.set(key, waits);
  let failure: string | undefined;
  if (!set.metadata.deletionTimestamp && waits.created.size === 0 && waits.deleted.size === 0) {
    const missing = (set.spec['replicas'] ?? 0) - active.length;
    if (missing > 0) failure = await create(context, set, missing, waits.created);
    else if (missing < 0) await remove(context, set, active, -missing, waits.deleted);
  }
  await writeStatus(context, set, active, failure);
  if (failure) throw new Error(failure);
}

async function create(
  context: ControllerContext,
  set: ReplicaSet,
  count: number,
  waits: Set<string>,
): Promise<string | undefined> {
  const { name, namespace, uid } = set.metadata;
  const template = set.spec['template'];
  const results = await Promise.allSettled(
    Array.from({ length: count }, async () => {
      const pod = await context.client.create<Pod>(kinds.Pod, {
        metadata: {
          ...template.metadata,
          generateName: `${name}-`,
          namespace: namespace!,
          ownerReferences: [
            {
              apiVersion: 'apps/v1',
              kind: 'ReplicaSet',
              name: name!,
              uid: uid!,
              controller: true,
              blockOwnerDeletion: true,
            },
          ],
        },
        spec: template.spec,
      });
      if (!context.informer(kinds.Pod).get(namespace, pod.metadata.name!)) waits.add(pod.metadata.name!);
      context.event(set, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`, 'replicaset-controller');
    }),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (!failed) return undefined;
  const message = messageOf(failed.reason);
  context.event(set, 'Warning', 'FailedCreate', `Error creating: ${message}`, 'replicaset-controller');
  return message;
}

async function remove(
  context: ControllerContext,
  set: ReplicaSet,
  pods: Pod[],
  count: number,
  waits: Set<string>,
): Promise<void> {
  // Kubernetes' order: unscheduled, then not ready, then the youngest.
  const rank = (pod: Pod): number => (pod.spec['nodeName'] ? 2 : 0) + (isPodReady(pod) ? 1 : 0);
  const ordered = [...pods].sort(
    (a, b) =>
      rank(a) - rank(b) || (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
  );
  for (const pod of ordered.slice(0, count)) {
    waits.add(pod.metadata.name!);
    await context.client
      .delete(kinds.Pod, pod.metadata.name!, pod.metadata.namespace)
      .catch(() => waits.delete(pod.metadata.name!));
    context.event(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`, 'replicaset-controller');
  }
}

async function writeStatus(
  context: ControllerContext,
  set: ReplicaSet,
  active: Pod[],
  failure: string | undefined,
): Promise<void> {
  const ready = active.filter(isPodReady).length;
  const labelled = active.filter((pod) =>
    matches({ matchLabels: set.spec['template'].metadata?.labels }, pod.metadata.labels),
  ).length;
  const before: any[] = set.status?.['conditions'] ?? [];
  const conditions = failure
    ? withCondition(before, 'ReplicaFailure', 'True', 'FailedCreate', failure)
    : before.filter((one) => one.type !== 'ReplicaFailure');
  const status = {
    replicas: active.length,
    ...(labelled > 0 ? { fullyLabeledReplicas: labelled } : {}),
    ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
    observedGeneration: set.metadata.generation,
    ...(conditions.length > 0 ? { conditions } : {}),
  };
  const known = set.status ?? {};
  const same = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'].every(
    (field) => (known[field] ?? 0) === ((status as any)[field] ?? 0),
  );
  if (same && JSON.stringify(conditions) === JSON.stringify(before)) return;
  await context.client.patch(
    kinds.ReplicaSet,
    set.metadata.name!,
    set.metadata.namespace,
    {
      status: { fullyLabeledReplicas: null, readyReplicas: null, availableReplicas: null, conditions: null, ...status },
    },
    { type: 'merge', subresource: 'status' },
  );
}
