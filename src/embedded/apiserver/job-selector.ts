/** The labels by which a Job knows its pods. They hold its UID, so only the API server can set them. */
import type { KubeObject } from '../../kube/index.ts';

/** In place; nothing is done where the Job manages its selector itself. */
export function addJobSelector(job: KubeObject): void {
  const { spec } = job;
  if (spec.manualSelector) return;
  const { uid = '', name = '' } = job.metadata;
  const template = (spec.template ??= {});
  template.metadata = {
    ...template.metadata,
    labels: {
      ...template.metadata?.labels,
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'controller-uid': uid,
      'job-name': name,
    },
  };
  // A Job without labels of its own has those of its pods.
  if (!job.metadata.labels) job.metadata.labels = { ...template.metadata.labels };
  spec.selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
}
