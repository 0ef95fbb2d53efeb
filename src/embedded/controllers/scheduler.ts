/** The scheduler: binds each waiting pod to a node that fits, or says why none does. */
import { kinds, type Node, type Pod } from '../../kube/index.ts';
import { type Controller, type ControllerContext, keyedQueue, keyOf, withCondition } from './controller.ts';

export const scheduler: Controller = {
  name: 'scheduler',
  start(context) {
    const queue = keyedQueue(context, 'scheduler', (namespace, name) => schedule(context, namespace, name));
    context.informer<Pod>(kinds.Pod).on(({ type, object }) => {
      if (type !== 'deleted' && waits(object)) queue.add(keyOf(object));
    });
    context.informer(kinds.Node).on(() => {
      for (const pod of context.informer<Pod>(kinds.Pod).list()) if (waits(pod)) queue.add(keyOf(pod));
    });
    return queue;
  },
};

const waits = (pod: Pod): boolean =>
  !pod.spec['nodeName'] &&
  !pod.metadata.deletionTimestamp &&
  pod.spec['schedulerName'] === 'default-scheduler' &&
  !pod.spec['schedulingGates']?.length;

async function schedule(context: ControllerContext, namespace: string, name: string): Promise<void> {
  const pod = context.informer<Pod>(kinds.Pod).get(namespace, name);
  if (!pod || !waits(pod)) return;
  const nodes = context.informer<Node>(kinds.Node).list();
  const load = Map.groupBy(context.informer<Pod>(kinds.Pod).list(), (one) => one.spec['nodeName'] as string);
  const judged = nodes.map((node) => ({ node, why: misfit(pod, node) }));
  const [chosen] = judged
    .filter(({ why }) => why === undefined)
    .sort((a, b) => (load.get(a.node.metadata.name!)?.length ?? 0) - (load.get(b.node.metadata.name!)?.length ?? 0));
  if (!chosen) return refuse(context, pod, judged);
  const target = { apiVersion: 'v1', kind: 'Node', name: chosen.node.metadata.name };
  await context.client.create(
    kinds.Pod,
    { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target },
    { subresource: 'binding', name },
  );
  context.event(
    pod,
    'Normal',
    'Scheduled',
    `Successfully assigned ${namespace}/${name} to ${chosen.node.metadata.name}`,
    'default-scheduler',
  );
}

async function refuse(context: ControllerContext, pod: Pod, judged: { why: string | undefined }[]): Promise<void> {
  const counts = Map.groupBy(judged, ({ why }) => why);
  const reasons = [...counts].map(([why, list]) => `${list.length} ${why}`).join(', ');
  const message =
    judged.length === 0 ? 'no nodes available to schedule pods' : `0/${judged.length} nodes are available: ${reasons}.`;
  const conditions = withCondition(pod['status']?.conditions, 'PodScheduled', 'False', 'Unschedulable', message);
  if (conditions === pod['status']?.conditions) return;
  await context.client.patch(
    kinds.Pod,
    pod.metadata.name!,
    pod.metadata.namespace,
    { status: { conditions } },
    { type: 'merge', subresource: 'status' },
  );
  context.event(pod, 'Warning', 'FailedScheduling', message, 'default-scheduler');
}

/** Why a pod cannot run on a node, in the scheduler's words; undefined when it can. */
export function misfit(pod: Pod, node: Node): string | undefined {
  const labels = node.metadata.labels ?? {};
  for (const [key, value] of Object.entries(pod.spec['nodeSelector'] ?? {}))
    if (labels[key] !== value) return "node(s) didn't match Pod's node affinity/selector";
  const terms: any[] | undefined =
    pod.spec['affinity']?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const fields = { 'metadata.name': node.metadata.name ?? '' };
  const chooses = (term: any): boolean =>
    (term.matchExpressions ?? []).every((one: any) => holds(one, labels)) &&
    (term.matchFields ?? []).every((one: any) => holds(one, fields));
  if (terms && !terms.some(chooses)) return "node(s) didn't match Pod's node affinity/selector";
  const tolerations: any[] = pod.spec['tolerations'] ?? [];
  const hard: any[] = (node.spec?.['taints'] ?? []).filter((taint: any) => taint.effect !== 'PreferNoSchedule');
  const untolerated = hard.find((taint: any) => !tolerations.some((one) => tolerates(one, taint)));
  if (untolerated) return `node(s) had untolerated taint {${untolerated.key}: ${untolerated.value ?? ''}}`;
  const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
  if (node.spec?.['unschedulable'] && !tolerations.some((one) => tolerates(one, cordon)))
    return 'node(s) were unschedulable';
  return undefined;
}

function holds({ key, operator, values = [] }: any, labels: Record<string, string>): boolean {
  const value = labels[key];
  if (operator === 'In') return value !== undefined && values.includes(value);
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  return operator === 'Gt' ? Number(value) > Number(values[0]) : Number(value) < Number(values[0]);
}

function tolerates(toleration: any, taint: any): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (!toleration.key) return toleration.operator === 'Exists';
  if (toleration.key !== taint.key) return false;
  return toleration.operator === 'Exists' || (toleration.value ?? '') === (taint.value ?? '');
}
