/** Deleting: at once, after grace, or when finalizers are done. */
import type { KubeObject } from '../../kube/index.ts';
import { admitValidating } from './admission.ts';
import { type ApiRequest, isDryRun, type ServerContext, timestamp } from './context.ts';
import { type Resource, storageKey } from './resources.ts';
import { conflict, StatusError } from './status.ts';
import type { Entry } from './storage.ts';
import { existing, removeIfFinalized, type Target } from './writes.ts';

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  orphanDependents?: boolean;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: string[];
}

/** The options of a request: in the body, else in the query. */
export async function deleteOptions(request: ApiRequest): Promise<DeleteOptions> {
  const raw = await request.rawBody();
  const body: DeleteOptions = raw.length > 0 ? ((await request.body()) as DeleteOptions) : {};
  const grace = request.query.get('gracePeriodSeconds');
  const policy = request.query.get('propagationPolicy');
  return {
    ...body,
    ...(grace !== null ? { gracePeriodSeconds: Number(grace) } : {}),
    ...(policy ? { propagationPolicy: policy as DeleteOptions['propagationPolicy'] & string } : {}),
  };
}

/** @returns the object as it is after the call, and whether it is gone. */
export async function deleteObject(
  context: ServerContext,
  request: ApiRequest,
  target: Target,
  options: DeleteOptions,
): Promise<{ object: KubeObject; removed: boolean }> {
  const current = existing(context, target);
  checkProtected(target);
  checkPreconditions(target, current, options);
  await admitValidating(
    context,
    request,
    {
      resource: target.resource,
      operation: 'DELETE',
      object: undefined,
      old: current.object,
      subresource: '',
    },
    [],
  );
  if (isDryRun(request) || options.dryRun?.includes('All')) return { object: current.object, removed: true };
  return removeEntry(context, target.resource, current, options);
}

/** Admission plugin NamespaceLifecycle keeps the namespaces that a cluster cannot do without. */
function checkProtected({ resource, name }: Target): void {
  if (resource.group !== '' || resource.plural !== 'namespaces') return;
  if (!['default', 'kube-system', 'kube-public'].includes(name)) return;
  throw new StatusError(403, 'Forbidden', `namespaces "${name}" is forbidden: this namespace may not be deleted`, {
    name,
    kind: 'namespaces',
  });
}

function checkPreconditions(target: Target, current: Entry, options: DeleteOptions): void {
  const { uid, resourceVersion } = current.object.metadata;
  const { preconditions } = options;
  if (preconditions?.uid && preconditions.uid !== uid)
    throw conflict(
      target.resource,
      target.name,
      `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${uid}`,
    );
  if (preconditions?.resourceVersion && preconditions.resourceVersion !== resourceVersion)
    throw conflict(
      target.resource,
      target.name,
      `Precondition failed: ResourceVersion in precondition: ${preconditions.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`,
    );
}

export function removeEntry(
  context: ServerContext,
  resource: Resource,
  current: Entry,
  options: DeleteOptions,
): { object: KubeObject; removed: boolean } {
  const { object } = current;
  const { metadata } = object;
  const finalizers = withPolicy(metadata.finalizers ?? [], options);
  const grace = gracePeriod(resource, object, options);
  const waits =
    finalizers.length > 0 || grace > 0 || (resource.plural === 'namespaces' && object['spec']?.finalizers?.length > 0);
  const key = storageKey(resource);
  if (!waits) {
    const gone = context.storage.delete(key, metadata.namespace, metadata.name ?? '')?.object ?? object;
    return { object: isPod(resource) ? ended(gone) : gone, removed: true };
  }
  // A second delete may only shorten the wait.
  const already = metadata.deletionTimestamp !== undefined;
  const shorter = already && grace < (metadata.deletionGracePeriodSeconds ?? 0);
  const sameFinalizers =
    finalizers.length === (metadata.finalizers ?? []).length &&
    finalizers.every((one) => metadata.finalizers?.includes(one));
  if (already && !shorter && sameFinalizers) return { object, removed: false };
  const marked: KubeObject = {
    ...object,
    metadata: {
      ...metadata,
      deletionTimestamp:
        already && !shorter ? metadata.deletionTimestamp! : timestamp(new Date(Date.now() + grace * 1000)),
      ...(resource.plural === 'namespaces'
        ? {}
        : { deletionGracePeriodSeconds: already && !shorter ? (metadata.deletionGracePeriodSeconds ?? 0) : grace }),
      ...(finalizers.length > 0 ? { finalizers } : {}),
      ...(metadata.generation === undefined || already ? {} : { generation: metadata.generation + 1 }),
    },
    ...(resource.plural === 'namespaces' && resource.group === ''
      ? { status: { ...object['status'], phase: 'Terminating' } }
      : {}),
  };
  const { object: stored } = context.storage.put(key, marked);
  removeIfFinalized(context, resource, stored);
  return { object: stored, removed: false };
}

const isPod = ({ group, plural }: Resource): boolean => group === '' && plural === 'pods';

/** A pod that went at once, as its deletion shows it. */
function ended(pod: KubeObject): KubeObject {
  const { generation, deletionTimestamp = timestamp() } = pod.metadata;
  const already = pod.metadata.deletionTimestamp !== undefined;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      deletionTimestamp,
      deletionGracePeriodSeconds: 0,
      ...(generation === undefined || already ? {} : { generation: generation + 1 }),
    },
  };
}

/** Foreground and orphan deletion are finalizers, which the garbage collector takes off. */
function withPolicy(finalizers: string[], options: DeleteOptions): string[] {
  const policy = options.propagationPolicy ?? (options.orphanDependents === true ? 'Orphan' : undefined);
  if (policy === undefined) return finalizers;
  const others = finalizers.filter((one) => one !== 'foregroundDeletion' && one !== 'orphan');
  if (policy === 'Foreground') return [...others, 'foregroundDeletion'];
  if (policy === 'Orphan') return [...others, 'orphan'];
  return others;
}

/** Seconds: pods that run somewhere are ended by their kubelet; all else goes at once. */
function gracePeriod(resource: Resource, object: KubeObject, options: DeleteOptions): number {
  if (!isPod(resource)) return 0;
  const { phase } = object['status'] ?? {};
  if (!object['spec']?.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0;
  return options.gracePeriodSeconds ?? object['spec']?.terminationGracePeriodSeconds ?? 30;
}
