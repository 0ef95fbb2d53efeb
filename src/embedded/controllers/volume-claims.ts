/**
 * PersistentVolumeClaims: bound to a volume that fits, or, where their class is ours, to a folder of this machine made for them. A claim
 * that a pod uses stays until the pod is gone; a volume goes with its claim if its policy says so.
 */
import { rm } from 'node:fs/promises';
import { isNotFound, type Kind, type KubeObject, kinds, type Pod } from '../../kube/index.ts';
import {
  type Controller,
  type ControllerContext,
  controlledBy,
  isTerminal,
  keyedQueue,
  keyOf,
  putStatus,
} from './controller.ts';
import { fits, provisionedVolume, provisioner, referenceTo } from './volume-rules.ts';

const protection = 'kubernetes.io/pvc-protection';
const volumeProtection = 'kubernetes.io/pv-protection';
const component = 'persistentvolume-controller';

export const volumeClaims: Controller = {
  name: 'persistentvolume',
  start(context) {
    const queue = keyedQueue(context, 'persistentvolume', (namespace, name) =>
      namespace === '' ? reclaim(context, name) : bind(context, namespace, name),
    );
    const claims = context.informer(kinds.PersistentVolumeClaim);
    claims.on(({ object, type }) => {
      queue.add(keyOf(object));
      if (type === 'deleted' && object['spec'].volumeName) queue.add(`/${object['spec'].volumeName}`);
    });
    context.informer(kinds.PersistentVolume).on(({ object }) => {
      queue.add(keyOf(object));
      for (const claim of claims.list()) if (!claim['spec'].volumeName) queue.add(keyOf(claim));
    });
    context.informer(kinds.StorageClass).on(({ type }) => {
      if (type === 'added') for (const claim of claims.list()) if (!claim['spec'].volumeName) queue.add(keyOf(claim));
    });
    context.informer<Pod>(kinds.Pod).on(({ type, object }) => {
      for (const name of claimsOf(object)) queue.add(`${object.metadata.namespace}/${name}`);
      if (type !== 'deleted') void makeEphemeral(context, object);
    });
    return queue;
  },
};

/** The names of the claims that a pod mounts. */
function claimsOf(pod: Pod): string[] {
  return (pod.spec['volumes'] ?? []).flatMap((volume: any) =>
    volume.persistentVolumeClaim
      ? [volume.persistentVolumeClaim.claimName]
      : volume.ephemeral
        ? [`${pod.metadata.name}-${volume.name}`]
        : [],
  );
}

/** Generic ephemeral volumes: a claim that lives as long as the pod. */
async function makeEphemeral(context: ControllerContext, pod: Pod): Promise<void> {
  for (const volume of pod.spec['volumes'] ?? []) {
    if (!volume.ephemeral || pod.metadata.deletionTimestamp) continue;
    const { metadata, spec } = volume.ephemeral.volumeClaimTemplate;
    const name = `${pod.metadata.name}-${volume.name}`;
    const { namespace = '' } = pod.metadata;
    if (context.informer(kinds.PersistentVolumeClaim).get(namespace, name)) continue;
    await context.client
      .create(kinds.PersistentVolumeClaim, {
        metadata: { ...metadata, name, namespace, ownerReferences: [controlledBy(kinds.Pod, pod)] },
        spec,
      })
      .catch((error) => {
        if (error.status !== 409 && error.status !== 403) context.log(`claim ${namespace}/${name}: ${error.message}`);
      });
  }
}

async function bind(context: ControllerContext, namespace: string, name: string): Promise<void> {
  const claim = context.informer(kinds.PersistentVolumeClaim).get(namespace, name);
  if (!claim) return;
  if (claim.metadata.deletionTimestamp) return release(context, claim);
  const volumes = context.informer(kinds.PersistentVolume).list();
  const { volumeName } = claim['spec'];
  const mine =
    volumes.find((one) => isFor(one, claim)) ??
    volumes.find((one) => one.metadata.name === volumeName && !one['spec'].claimRef);
  const volume = mine ?? (volumeName ? undefined : chooseSmallest(volumes, claim));
  if (volume) return join(context, claim, volume);
  if (claim['status']?.phase === 'Bound' || volumeName) {
    const known = claim['status']?.phase === 'Bound' ? 'Lost' : (claim['status']?.phase ?? 'Pending');
    return putStatus(context, kinds.PersistentVolumeClaim, claim, { ...claim['status'], phase: known });
  }
  await provision(context, claim);
}

/** Whether a volume is bound to, or reserved for, this claim. */
function isFor(volume: KubeObject, claim: KubeObject): boolean {
  const { name, namespace, uid } = volume['spec'].claimRef ?? {};
  return name === claim.metadata.name && namespace === claim.metadata.namespace && (!uid || uid === claim.metadata.uid);
}

const chooseSmallest = (volumes: KubeObject[], claim: KubeObject): KubeObject | undefined =>
  volumes
    .filter((one) => !one['spec'].claimRef && !one.metadata.deletionTimestamp && fits(one, claim))
    .sort((a, b) =>
      (a['spec'].capacity?.storage ?? '').localeCompare(b['spec'].capacity?.storage ?? '', 'en', { numeric: true }),
    )[0];

