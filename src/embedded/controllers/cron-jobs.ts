/** CronJobs: a Job at each time of the schedule, and the old ones taken away. */
import { messageOf } from '../../errors/index.ts';
import { isAlreadyExists, type KubeObject, kinds, type Queue } from '../../kube/index.ts';
import {
  type Controller,
  type ControllerContext,
  controlledBy,
  controllerOf,
  keyedQueue,
  keyOf,
  putStatus,
} from './controller.ts';
import { nextTime, parseSchedule, type Schedule } from './cron-schedule.ts';
import { finishedBy } from './job-rules.ts';

const component = 'cronjob-controller';

export const cronJobs: Controller = {
  name: 'cronjob',
  start(context) {
    const queue: Queue = keyedQueue(context, 'cronjob', (namespace, name) =>
      reconcile(context, queue, namespace, name),
    );
    context.informer(kinds.CronJob).on(({ object }) => queue.add(keyOf(object)));
    context.informer(kinds.Job).on(({ object }) => {
      const owner = controllerOf(object);
      if (owner?.kind === 'CronJob') queue.add(`${object.metadata.namespace}/${owner.name}`);
    });
    return queue;
  },
};

async function reconcile(context: ControllerContext, queue: Queue, namespace: string, name: string): Promise<void> {
  const cron = context.informer(kinds.CronJob).get(namespace, name);
  if (!cron || cron.metadata.deletionTimestamp) return;
  const jobs = context
    .informer(kinds.Job)
    .list(namespace)
    .filter((job) => controllerOf(job)?.uid === cron.metadata.uid);
  await forget(context, cron, jobs);
  const status = statusOf(cron, jobs);
  let schedule: Schedule;
  try {
    schedule = parseSchedule(cron['spec'].schedule);
  } catch (error) {
    const message = `unparseable schedule: ${JSON.stringify(cron['spec'].schedule)} : ${messageOf(error)}`;
    context.event(cron, 'Warning', 'UnparseableSchedule', message, component);
    return putStatus(context, kinds.CronJob, cron, status);
  }
  if (!cron['spec'].suspend) {
    const due = dueTime(cron, schedule);
    if (due !== undefined) await startJob(context, cron, jobs, due, status);
    const next = nextTime(schedule, Date.now(), cron['spec'].timeZone);
    if (next !== undefined) queue.addAfter(keyOf(cron), Math.min(next - Date.now() + 100, 2 ** 31 - 1));
  }
  await putStatus(context, kinds.CronJob, cron, status);
}

const hourMs = 3_600_000;
const windowsMs = [hourMs, 24 * hourMs, 32 * 24 * hourMs, 5 * 366 * 24 * hourMs];

/** The last time that has come and for which there was no Job yet; what is older than the deadline is missed. */
export function dueTime(cron: KubeObject, schedule: Schedule, now = Date.now()): number | undefined {
  const { timeZone, startingDeadlineSeconds } = cron['spec'];
  const since = Date.parse(cron['status']?.lastScheduleTime ?? cron.metadata.creationTimestamp);
  const earliest =
    startingDeadlineSeconds === undefined ? since : Math.max(since, now - startingDeadlineSeconds * 1000);
  // From the last hour backwards: after a long absence only the latest time counts.
  for (const window of windowsMs) {
    let due: number | undefined;
    const start = Math.max(earliest, now - window);
    for (
      let at = nextTime(schedule, start, timeZone);
      at !== undefined && at <= now;
      at = nextTime(schedule, at, timeZone)
    )
      due = at;
    if (due !== undefined || start === earliest) return due;
  }
  return undefined;
}

