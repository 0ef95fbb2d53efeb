/** PodDisruptionBudgets: how many of the chosen pods may be evicted now. The API server refuses an eviction beyond that. */
import { type KubeObject, kinds, type Pod } from '../../kube/index.ts';
import {
  type Controller,
  type ControllerContext,
  controllerOf,
  isPodReady,
  isTerminal,
  keyedQueue,
  keyOf,
  matches,
  now,
  putStatus,
} from './controller.ts';

export const disruptions: Controller = {
  name: 'disruption',
  start(context) {
    const queue = keyedQueue(context, 'disruption', (namespace, name) => reconcile(context, namespace, name));
    const budgets = context.informer(kinds.PodDisruptionBudget);
    budgets.on(({ object }) => queue.add(keyOf(object)));
    context.informer<Pod>(kinds.Pod).on(({ object }) => {
      for (const budget of budgets.list(object.metadata.namespace))
        if (matches(budget['spec'].selector, object.metadata.labels)) queue.add(keyOf(budget));
    });
    return queue;
  },
};

async function reconcile(context: ControllerContext, namespace: string, name: string): Promise<void> {
  const budget = context.informer(kinds.PodDisruptionBudget).get(namespace, name);
  if (!budget || budget.metadata.deletionTimestamp) return;
  const pods = context
    .informer<Pod>(kinds.Pod)
    .list(namespace)
    .filter((pod) => matches(budget['spec'].selector, pod.metadata.labels) && !isTerminal(pod));
  const counts = count(budget, pods, expectedOf(context, pods));
  const allowed = counts.disruptionsAllowed > 0;
  const known = (budget['status']?.conditions ?? []).find((one: any) => one.type === 'DisruptionAllowed');
  const status = allowed ? 'True' : 'False';
  await putStatus(context, kinds.PodDisruptionBudget, budget, {
    observedGeneration: budget.metadata.generation,
    ...counts,
    conditions: [
      {
        type: 'DisruptionAllowed',
        status,
        reason: allowed ? 'SufficientPods' : 'InsufficientPods',
        message: '',
        observedGeneration: budget.metadata.generation,
        lastTransitionTime: known?.status === status ? known.lastTransitionTime : now(),
      },
    ],
  });
}

/** As many pods as their controllers want; a pod without a controller counts as itself. */
function expectedOf(context: ControllerContext, pods: Pod[]): number {
  const sizes = new Map<string, number>();
  let alone = 0;
  for (const pod of pods) {
    const owner = controllerOf(pod);
    const kind = owner && [kinds.ReplicaSet, kinds.StatefulSet].find((one) => one.kind === owner.kind);
    const workload = kind && context.informer(kind).get(pod.metadata.namespace, owner.name);
    if (workload) sizes.set(owner.uid, workload['spec'].replicas ?? 0);
    else alone++;
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, alone);
}

/** minAvailable rounds up, and so does maxUnavailable when it is a share, as in Kubernetes. */
export function count(budget: KubeObject, pods: Pod[], expected: number) {
  const { minAvailable, maxUnavailable } = budget['spec'];
  const resolve = (value: string | number): number =>
    typeof value === 'string' && value.endsWith('%')
      ? Math.ceil((Number.parseInt(value, 10) * expected) / 100)
      : Number(value);
  const isShareOrMost = maxUnavailable !== undefined || typeof minAvailable === 'string';
  const expectedPods = isShareOrMost ? expected : pods.length;
  const desiredHealthy =
    maxUnavailable !== undefined ? Math.max(0, expected - resolve(maxUnavailable)) : resolve(minAvailable ?? 1);
  const currentHealthy = pods.filter((pod) => isPodReady(pod) && !pod.metadata.deletionTimestamp).length;
  const disruptionsAllowed = expectedPods === 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  return { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods };
}
