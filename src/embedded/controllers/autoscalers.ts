/** HorizontalPodAutoscalers: as many replicas as keep what pods use near a target. Metrics of type Resource, from metrics.k8s.io. */
import { messageOf } from '../../errors/index.ts';
import { type KubeObject, kinds, type Pod, pathOf, type Queue } from '../../kube/index.ts';
import { desiredReplicas, limited, type Recommendation } from './autoscaler-rules.ts';
import {
  type Controller,
  type ControllerContext,
  isPodReady,
  isTerminal,
  keyedQueue,
  keyOf,
  matches,
  now,
  putStatus,
} from './controller.ts';

const component = 'horizontal-pod-autoscaler';
const everyMs = 15_000;

export const autoscalers: Controller = {
  name: 'horizontalpodautoscaling',
  start(context) {
    const histories = new Map<string, Recommendation[]>();
    const queue: Queue = keyedQueue(context, 'horizontalpodautoscaling', (namespace, name) =>
      reconcile(context, histories, queue, namespace, name),
    );
    context.informer(kinds.HorizontalPodAutoscaler).on(({ type, object, old }) => {
      if (type === 'deleted') histories.delete(keyOf(object));
      // Its own status is no reason to look again.
      else if (old?.metadata.generation !== object.metadata.generation) queue.add(keyOf(object));
    });
    return queue;
  },
};

async function reconcile(
  context: ControllerContext,
  histories: Map<string, Recommendation[]>,
  queue: Queue,
  namespace: string,
  name: string,
): Promise<void> {
  const key = `${namespace}/${name}`;
  const autoscaler = context.informer(kinds.HorizontalPodAutoscaler).get(namespace, name);
  if (!autoscaler || autoscaler.metadata.deletionTimestamp) return;
  queue.addAfter(key, everyMs);
  const conditions = conditionsOf(autoscaler);
  const { apiVersion, kind, name: target } = autoscaler['spec'].scaleTargetRef;
  const targetKind = await context.client.kindOf(apiVersion ?? 'apps/v1', kind);
  const scalePath = pathOf(targetKind, namespace, target, 'scale');
  let scale: any;
  try {
    scale = await context.client.request('GET', scalePath);
    conditions.set(
      'AbleToScale',
      'True',
      'SucceededGetScale',
      "the HPA controller was able to get the target's current scale",
    );
  } catch (error) {
    conditions.set(
      'AbleToScale',
      'False',
      'FailedGetScale',
      `the HPA controller was unable to get the target's current scale: ${messageOf(error)}`,
    );
    context.event(autoscaler, 'Warning', 'FailedGetScale', messageOf(error), component);
    return writeStatus(context, autoscaler, { ...autoscaler['status'], conditions: conditions.list });
  }
  const current: number = scale.spec.replicas ?? 0;
  const counts = { currentReplicas: scale.status?.replicas ?? current, desiredReplicas: current };
  if (current === 0) {
    conditions.set(
      'ScalingActive',
      'False',
      'ScalingDisabled',
      'scaling is disabled since the replica count of the target is zero',
    );
    return writeStatus(context, autoscaler, { ...counts, conditions: conditions.list });
  }
  const { metrics, problem } = await measure(context, autoscaler, scale.status?.selector ?? '', current);
  if (problem) {
    conditions.set(
      'ScalingActive',
      'False',
      'FailedGetResourceMetric',
      `the HPA was unable to compute the replica count: ${problem}`,
    );
    context.event(autoscaler, 'Warning', 'FailedGetResourceMetric', problem, component);
    return writeStatus(context, autoscaler, { ...counts, conditions: conditions.list });
  }
  conditions.set(
    'ScalingActive',
    'True',
    'ValidMetricFound',
    'the HPA was able to successfully calculate a replica count',
  );
  const history = histories.get(key) ?? [];
  histories.set(key, history);
  const proposed = Math.max(...metrics.map(({ replicas }) => replicas));
  const { replicas, reason, message } = limited(autoscaler['spec'], current, proposed, history);
  conditions.set('ScalingLimited', reason ? 'True' : 'False', reason ?? 'DesiredWithinRange', message);
  if (replicas !== current) {
    await context.client.request('PUT', scalePath, { body: { ...scale, spec: { ...scale.spec, replicas } } });
    const why = proposed > current ? 'above' : 'below';
    context.event(
      autoscaler,
      'Normal',
      'SuccessfulRescale',
      `New size: ${replicas}; reason: resource utilization ${why} target`,
      component,
    );
  }
  await writeStatus(context, autoscaler, {
    ...counts,
    desiredReplicas: replicas,
    ...(replicas === current
      ? autoscaler['status']?.lastScaleTime
        ? { lastScaleTime: autoscaler['status'].lastScaleTime }
        : {}
      : { lastScaleTime: now() }),
    currentMetrics: metrics.map(({ shown }) => shown),
    conditions: conditions.list,
  });
}

/** What each metric asks for; a problem where one of them cannot be told. */
async function measure(context: ControllerContext, autoscaler: KubeObject, selector: string, current: number) {
  const { namespace = '' } = autoscaler.metadata;
  const matchLabels = Object.fromEntries(
    selector
      .split(',')
      .filter(Boolean)
      .map((one) => one.split('=') as [string, string]),
  );
  const pods = context
    .informer<Pod>(kinds.Pod)
    .list(namespace)
    .filter(
      (pod) => matches({ matchLabels }, pod.metadata.labels) && !isTerminal(pod) && !pod.metadata.deletionTimestamp,
    );
  const metrics: { replicas: number; shown: unknown }[] = [];
  for (const metric of autoscaler['spec'].metrics ?? []) {
    if (metric.type !== 'Resource' && metric.type !== 'ContainerResource')
      return { metrics, problem: `metrics of type ${metric.type} have no source here` };
    const { items } = await context.client.request('GET', `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`, {
      query: { labelSelector: selector },
    });
    const source = metric.resource ?? metric.containerResource;
    const result = desiredReplicas({ source, pods: pods.filter(isPodReady), measured: items, current });
    if ('problem' in result) return { metrics, problem: result.problem };
    const { container, name } = source;
    const shown = { ...(container ? { container } : {}), name, current: result.current };
    metrics.push({
      replicas: result.replicas,
      shown: metric.resource
        ? { type: 'Resource', resource: shown }
        : { type: 'ContainerResource', containerResource: shown },
    });
  }
  return { metrics, problem: undefined };
}

function conditionsOf(autoscaler: KubeObject) {
  let list: any[] = autoscaler['status']?.conditions ?? [];
  return {
    get list() {
      return list;
    },
    set(type: string, status: string, reason: string, message: string): void {
      const known = list.find((one) => one.type === type);
      const lastTransitionTime = known?.status === status ? known.lastTransitionTime : now();
      list = [...list.filter((one) => one !== known), { type, status, lastTransitionTime, reason, message }];
    },
  };
}

const writeStatus = (
  context: ControllerContext,
  autoscaler: KubeObject,
  status: Record<string, unknown>,
): Promise<void> =>
  putStatus(context, kinds.HorizontalPodAutoscaler, autoscaler, {
    ...status,
    observedGeneration: autoscaler.metadata.generation,
  });