async function startJob(
  context: ControllerContext,
  cron: KubeObject,
  jobs: KubeObject[],
  due: number,
  status: Record<string, any>,
): Promise<void> {
  const { concurrencyPolicy, jobTemplate } = cron['spec'];
  const running = jobs.filter((job) => !finishedBy(job));
  if (concurrencyPolicy === 'Forbid' && running.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    context.event(cron, 'Normal', 'JobAlreadyActive', message, component);
    return;
  }
  if (concurrencyPolicy === 'Replace') for (const job of running) await remove(context, cron, job);
  const { name = '', namespace } = cron.metadata;
  const scheduled = `${new Date(due).toISOString().slice(0, 19)}Z`;
  const job: KubeObject = {
    metadata: {
      ...jobTemplate.metadata,
      name: `${name}-${Math.floor(due / 60_000)}`,
      namespace: namespace!,
      annotations: {
        ...jobTemplate.metadata?.annotations,
        'batch.kubernetes.io/cronjob-scheduled-timestamp': scheduled,
      },
      ownerReferences: [controlledBy(kinds.CronJob, cron)],
    },
    spec: jobTemplate.spec,
  };
  try {
    const made = await context.client.create(kinds.Job, job);
    context.event(cron, 'Normal', 'SuccessfulCreate', `Created job ${made.metadata.name}`, component);
    status['active'] = [...(concurrencyPolicy === 'Replace' ? [] : (status['active'] ?? [])), referenceTo(made)];
  } catch (error) {
    if (!isAlreadyExists(error)) {
      context.event(cron, 'Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`, component);
      throw error;
    }
  }
  status['lastScheduleTime'] = scheduled;
}

const referenceTo = ({ metadata: { name, namespace, uid, resourceVersion } }: KubeObject) => ({
  kind: 'Job',
  apiVersion: 'batch/v1',
  name,
  namespace,
  uid,
  resourceVersion,
});

function statusOf(cron: KubeObject, jobs: KubeObject[]): Record<string, any> {
  const known: Record<string, any> = cron['status'] ?? {};
  const active = jobs.filter((job) => !finishedBy(job));
  // What was started a moment ago may not be in the informer yet.
  const listed = new Set(jobs.map((job) => job.metadata.uid));
  const young = (known['active'] ?? []).filter(
    (one: any) =>
      !listed.has(one.uid) && known['lastScheduleTime'] && Date.now() - Date.parse(known['lastScheduleTime']) < 5_000,
  );
  const references = [
    ...active.map(
      (job) => (known['active'] ?? []).find((one: any) => one.uid === job.metadata.uid) ?? referenceTo(job),
    ),
    ...young,
  ];
  const successes = jobs.map((job) => job['status']?.completionTime).filter(Boolean);
  const last = [known['lastSuccessfulTime'], ...successes].filter(Boolean).sort().at(-1);
  return {
    ...(references.length > 0 ? { active: references } : {}),
    ...(known['lastScheduleTime'] ? { lastScheduleTime: known['lastScheduleTime'] } : {}),
    ...(last ? { lastSuccessfulTime: last } : {}),
  };
}

/** Takes away the oldest Jobs that are over and beyond the two limits. */
async function forget(context: ControllerContext, cron: KubeObject, jobs: KubeObject[]): Promise<void> {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cron['spec'];
  for (const [type, limit] of [
    ['Complete', successfulJobsHistoryLimit],
    ['Failed', failedJobsHistoryLimit],
  ] as const) {
    const over = jobs
      .filter((job) => finishedBy(job)?.type === type && !job.metadata.deletionTimestamp)
      .sort((a, b) => (a['status'].startTime ?? '').localeCompare(b['status'].startTime ?? ''));
    for (const job of over.slice(0, Math.max(0, over.length - (limit ?? 0)))) await remove(context, cron, job);
  }
}

async function remove(context: ControllerContext, cron: KubeObject, job: KubeObject): Promise<void> {
  await context.client
    .delete(kinds.Job, job.metadata.name!, job.metadata.namespace, { propagationPolicy: 'Background' })
    .catch((error) => {
      if (error.status !== 404) throw error;
    });
  context.event(cron, 'Normal', 'SuccessfulDelete', `Deleted job ${job.metadata.name}`, component);
}