async function join(context: ControllerContext, claim: KubeObject, volume: KubeObject): Promise<void> {
  const { client } = context;
  const { spec } = volume;
  if (spec.claimRef?.uid !== claim.metadata.uid)
    await client.patch(
      kinds.PersistentVolume,
      volume.metadata.name!,
      undefined,
      { metadata: { uid: volume.metadata.uid }, spec: { claimRef: referenceTo(claim) } },
      { type: 'merge' },
    );
  if (volume['status']?.phase !== 'Bound')
    await client.patch(
      kinds.PersistentVolume,
      volume.metadata.name!,
      undefined,
      { status: { phase: 'Bound' } },
      { type: 'merge', subresource: 'status' },
    );
  const bound =
    claim['spec'].volumeName === volume.metadata.name
      ? claim
      : await client.patch(
          kinds.PersistentVolumeClaim,
          claim.metadata.name!,
          claim.metadata.namespace,
          {
            metadata: { uid: claim.metadata.uid, annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
            spec: { volumeName: volume.metadata.name },
          },
          { type: 'merge' },
        );
  await putStatus(context, kinds.PersistentVolumeClaim, bound, {
    phase: 'Bound',
    accessModes: spec.accessModes,
    capacity: spec.capacity,
  });
}

async function provision(context: ControllerContext, claim: KubeObject): Promise<void> {
  const className = claim['spec'].storageClassName;
  const storageClass = className && context.informer(kinds.StorageClass).get(undefined, className);
  if (claim['status']?.phase !== 'Pending')
    await putStatus(context, kinds.PersistentVolumeClaim, claim, { ...claim['status'], phase: 'Pending' });
  if (!storageClass) {
    const why = className
      ? `storageclass.storage.k8s.io "${className}" not found`
      : 'no persistent volumes available for this claim and no storage class is set';
    context.event(
      claim,
      className ? 'Warning' : 'Normal',
      className ? 'ProvisioningFailed' : 'FailedBinding',
      why,
      component,
    );
    return;
  }
  if (storageClass['provisioner'] !== provisioner || !context.volumesFolder) return;
  const volume = provisionedVolume(claim, storageClass, context.volumesFolder);
  await context.client.create(kinds.PersistentVolume, volume).catch((error) => {
    if (error.status !== 409) throw error;
  });
  context.event(
    claim,
    'Normal',
    'ProvisioningSucceeded',
    `Successfully provisioned volume ${volume.metadata.name}`,
    provisioner,
  );
}

/** A claim that is being deleted goes when no pod uses it. */
async function release(context: ControllerContext, claim: KubeObject): Promise<void> {
  const { finalizers = [], name = '', namespace } = claim.metadata;
  if (!finalizers.includes(protection)) return;
  const used = context
    .informer<Pod>(kinds.Pod)
    .list(namespace)
    .some((pod) => !isTerminal(pod) && claimsOf(pod).includes(name));
  if (!used)
    await setFinalizers(
      context,
      kinds.PersistentVolumeClaim,
      claim,
      finalizers.filter((one) => one !== protection),
    );
}

/** A volume whose claim is gone: deleted with its folder, or kept for somebody to look at. */
async function reclaim(context: ControllerContext, name: string): Promise<void> {
  const volume = context.informer(kinds.PersistentVolume).get(undefined, name);
  if (!volume) return;
  const { claimRef, persistentVolumeReclaimPolicy: policy, hostPath } = volume['spec'];
  const setPhase = async (phase: string): Promise<void> => {
    if (volume['status']?.phase === phase) return;
    await context.client.patch(
      kinds.PersistentVolume,
      name,
      undefined,
      { status: { phase } },
      { type: 'merge', subresource: 'status' },
    );
  };
  const unprotect = (): Promise<void> => {
    const left = (volume.metadata.finalizers ?? []).filter((one) => one !== volumeProtection);
    return setFinalizers(context, kinds.PersistentVolume, volume, left);
  };
  if (!claimRef?.uid) return volume.metadata.deletionTimestamp ? unprotect() : setPhase('Available');
  const claim = await context.client.find(kinds.PersistentVolumeClaim, claimRef.name, claimRef.namespace);
  if (claim?.metadata.uid === claimRef.uid) return;
  if (volume.metadata.deletionTimestamp) return unprotect();
  await setPhase('Released');
  const isOurs = volume.metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === provisioner;
  if (policy !== 'Delete' || !isOurs) return;
  if (context.volumesFolder && hostPath?.path.startsWith(`${context.volumesFolder}/`))
    await rm(hostPath.path, { recursive: true, force: true });
  await context.client.delete(kinds.PersistentVolume, name).catch((error) => {
    if (!isNotFound(error)) throw error;
  });
}

async function setFinalizers(
  context: ControllerContext,
  kind: Kind,
  { metadata: { name = '', namespace, uid } }: KubeObject,
  finalizers: string[],
): Promise<void> {
  await context.client
    .patch(kind, name, namespace, { metadata: { uid, finalizers } }, { type: 'merge' })
    .catch((error) => {
      if (!isNotFound(error)) throw error;
    });
}
