/** ReplicaSets: as many pods as asked. */

import { messageOf } from '../../errors/index.ts';
import { kinds, type Pod, type ReplicaSet } from '../../kube/index.ts';
import {
  availableInMs,
  type ControllerContext,
  isPodAvailable,
  isPodReady,
  isTerminal,
  matches,
  putStatus,
  withCondition,
} from './controller.ts';
import { type PodControl, type PodWork, podController } from './pod-control.ts';

export const replicaSets = podController(kinds.ReplicaSet, 'replicaset-controller', reconcile);

async function reconcile({ context, pods, queue }: PodWork, namespace: string, name: string): Promise<void> {
  const key = `${namespace}/${name}`;
  const set = context.informer<ReplicaSet>(kinds.ReplicaSet).get(namespace, name);
  if (!set) return pods.forget(key);
  const active = (await pods.claim(set)).filter((pod) => !pod.metadata.deletionTimestamp && !isTerminal(pod));
  let failure: string | undefined;
  if (!set.metadata.deletionTimestamp && pods.isSettled(set)) {
    const missing = (set.spec['replicas'] ?? 0) - active.length;
    if (missing > 0) failure = await create(pods, set, missing);
    else for (const pod of inOrderOfRemoval(active).slice(0, -missing)) await pods.remove(set, pod);
  }
  await writeStatus(context, set, active, failure);
  if (failure) throw new Error(failure);
  const minReadySeconds: number = set.spec['minReadySeconds'] ?? 0;
  const waiting = active.filter((pod) => isPodReady(pod) && !isPodAvailable(pod, minReadySeconds));
  if (waiting.length > 0)
    queue.addAfter(key, Math.min(...waiting.map((pod) => availableInMs(pod, minReadySeconds))) + 50);
}

async function create(pods: PodControl, set: ReplicaSet, count: number): Promise<string | undefined> {
  const { metadata, spec } = set.spec['template'];
  const results = await Promise.allSettled(
    Array.from({ length: count }, () =>
      pods.create(set, { metadata: { ...metadata, generateName: `${set.metadata.name}-` }, spec }),
    ),
  );
  const failed = results.find((result) => result.status === 'rejected');
  return failed && messageOf(failed.reason);
}

/** Kubernetes' order: unscheduled, then not ready, then those that cost least, then the youngest. */
function inOrderOfRemoval(pods: Pod[]): Pod[] {
  const rank = (pod: Pod): number => (pod.spec['nodeName'] ? 2 : 0) + (isPodReady(pod) ? 1 : 0);
  const cost = (pod: Pod): number =>
    Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0);
  return [...pods].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      cost(a) - cost(b) ||
      (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
  );
}

async function writeStatus(
  context: ControllerContext,
  set: ReplicaSet,
  active: Pod[],
  failure: string | undefined,
): Promise<void> {
  const ready = active.filter(isPodReady).length;
  const available = active.filter((pod) => isPodAvailable(pod, set.spec['minReadySeconds'])).length;
  const labels = { matchLabels: set.spec['template'].metadata?.labels };
  const labelled = active.filter((pod) => matches(labels, pod.metadata.labels)).length;
  const before: any[] = set.status?.['conditions'] ?? [];
  const conditions = failure
    ? withCondition(before, 'ReplicaFailure', 'True', 'FailedCreate', failure)
    : before.filter((one) => one.type !== 'ReplicaFailure');
  await putStatus(context, kinds.ReplicaSet, set, {
    replicas: active.length,
    ...(labelled > 0 ? { fullyLabeledReplicas: labelled } : {}),
    ...(ready > 0 ? { readyReplicas: ready } : {}),
    ...(available > 0 ? { availableReplicas: available } : {}),
    observedGeneration: set.metadata.generation,
    ...(conditions.length > 0 ? { conditions } : {}),
  });
}
