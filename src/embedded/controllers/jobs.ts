/** Jobs: pods that run to their end, so many of them at once, until enough have succeeded or too many have failed. */
import { type KubeObject, kinds, type Pod, type Queue } from '../../kube/index.ts';
import { type ControllerContext, controllerOf, isEqual, isPodReady, isTerminal, keyOf, now } from './controller.ts';
import { podOf, trackingFinalizer } from './job-pods.ts';
import { finishedBy, holdsItsPlace, isIndexed, type JobFacts, judge, pause, wantedIndexes } from './job-rules.ts';
import { account } from './job-tracking.ts';
import { type PodControl, type PodWork, podController } from './pod-control.ts';

const component = 'job-controller';

export const jobs = podController(kinds.Job, component, reconcile);

async function reconcile({ context, pods, queue }: PodWork, namespace: string, name: string): Promise<void> {
  const key = `${namespace}/${name}`;
  const job = context.informer(kinds.Job).get(namespace, name);
  if (!job) {
    pods.forget(key);
    return releaseOrphans(context, namespace, name);
  }
  await releaseOrphans(context, namespace, name, job.metadata.uid);
  const mine = await pods.claim(job);
  const end = finishedBy(job);
  if (end || job.metadata.deletionTimestamp) {
    for (const pod of mine) await release(context, pod);
    if (end && !job.metadata.deletionTimestamp) await expire(context, queue, job, end);
    return;
  }
  const active = mine.filter((pod) => !isTerminal(pod) && !pod.metadata.deletionTimestamp);
  const counted = account(job, mine);
  const facts: JobFacts = { job, active, counted, pods: mine };
  const verdict = judge(facts);
  const stops = verdict !== undefined || job['spec'].suspend === true;
  if (stops) for (const pod of active) await pods.remove(job, pod);
  const settled = pods.isSettled(job);
  let left = active;
  if (!stops && settled) left = await run(pods, queue, facts);
  const isOver =
    verdict !== undefined && active.length === 0 && mine.every((pod) => isTerminal(pod)) && counted.isComplete;
  await writeStatus(context, facts, stops ? [] : left, isOver ? verdict : undefined);
  for (const pod of counted.toRelease) await release(context, pod);
  const { activeDeadlineSeconds } = job['spec'];
  const started = job['status']?.startTime;
  if (activeDeadlineSeconds !== undefined && started && !stops)
    queue.addAfter(key, Math.max(50, Date.parse(started) + activeDeadlineSeconds * 1000 - Date.now() + 50));
}

/** Makes as many pods as may run, or takes surplus ones away. Gives what is active then. */
async function run(pods: PodControl, queue: Queue, facts: JobFacts): Promise<Pod[]> {
  const { job, active, counted } = facts;
  const { parallelism, completions } = job['spec'];
  const wanted =
    completions === undefined
      ? counted.succeeded > 0
        ? active.length
        : parallelism
      : Math.min(parallelism, completions - counted.succeeded);
  if (active.length > wanted) {
    const surplus = [...active]
      .sort((a, b) => Number(isPodReady(a)) - Number(isPodReady(b)))
      .slice(0, active.length - wanted);
    for (const pod of surplus) await pods.remove(job, pod);
    return active.filter((pod) => !surplus.includes(pod));
  }
  const ending = facts.pods.filter((pod) => holdsItsPlace(job, pod) && pod.metadata.deletionTimestamp).length;
  const count = wanted - active.length - ending;
  if (count <= 0) return active;
  const wait = pause(facts);
  if (wait > 0) {
    queue.addAfter(keyOf(job), wait);
    return active;
  }
  const indexes = isIndexed(job)
    ? wantedIndexes(facts).slice(0, count)
    : Array.from({ length: count }, () => undefined);
  const made = await Promise.all(indexes.map((index) => pods.create(job, podOf(job, index))));
  return [...active, ...made];
}

