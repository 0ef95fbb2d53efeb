/**
 * Objects whose owners are gone go too; foreground and orphan deletions end here. Follows the kinds that own or are owned here, and of those
 * that are defined in the cluster each of which an owner is seen.
 */
import { apiVersionOf, type Kind, type KubeObject, kinds, type OwnerReference } from '../../kube/index.ts';
import { type Controller, type ControllerContext, keyedQueue } from './controller.ts';

/** Kinds that have owners in an embedded cluster, and their owners. */
const followed: Kind[] = [
  kinds.Pod,
  kinds.ReplicaSet,
  kinds.Deployment,
  kinds.StatefulSet,
  kinds.DaemonSet,
  kinds.ControllerRevision,
  kinds.Job,
  kinds.CronJob,
  kinds.PersistentVolumeClaim,
  kinds.EndpointSlice,
  kinds.Endpoints,
  kinds.Service,
  kinds.ConfigMap,
  kinds.Secret,
  kinds.ServiceAccount,
];

export const garbageCollector: Controller = {
  name: 'garbage-collector',
  start(context) {
    const custom = new Set<string>();
    const queue = keyedQueue(context, 'garbage-collector', (_, uid) => collect(context, uid));
    for (const kind of followed)
      context.informer(kind).on(({ type, object }) => {
        const { uid, deletionTimestamp, ownerReferences } = object.metadata;
        for (const owner of ownerReferences ?? [])
          followOwners(context, custom, owner, (gone) => queue.add(`/${gone}`));
        if (type === 'deleted') queue.add(`/${uid}`);
        else if (deletionTimestamp) queue.add(`/${uid}`);
        else for (const owner of ownerReferences ?? []) if (!alive(context, owner.uid)) queue.add(`/${owner.uid}`);
        if (type === 'deleted') for (const owner of ownerReferences ?? []) queue.add(`/${owner.uid}`);
      });
    return queue;
  },
};

const builtin = new Set(followed.map((kind) => `${apiVersionOf(kind)}/${kind.kind}`));

/** Once for each kind; of one whose definition is not there (any more) the owner's absence is found when its dependents come. */
function followOwners(
  context: ControllerContext,
  known: Set<string>,
  { apiVersion, kind: name }: OwnerReference,
  gone: (uid: string) => void,
): void {
  const key = `${apiVersion}/${name}`;
  if (builtin.has(key) || known.has(key)) return;
  known.add(key);
  context.client.kindOf(apiVersion, name).then(
    (kind) => {
      const informer = context.informer(kind);
      informer.on(({ type, object }) => type === 'deleted' && gone(object.metadata.uid ?? ''));
      informer.start();
    },
    () => known.delete(key),
  );
}

function find(context: ControllerContext, uid: string): { kind: Kind; object: KubeObject } | undefined {
  for (const kind of followed) {
    const object = context
      .informer(kind)
      .list()
      .find((one) => one.metadata.uid === uid);
    if (object) return { kind, object };
  }
  return undefined;
}

const alive = (context: ControllerContext, uid: string): boolean => find(context, uid) !== undefined;

async function collect(context: ControllerContext, uid: string): Promise<void> {
  const owner = find(context, uid);
  const dependents = followed.flatMap((kind) =>
    context
      .informer(kind)
      .list()
      .filter((one) => one.metadata.ownerReferences?.some((reference) => reference.uid === uid))
      .map((object) => ({ kind, object })),
  );
  if (!owner) {
    // The informers may not have seen a young owner yet: the API server has the last word.
    for (const { kind, object } of dependents)
      if (await isOrphan(context, object)) await remove(context, kind, object, 'Background');
    return;
  }
  const { finalizers = [], deletionTimestamp } = owner.object.metadata;
  if (!deletionTimestamp) return;
  if (finalizers.includes('orphan')) {
    for (const { kind, object } of dependents)
      await patchMeta(context, kind, object, {
        ownerReferences: object.metadata.ownerReferences!.filter((one) => one.uid !== uid),
      });
    await patchMeta(context, owner.kind, owner.object, { finalizers: finalizers.filter((one) => one !== 'orphan') });
  } else if (finalizers.includes('foregroundDeletion')) {
    const blocking = dependents.filter(({ object }) =>
      object.metadata.ownerReferences?.some((one) => one.uid === uid && one.blockOwnerDeletion),
    );
    for (const { kind, object } of dependents)
      if (!object.metadata.deletionTimestamp) await remove(context, kind, object, 'Foreground');
    if (blocking.length === 0)
      await patchMeta(context, owner.kind, owner.object, {
        finalizers: finalizers.filter((one) => one !== 'foregroundDeletion'),
      });
  }
}

async function isOrphan(context: ControllerContext, object: KubeObject): Promise<boolean> {
  for (const owner of object.metadata.ownerReferences ?? []) {
    const kind = await context.client.kindOf(owner.apiVersion, owner.kind).catch(() => undefined);
    const found =
      kind && (await context.client.find(kind, owner.name, kind.namespaced ? object.metadata.namespace : undefined));
    if (found?.metadata.uid === owner.uid) return false;
  }
  return true;
}

async function remove(
  context: ControllerContext,
  kind: Kind,
  object: KubeObject,
  propagationPolicy: 'Background' | 'Foreground',
): Promise<void> {
  const { name, namespace, uid } = object.metadata;
  await context.client
    .delete(kind, name!, namespace, { propagationPolicy, preconditions: { uid: uid! } })
    .catch((error) => {
      if (error.status !== 404 && error.status !== 409) throw error;
    });
}

async function patchMeta(
  context: ControllerContext,
  kind: Kind,
  object: KubeObject,
  metadata: Record<string, unknown>,
): Promise<void> {
  await context.client
    .patch(kind, object.metadata.name!, object.metadata.namespace, { metadata }, { type: 'merge' })
    .catch((error) => {
      if (error.status !== 404) throw error;
    });
}
