/**
 * Every write of an object goes through here: a body is accepted, completed, admitted, checked, tracked and stored, in the order in which
 * Kubernetes does it. Reading is elsewhere.
 */
import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../../kube/index.ts';
import { accept } from './accept.ts';
import { admitMutating, admitValidating } from './admission.ts';
import { convertAutoscaler } from './autoscaling-versions.ts';
import { finish, setDefaults } from './complete.ts';
import { type ApiRequest, fieldManagerOf, isDryRun, type ServerContext, timestamp } from './context.ts';
import { addJobSelector } from './job-selector.ts';
import {
  ApplyConflict,
  applyPatch,
  isSame,
  PatchError,
  type PatchKind,
  serverSideApply,
  trackUpdate,
  type Writer,
} from './merge/index.ts';
import { randomSuffix } from './names.ts';
import { apiVersion, type Resource, storageKey } from './resources.ts';
import { required, schemaOf } from './schema/index.ts';
import {
  dropStatus,
  hasGeneration,
  keepServerFields,
  setManagers,
  stripServerFields,
  withDebuggers,
  withStatusOnly,
} from './server-fields.ts';
import { alreadyExists, badRequest, conflict, invalid, modified, notFound, StatusError } from './status.ts';
import type { Entry } from './storage.ts';

export interface Target {
  resource: Resource;
  namespace: string | undefined;
  name: string;
  subresource?: string | undefined;
}

export interface WriteResult {
  object: KubeObject;
  created: boolean;
  warnings: string[];
}

/** POST. */
export async function createObject(
  context: ServerContext,
  request: ApiRequest,
  target: Target,
  body: KubeObject,
): Promise<WriteResult> {
  const { resource } = target;
  const warnings: string[] = [];
  let object = accept(request, resource, body, target, warnings);
  if (!object.metadata.name && object.metadata.generateName)
    object.metadata.name = object.metadata.generateName + randomSuffix();
  checkNamespace(context, resource, object.metadata);
  if (
    object.metadata.name &&
    context.storage.get(storageKey(resource), object.metadata.namespace, object.metadata.name)
  )
    throw alreadyExists(resource, object.metadata.name);
  stripServerFields(object);
  dropStatus(object, resource, undefined);
  setDefaults(resource, object);
  // The client owns what it sent and what decoding made of it; what webhooks and the server add is nobody's.
  const { status: _, ...sent } = object;
  const { managedFields } = track(
    request,
    resource,
    undefined,
    resource.subresources.has('status') ? (sent as KubeObject) : object,
    undefined,
  ).metadata;
  object = await admitMutating(context, request, {
    resource,
    operation: 'CREATE',
    object,
    old: undefined,
    subresource: '',
  });
  await finish(context, resource, object, undefined);
  await admitValidating(
    context,
    request,
    { resource, operation: 'CREATE', object, old: undefined, subresource: '' },
    warnings,
  );
  setManagers(object, managedFields);
  if (context.storage.get(storageKey(resource), object.metadata.namespace, object.metadata.name ?? ''))
    throw alreadyExists(resource, object.metadata.name ?? '');
  object.metadata.uid = randomUUID();
  if (resource.group === 'batch' && resource.plural === 'jobs') addJobSelector(object);
  object.metadata.creationTimestamp = timestamp();
  if (hasGeneration(resource)) object.metadata.generation = 1;
  return { object: store(context, request, resource, object), created: true, warnings };
}

/** PUT, of the object or a subresource of it. */
export async function replaceObject(
  context: ServerContext,
  request: ApiRequest,
  target: Target,
  body: KubeObject,
): Promise<WriteResult> {
  const warnings: string[] = [];
  const object = accept(request, target.resource, body, target, warnings);
  if (object.metadata.name && object.metadata.name !== target.name)
    throw badRequest(
      `the name of the object (${object.metadata.name}) does not match the name on the URL (${target.name})`,
    );
  object.metadata.name = target.name;
  const current = existing(context, target);
  return update(context, request, target, current, object, warnings);
}

/** PATCH: one of the three merging kinds, tried again when somebody else writes in between. */
export async function patchObject(
  context: ServerContext,
  request: ApiRequest,
  target: Target,
  patch: unknown,
  kind: PatchKind,
): Promise<WriteResult> {
  for (let attempt = 0; ; attempt++) {
    const current = existing(context, target);
    const shown = atVersion(current.object, target.resource);
    if (target.resource.custom && kind === 'strategic')
      throw new StatusError(
        415,
        'UnsupportedMediaType',
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
      );
    let patched: KubeObject;
    try {
      patched = applyPatch(shown, patch, kind, schemaOf(target.resource));
    } catch (error) {
      if (error instanceof PatchError)
        throw new StatusError(error.code, error.code === 400 ? 'BadRequest' : 'Invalid', error.message);
      throw error;
    }
    const warnings: string[] = [];
    const object = accept(request, target.resource, patched, target, warnings);
    if (object.metadata.name !== target.name)
      throw badRequest(
        `the name of the object (${object.metadata.name}) does not match the name on the URL (${target.name})`,
      );
    const stated = (patch as any)?.metadata?.resourceVersion !== undefined;
    try {
      return await update(context, request, target, current, object, warnings);
    } catch (error) {
      if (error instanceof StatusError && error.status.reason === 'Conflict' && !stated && attempt < 5) continue;
      throw error;
    }
  }
}