async function writeStatus(
  context: ControllerContext,
  { job, counted }: JobFacts,
  active: Pod[],
  end: { type: 'Complete' | 'Failed'; reason: string; message: string } | undefined,
): Promise<void> {
  const { status = {}, spec } = job;
  const suspended = spec.suspend === true;
  let conditions: any[] = [...(status.conditions ?? [])];
  const set = (type: string, value: string, reason: string, message: string): void => {
    const known = conditions.find((one) => one.type === type);
    if (known?.status === value) return;
    const condition = { type, status: value, lastProbeTime: now(), lastTransitionTime: now(), reason, message };
    conditions = [...conditions.filter((one) => one !== known), condition];
  };
  if (suspended) set('Suspended', 'True', 'JobSuspended', 'Job suspended');
  else if (conditions.some((one) => one.type === 'Suspended')) set('Suspended', 'False', 'JobResumed', 'Job resumed');
  if (end) {
    set(end.type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', 'True', end.reason, end.message);
    set(end.type, 'True', end.reason, end.message);
  }
  const startTime = status.startTime ?? (suspended ? undefined : now());
  const next = {
    ...(conditions.length > 0 ? { conditions } : {}),
    ...(startTime && !(suspended && active.length === 0) ? { startTime } : {}),
    ...(end?.type === 'Complete' ? { completionTime: now() } : {}),
    ...(active.length > 0 ? { active: active.length } : {}),
    ...(counted.stored.succeeded > 0 ? { succeeded: counted.stored.succeeded } : {}),
    ...(counted.stored.failed > 0 ? { failed: counted.stored.failed } : {}),
    ...(counted.stored.completedIndexes ? { completedIndexes: counted.stored.completedIndexes } : {}),
    uncountedTerminatedPods: counted.stored.uncounted,
    terminating: 0,
    ready: active.filter(isPodReady).length,
  };
  if (isEqual(next, status)) return;
  await context.client.replace(kinds.Job, { ...job, status: next }, { subresource: 'status' });
  if (!end) return;
  const [type, reason] =
    end.type === 'Complete' ? (['Normal', 'Completed'] as const) : (['Warning', end.reason] as const);
  context.event(job, type, reason, end.type === 'Complete' ? 'Job completed' : end.message, component);
}

async function release(context: ControllerContext, pod: Pod): Promise<void> {
  const { finalizers = [], name = '', namespace, uid } = pod.metadata;
  if (!finalizers.includes(trackingFinalizer)) return;
  const left = finalizers.filter((one) => one !== trackingFinalizer);
  await context.client
    .patch(kinds.Pod, name, namespace, { metadata: { uid, finalizers: left } }, { type: 'merge' })
    .catch((error) => {
      if (error.status !== 404 && error.status !== 409) throw error;
    });
}

/** Pods whose Job is gone, be there a new one of its name, are not counted any more. */
async function releaseOrphans(
  context: ControllerContext,
  namespace: string,
  name: string,
  present?: string,
): Promise<void> {
  for (const pod of context.informer<Pod>(kinds.Pod).list(namespace)) {
    const owner = controllerOf(pod);
    if (owner?.kind === 'Job' && owner.name === name && owner.uid !== present) await release(context, pod);
  }
}

/** ttlSecondsAfterFinished: the Job goes, and its pods with it. */
async function expire(
  context: ControllerContext,
  queue: Queue,
  job: KubeObject,
  end: { lastTransitionTime: string },
): Promise<void> {
  const { ttlSecondsAfterFinished: ttl } = job['spec'];
  if (ttl === undefined) return;
  const left = Date.parse(end.lastTransitionTime) + ttl * 1000 - Date.now();
  if (left > 0) return queue.addAfter(keyOf(job), left + 50);
  const { name = '', namespace, uid } = job.metadata;
  await context.client.delete(kinds.Job, name, namespace, {
    propagationPolicy: 'Background',
    preconditions: { uid: uid! },
  });
}
