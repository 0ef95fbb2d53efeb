/** ControllerRevisions: the templates that a StatefulSet or DaemonSet had, by which it rolls forth and `kubectl rollout undo` rolls back. */
import { createHash } from 'node:crypto';
import { type Kind, type KubeObject, kinds } from '../../kube/index.ts';
import { type ControllerContext, controlledBy, controllerOf, isEqual, sorted } from './controller.ts';

export interface Revisions {
  /** Of the template as it is. */
  update: KubeObject;
  /** Oldest first, `update` last. */
  all: KubeObject[];
}

/** The part of a workload that a revision keeps, as the patch that brings it back. */
const dataOf = (workload: KubeObject) => ({ spec: { template: { ...workload['spec'].template, $patch: 'replace' } } });

export function templateOf(revision: KubeObject): any {
  const { $patch: _, ...template } = revision['data'].spec.template;
  return template;
}

/** The revisions of a workload; the one of its present template is made if there is none, and becomes the newest if it is an old one. */
export async function keepRevisions(
  context: ControllerContext,
  kind: Kind,
  workload: KubeObject,
  hashLabel: string,
): Promise<Revisions> {
  const { client } = context;
  const { name, namespace, uid } = workload.metadata;
  const known = context
    .informer(kinds.ControllerRevision)
    .list(namespace)
    .filter((one) => controllerOf(one)?.uid === uid)
    .sort((a, b) => a['revision'] - b['revision']);
  const data = dataOf(workload);
  const same = known.find((one) => isEqual(one['data'], data));
  const newest: number = known.at(-1)?.['revision'] ?? 0;
  if (same) {
    const others = known.filter((one) => one !== same);
    if (same['revision'] === newest) return { update: same, all: [...others, same] };
    const risen = await client.patch(
      kinds.ControllerRevision,
      same.metadata.name!,
      namespace,
      { revision: newest + 1 },
      { type: 'merge' },
    );
    return { update: risen, all: [...others, risen] };
  }
  const hash = createHash('sha256')
    .update(JSON.stringify(sorted(data)))
    .digest('hex')
    .slice(0, 10);
  const made: KubeObject = {
    metadata: {
      name: `${name}-${hash}`,
      namespace: namespace!,
      labels: { ...workload['spec'].template.metadata?.labels, [hashLabel]: hash },
      ownerReferences: [controlledBy(kind, workload)],
      ...(workload.metadata.annotations ? { annotations: workload.metadata.annotations } : {}),
    },
    data,
    revision: newest + 1,
  };
  // One that the watch has not shown yet is as good as one that was made.
  const update = await client.create(kinds.ControllerRevision, made).catch(async (error) => {
    const found = error.status === 409 && (await client.find(kinds.ControllerRevision, made.metadata.name!, namespace));
    if (found && controllerOf(found)?.uid === uid) return found;
    throw error;
  });
  return { update, all: [...known, update] };
}

/** Removes the oldest of those that no pod has and that are beyond revisionHistoryLimit. */
export async function forgetRevisions(
  context: ControllerContext,
  workload: KubeObject,
  revisions: KubeObject[],
  isUsed: (revision: KubeObject) => boolean,
): Promise<void> {
  const idle = revisions.filter((one) => !isUsed(one));
  const surplus = idle.length - (workload['spec'].revisionHistoryLimit ?? 10);
  for (const { metadata } of idle.slice(0, Math.max(0, surplus)))
    await context.client.delete(kinds.ControllerRevision, metadata.name!, metadata.namespace).catch(() => {});
}