/** PATCH with apply: creates the object when there is none. */
export async function applyObject(
  context: ServerContext,
  request: ApiRequest,
  target: Target,
  body: KubeObject,
): Promise<WriteResult> {
  const { resource } = target;
  if (!request.query.get('fieldManager'))
    throw invalid('PatchOptions', 'meta.k8s.io', '', [required('fieldManager', 'is required for apply patch')]);
  const warnings: string[] = [];
  const applied = accept(request, resource, body, target, warnings);
  applied.metadata.name ??= target.name;
  if (applied.metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil');
  if (applied.metadata.name !== target.name)
    throw badRequest(
      `the name of the object (${applied.metadata.name}) does not match the name on the URL (${target.name})`,
    );
  const force = request.query.get('force') === 'true';
  for (let attempt = 0; ; attempt++) {
    const current = context.storage.get(storageKey(resource), target.namespace, target.name);
    if (!current && target.subresource) throw notFound(resource, target.name);
    const stated = applied.metadata.resourceVersion;
    if (stated && stated !== current?.object.metadata.resourceVersion) throw conflict(resource, target.name, modified);
    const shown = current && atVersion(current.object, resource);
    let merged: KubeObject;
    try {
      merged = serverSideApply(
        shown,
        scoped(applied, target.subresource),
        schemaOf(resource),
        writer(request, resource, target.subresource),
        force,
      );
    } catch (error) {
      if (!(error instanceof ApplyConflict)) throw error;
      throw new StatusError(409, 'Conflict', error.message, {
        causes: error.conflicts.map(({ field, message }) => ({ reason: 'FieldManagerConflict', field, message })),
      });
    }
    if (current && merged === shown) return { object: shown, created: false, warnings };
    if (!current) {
      checkNamespace(context, resource, target);
      const managed = merged.metadata.managedFields;
      let object: KubeObject = structuredClone(merged);
      delete object.metadata.managedFields;
      dropStatus(object, resource, undefined);
      object = await admitMutating(context, request, {
        resource,
        operation: 'CREATE',
        object,
        old: undefined,
        subresource: '',
      });
      await finish(context, resource, object, undefined);
      await admitValidating(
        context,
        request,
        {
          resource,
          operation: 'CREATE',
          object,
          old: undefined,
          subresource: '',
        },
        warnings,
      );
      if (context.storage.get(storageKey(resource), target.namespace, target.name)) continue;
      object.metadata.uid = randomUUID();
      if (resource.group === 'batch' && resource.plural === 'jobs') addJobSelector(object);
      object.metadata.creationTimestamp = timestamp();
      if (hasGeneration(resource)) object.metadata.generation = 1;
      setManagers(object, managed);
      return { object: store(context, request, resource, object), created: true, warnings };
    }
    try {
      return await update(
        context,
        request,
        target,
        current,
        structuredClone(merged),
        warnings,
        merged.metadata.managedFields,
      );
    } catch (error) {
      if (error instanceof StatusError && error.status.reason === 'Conflict' && !stated && attempt < 5) continue;
      throw error;
    }
  }
}

/** Only the part of a configuration that a subresource may change. */
function scoped(applied: KubeObject, subresource: string | undefined): KubeObject {
  if (subresource === 'status')
    return {
      apiVersion: applied.apiVersion!,
      kind: applied.kind!,
      metadata: identity(applied),
      status: applied['status'],
    };
  const { status: _, ...rest } = applied;
  return rest as KubeObject;
}

const identity = (object: KubeObject) => ({
  name: object.metadata.name!,
  ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
});

async function update(
  context: ServerContext,
  request: ApiRequest,
  target: Target,
  current: Entry,
  wanted: KubeObject,
  warnings: string[],
  appliedManagers?: KubeObject['metadata']['managedFields'],
): Promise<WriteResult> {
  const { resource, subresource } = target;
  const old = atVersion(current.object, resource);
  const version = wanted.metadata.resourceVersion;
  if (version && version !== current.object.metadata.resourceVersion) throw conflict(resource, target.name, modified);
  if (wanted.metadata.uid && wanted.metadata.uid !== old.metadata.uid)
    throw conflict(
      resource,
      target.name,
      `Precondition failed: UID in precondition: ${wanted.metadata.uid}, UID in object meta: ${old.metadata.uid}`,
    );
  let object = keepServerFields(wanted, old);
  if (subresource === 'status') object = withStatusOnly(object, old);
  else dropStatus(object, resource, old);
  if (resource.group === '' && resource.plural === 'pods') object = withDebuggers(object, old, subresource);
  if (!appliedManagers) setDefaults(resource, object);
  const managedFields = appliedManagers ?? track(request, resource, old, object, subresource).metadata.managedFields;
  object = await admitMutating(context, request, {
    resource,
    operation: 'UPDATE',
    object,
    old,
    subresource: subresource ?? '',
  });
  await finish(context, resource, object, old);
  await admitValidating(
    context,
    request,
    {
      resource,
      operation: 'UPDATE',
      object,
      old,
      subresource: subresource ?? '',
    },
    warnings,
  );
  setManagers(object, managedFields);
  const generation = old.metadata.generation;
  if (hasGeneration(resource) && subresource !== 'status' && !isSame(withoutMeta(object), withoutMeta(old)))
    object.metadata.generation = (generation ?? 1) + 1;
  else if (generation !== undefined) object.metadata.generation = generation;
  // Asynchronous admission may have let somebody else in.
  const now = context.storage.get(storageKey(resource), target.namespace, target.name);
  if (!now) throw notFound(resource, target.name);
  if (now.revision !== current.revision) throw conflict(resource, target.name, modified);
  if (isSame(comparable(object), comparable(old))) return { object: old, created: false, warnings };
  const stored = store(context, request, resource, object);
  if (!isDryRun(request)) removeIfFinalized(context, resource, stored);
  return { object: stored, created: false, warnings };
}

/** Without what a write that changes nothing changes all the same: the version, and the times at which managers last wrote. */
function comparable(object: KubeObject): unknown {
  const managedFields = object.metadata.managedFields?.map(({ time: _, ...entry }) => entry);
  return { ...object, metadata: { ...object.metadata, resourceVersion: '', managedFields } };
}

/** An object that waits for its finalizers goes with the last of them. */
export function removeIfFinalized(context: ServerContext, resource: Resource, object: KubeObject): void {
  const { metadata } = object;
  if (!metadata.deletionTimestamp || metadata.finalizers?.length) return;
  if (resource.plural === 'namespaces' && object['spec']?.finalizers?.length) return;
  if (resource.plural === 'pods' && metadata.deletionGracePeriodSeconds !== 0) return;
  context.storage.delete(storageKey(resource), metadata.namespace, metadata.name ?? '');
}

export function existing(context: ServerContext, target: Target): Entry {
  const entry = context.storage.get(storageKey(target.resource), target.namespace, target.name);
  if (!entry) throw notFound(target.resource, target.name);
  return entry;
}

/** The object as the asked version of its resource shows it. Versions differ by name only, but for autoscalers. */
export function atVersion(object: KubeObject, resource: Resource): KubeObject {
  const wanted = apiVersion(resource);
  if (resource.group === 'autoscaling' && object.apiVersion !== wanted) return convertAutoscaler(object, wanted);
  return object.apiVersion === wanted ? object : { ...object, apiVersion: wanted, kind: resource.kind };
}

/** Something may be created in this namespace. */
function checkNamespace(
  context: ServerContext,
  resource: Resource,
  { namespace, name = '' }: { namespace?: string | undefined; name?: string | undefined },
): void {
  if (!resource.namespaced) return;
  if (!namespace) throw badRequest('an empty namespace may not be set during creation');
  const entry = context.storage.get('/namespaces', undefined, namespace);
  if (!entry) throw notFound({ group: '', plural: 'namespaces' }, namespace);
  if (entry.object.metadata.deletionTimestamp)
    throw new StatusError(
      403,
      'Forbidden',
      `${resource.plural} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
      {
        name,
        ...(resource.group ? { group: resource.group } : {}),
        kind: resource.plural,
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: `namespace ${namespace} is being terminated`,
            field: 'metadata.namespace',
          },
        ],
      },
    );
}

const withoutMeta = (object: KubeObject): unknown => ({ ...object, metadata: undefined, status: undefined });

function writer(request: ApiRequest, resource: Resource, subresource: string | undefined): Writer {
  return { manager: fieldManagerOf(request), apiVersion: apiVersion(resource), subresource, now: timestamp() };
}

function track(
  request: ApiRequest,
  resource: Resource,
  old: KubeObject | undefined,
  object: KubeObject,
  subresource: string | undefined,
): KubeObject {
  return trackUpdate(old, object, schemaOf(resource), writer(request, resource, subresource));
}

function store(context: ServerContext, request: ApiRequest, resource: Resource, object: KubeObject): KubeObject {
  if (isDryRun(request)) return object;
  return context.storage.put(storageKey(resource), object).object;
}
