/** Pods that nobody will take away: of a node that is gone, never bound and already deleted, or ended and too many of them. */
import { kinds, type Pod, type Queue } from '../../kube/index.ts';
import { type Controller, type ControllerContext, isTerminal, keyedQueue } from './controller.ts';

/** kube-controller-manager's --terminated-pod-gc-threshold is 12500, for clusters of thousands of nodes. */
const mostEnded = 500;
const everyMs = 20_000;
/** A node that registers anew is away for a moment. */
const patienceMs = 40_000;

export const podGarbage: Controller = {
  name: 'podgc',
  start(context) {
    const goneSince = new Map<string, number>();
    const queue: Queue = keyedQueue(context, 'podgc', async () => {
      await collect(context, goneSince);
      queue.addAfter('/', everyMs);
    });
    queue.addAfter('/', everyMs);
    context.informer(kinds.Node).on(({ type }) => type === 'deleted' && queue.addAfter('/', 0));
    return queue;
  },
};

async function collect(context: ControllerContext, goneSince: Map<string, number>): Promise<void> {
  const pods = context.informer<Pod>(kinds.Pod).list();
  const nodes = new Set(
    context
      .informer(kinds.Node)
      .list()
      .map((node) => node.metadata.name),
  );
  for (const name of goneSince.keys()) if (nodes.has(name)) goneSince.delete(name);
  for (const pod of garbage(pods, nodes, goneSince)) {
    const { name = '', namespace, uid } = pod.metadata;
    await context.client
      .delete(kinds.Pod, name, namespace, { gracePeriodSeconds: 0, preconditions: { uid: uid! } })
      .catch((error) => {
        if (error.status !== 404 && error.status !== 409) throw error;
      });
  }
}

export function garbage(
  pods: Pod[],
  nodes: Set<string | undefined>,
  goneSince: Map<string, number>,
  now = Date.now(),
): Pod[] {
  const orphaned = pods.filter(({ spec: { nodeName } }) => {
    if (!nodeName || nodes.has(nodeName)) return false;
    const since = goneSince.get(nodeName) ?? now;
    goneSince.set(nodeName, since);
    return now - since >= patienceMs;
  });
  const unbound = pods.filter((pod) => !pod.spec['nodeName'] && pod.metadata.deletionTimestamp);
  const ended = pods
    .filter((pod) => isTerminal(pod) && !pod.metadata.deletionTimestamp)
    .sort((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''));
  return [...new Set([...orphaned, ...unbound, ...ended.slice(0, Math.max(0, ended.length - mostEnded))])];
}
