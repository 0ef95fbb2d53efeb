/** The pods of a Job: counted by a finalizer, and, in an Indexed one, told which part of the work is theirs. */
import type { KubeObject, Pod } from '../../kube/index.ts';

/** Holds a pod until its end has been counted. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
const indexKey = 'batch.kubernetes.io/job-completion-index';

export function podOf(job: KubeObject, index: number | undefined): Pod {
  const { metadata, spec } = job['spec'].template;
  const name = job.metadata.name!;
  if (index === undefined)
    return { metadata: { ...metadata, generateName: `${name}-`, finalizers: [trackingFinalizer] }, spec };
  const mark = { [indexKey]: String(index) };
  const variable = {
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${indexKey}']` } },
  };
  const told = (container: any) => ({
    ...container,
    env: [...(container.env ?? []).filter((one: any) => one.name !== variable.name), variable],
  });
  return {
    metadata: {
      ...metadata,
      generateName: `${name}-${index}-`,
      labels: { ...metadata?.labels, ...mark },
      annotations: { ...metadata?.annotations, ...mark },
      finalizers: [trackingFinalizer],
    },
    spec: {
      ...spec,
      hostname: `${name}-${index}`,
      containers: spec.containers.map(told),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(told) } : {}),
    },
  };
}

/** The index of a pod of an Indexed job. */
export function indexOf(pod: KubeObject): number | undefined {
  const text = pod.metadata.annotations?.[indexKey];
  return text === undefined ? undefined : Number(text);
}
