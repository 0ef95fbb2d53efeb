/**
 * How the ends of a Job's pods are counted exactly once, whatever is interrupted: each pod has a finalizer; an end is first written down by
 * the pod's UID, then the finalizer is taken off, then the UID becomes a number.
 */
import type { KubeObject, Pod } from '../../kube/index.ts';
import { indexesIn, indexText } from './job-indexes.ts';
import { indexOf, trackingFinalizer } from './job-pods.ts';

interface Uncounted {
  succeeded?: string[];
  failed?: string[];
}

export interface Counted {
  /** With those that are written down by UID only. */
  succeeded: number;
  failed: number;
  /** Of an Indexed job. */
  completedIndexes: Set<number>;
  /** For the status. */
  stored: { succeeded: number; failed: number; completedIndexes: string; uncounted: Uncounted };
  /** Pods whose finalizer may be taken off when that status is written. */
  toRelease: Pod[];
  /** No end is left to be made a number. */
  isComplete: boolean;
}

export function account(job: KubeObject, pods: Pod[]): Counted {
  const { status = {}, spec } = job;
  const isIndexedJob = spec.completionMode === 'Indexed';
  const tracked = new Map(
    pods.filter((pod) => pod.metadata.finalizers?.includes(trackingFinalizer)).map((pod) => [pod.metadata.uid!, pod]),
  );
  const completedIndexes = indexesIn(status.completedIndexes ?? '');
  const counts = { succeeded: isIndexedJob ? 0 : (status.succeeded ?? 0), failed: status.failed ?? 0 };
  const uncounted = { succeeded: [] as string[], failed: [] as string[] };
  const toRelease: Pod[] = [];
  for (const result of ['succeeded', 'failed'] as const)
    for (const uid of status.uncountedTerminatedPods?.[result] ?? []) {
      const pod = tracked.get(uid);
      if (pod) {
        uncounted[result].push(uid);
        toRelease.push(pod);
        tracked.delete(uid);
      } else if (result === 'failed' || !isIndexedJob) counts[result]++;
    }
  for (const [uid, pod] of tracked) {
    const phase = pod['status']?.phase;
    // A pod that was deleted before its end never will succeed.
    const isGone = pod.metadata.deletionTimestamp !== undefined && pod.metadata.deletionGracePeriodSeconds === 0;
    const result = phase === 'Succeeded' ? 'succeeded' : phase === 'Failed' || isGone ? 'failed' : undefined;
    if (!result) continue;
    uncounted[result].push(uid);
    toRelease.push(pod);
    const index = indexOf(pod);
    if (result === 'succeeded' && index !== undefined && index < (spec.completions ?? 0)) completedIndexes.add(index);
  }
  const stored = {
    succeeded: isIndexedJob ? completedIndexes.size : counts.succeeded,
    failed: counts.failed,
    completedIndexes: indexText(completedIndexes),
    uncounted: {
      ...(uncounted.succeeded.length > 0 ? { succeeded: uncounted.succeeded } : {}),
      ...(uncounted.failed.length > 0 ? { failed: uncounted.failed } : {}),
    },
  };
  return {
    succeeded: isIndexedJob ? completedIndexes.size : counts.succeeded + uncounted.succeeded.length,
    failed: counts.failed + uncounted.failed.length,
    completedIndexes,
    stored,
    toRelease,
    isComplete: toRelease.length === 0,
  };
}
