/** When a Job is done, when it has failed, how long it waits after a failure, and which indexes are next. Pure rules. */
import type { KubeObject, Pod } from '../../kube/index.ts';
import { isTerminal } from './controller.ts';
import { indexOf } from './job-pods.ts';
import type { Counted } from './job-tracking.ts';

export interface JobFacts {
  job: KubeObject;
  /** Neither ended nor ending. */
  active: Pod[];
  /** All of the Job that are still there. */
  pods: Pod[];
  counted: Counted;
}

export interface Verdict {
  type: 'Complete' | 'Failed';
  reason: string;
  message: string;
}

export const isIndexed = (job: KubeObject): boolean => job['spec'].completionMode === 'Indexed';

/** The condition that says that a Job is over. */
export function finishedBy(job: KubeObject): { type: string; lastTransitionTime: string } | undefined {
  return (job['status']?.conditions ?? []).find(
    (one: any) => (one.type === 'Complete' || one.type === 'Failed') && one.status === 'True',
  );
}

/** Complete or failed; undefined while there is something to do. */
export function judge({ job, active, pods, counted }: JobFacts, now = Date.now()): Verdict | undefined {
  const { spec, status = {} } = job;
  const rule = failedByPolicy(spec.podFailurePolicy, pods);
  if (rule) return { type: 'Failed', reason: 'PodFailurePolicy', message: rule };
  const tooOften = {
    type: 'Failed',
    reason: 'BackoffLimitExceeded',
    message: 'Job has reached the specified backoff limit',
  } as const;
  if (counted.failed - ignored(spec.podFailurePolicy, pods) > spec.backoffLimit) return tooOften;
  // Containers that are restarted in place count as well.
  const restarts = active
    .flatMap((pod) => [...(pod['status']?.initContainerStatuses ?? []), ...(pod['status']?.containerStatuses ?? [])])
    .reduce((sum, one) => sum + (one.restartCount ?? 0), 0);
  if (spec.template.spec.restartPolicy === 'OnFailure' && restarts > 0 && restarts >= spec.backoffLimit)
    return tooOften;
  const started = status.startTime && Date.parse(status.startTime);
  if (
    spec.activeDeadlineSeconds !== undefined &&
    !spec.suspend &&
    started &&
    now >= started + spec.activeDeadlineSeconds * 1000
  )
    return { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  const complete = {
    type: 'Complete',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  } as const;
  if (spec.completions === undefined) return counted.succeeded > 0 && active.length === 0 ? complete : undefined;
  return counted.succeeded >= spec.completions ? complete : undefined;
}

/** The rule of podFailurePolicy that a failed pod meets. */
function ruleFor(policy: any, pod: Pod): any {
  return (policy?.rules ?? []).find((rule: any) => {
    const codes = rule.onExitCodes;
    if (codes) {
      const states = [...(pod['status']?.initContainerStatuses ?? []), ...(pod['status']?.containerStatuses ?? [])]
        .filter((one) => !codes.containerName || one.name === codes.containerName)
        .map((one) => one.state?.terminated?.exitCode)
        .filter((code) => code !== undefined && code !== 0);
      return states.some((code) => codes.values.includes(code) === (codes.operator === 'In'));
    }
    return (rule.onPodConditions ?? []).some((wanted: any) =>
      (pod['status']?.conditions ?? []).some(
        (one: any) => one.type === wanted.type && one.status === (wanted.status ?? 'True'),
      ),
    );
  });
}

const failedPods = (pods: Pod[]): Pod[] => pods.filter((pod) => pod['status']?.phase === 'Failed');

function failedByPolicy(policy: any, pods: Pod[]): string | undefined {
  for (const pod of failedPods(pods)) {
    const rule = ruleFor(policy, pod);
    if (rule?.action === 'FailJob')
      return `Pod ${pod.metadata.namespace}/${pod.metadata.name} failed matching FailJob rule at index ${policy.rules.indexOf(rule)}`;
  }
  return undefined;
}

/** Failures that do not count towards the backoff limit. */
const ignored = (policy: any, pods: Pod[]): number =>
  failedPods(pods).filter((pod) => ruleFor(policy, pod)?.action === 'Ignore').length;

const firstPauseMs = 10_000;
const longestPauseMs = 600_000;

/** Milliseconds until a failed pod may be replaced: ten seconds, doubled with each failure since the last success. */
export function pause({ pods, counted }: JobFacts, now = Date.now()): number {
  if (counted.failed === 0) return 0;
  const endOf = (pod: Pod): number =>
    Math.max(
      0,
      ...(pod['status']?.containerStatuses ?? []).map(
        (one: any) => Date.parse(one.state?.terminated?.finishedAt ?? '') || 0,
      ),
    );
  const lastSuccess = Math.max(0, ...pods.filter((pod) => pod['status']?.phase === 'Succeeded').map(endOf));
  const failures = failedPods(pods)
    .map(endOf)
    .filter((end) => end >= lastSuccess);
  if (failures.length === 0) return 0;
  const wait = Math.min(firstPauseMs * 2 ** (failures.length - 1), longestPauseMs);
  return Math.max(0, Math.max(...failures) + wait - now);
}

/** With podReplacementPolicy Failed a pod that is ending is replaced when it has ended; by default it is at once. */
export const holdsItsPlace = (job: KubeObject, pod: Pod): boolean =>
  !isTerminal(pod) && (!pod.metadata.deletionTimestamp || job['spec'].podReplacementPolicy === 'Failed');

/** Indexes that are neither done nor being worked at, lowest first. */
export function wantedIndexes({ job, pods, counted }: JobFacts): number[] {
  const busy = new Set(pods.filter((pod) => holdsItsPlace(job, pod)).map(indexOf));
  return Array.from({ length: job['spec'].completions }, (_, index) => index).filter(
    (index) => !counted.completedIndexes.has(index) && !busy.has(index),
  );
}
