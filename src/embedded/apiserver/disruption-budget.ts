/** Whether a pod may be evicted: by the status of the PodDisruptionBudgets that choose it. */
import type { ServerContext } from './context.ts';
import { matchesLabelSelector } from './selectors.ts';
import { StatusError } from './status.ts';
import { existing, type Target } from './writes.ts';

const budgets = 'policy/poddisruptionbudgets';

/**
 * Counts the eviction of a pod against its budget at once, so that two evictions cannot both have the last place.
 * @throws StatusError 429 when nothing is left of the budget, 500 when several budgets choose the pod, as Kubernetes does
 */
export function takeFromBudget(context: ServerContext, target: Target): void {
  const { object: pod } = existing(context, target);
  const { phase, conditions = [] } = pod['status'] ?? {};
  if (['Pending', 'Succeeded', 'Failed'].includes(phase) || pod.metadata.deletionTimestamp) return;
  const chosen = context.storage
    .list(budgets, target.namespace)
    .map(({ object }) => object)
    .filter(({ spec }) => matchesLabelSelector(spec.selector, pod.metadata.labels ?? {}));
  const [budget] = chosen;
  if (!budget) return;
  if (chosen.length > 1)
    throw new StatusError(
      500,
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  const { status = {}, metadata } = budget;
  const ready = conditions.some((one: any) => one.type === 'Ready' && one.status === 'True');
  // What does not serve is no loss while the budget is met without it.
  if (
    !ready &&
    (status.currentHealthy >= status.desiredHealthy || budget['spec'].unhealthyPodEvictionPolicy === 'AlwaysAllow')
  )
    return;
  if ((status.observedGeneration ?? 0) >= (metadata.generation ?? 0) && status.disruptionsAllowed > 0) {
    context.storage.put(budgets, {
      ...budget,
      metadata: { ...metadata },
      status: { ...status, disruptionsAllowed: status.disruptionsAllowed - 1 },
    });
    return;
  }
  throw new StatusError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [
      {
        reason: 'DisruptionBudget',
        field: '',
        message: `The disruption budget ${metadata.name} needs ${status.desiredHealthy ?? 0} healthy pods and has ${status.currentHealthy ?? 0} currently`,
      },
    ],
  });
}
