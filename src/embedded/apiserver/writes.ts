/**
 * Every write of an object goes through here: defaulting, admission, validation, generation, managed fields, storage. Reading is
 * elsewhere; subresources say only which part of the object they may change.
 */
import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../../kube/index.ts';
import { admitMutating, admitValidating } from './admission.ts';
import { convertAutoscaler } from './autoscaling-versions.ts';
import { checkRules, hasRules, unreadableRules } from './cel/index.ts';
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
import {
  applyDefaults,
  builtinSchema,
  crdSchema,
  defaultBuiltin,
  type FieldError,
  prepareForCreate,
  prune,
  required,
  type TypeSchema,
  validate,
  validateBuiltin,
} from './schema/index.ts';
import { validateMeta } from './schema/validate-builtin.ts';
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

export function schemaOf(resource: Resource): TypeSchema | undefined {
  const custom = resource.custom?.version.schema?.openAPIV3Schema;
  return custom ? crdSchema(custom) : builtinSchema(resource.group, resource.version, resource.kind);
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

/** Takes a body in: type and scope must fit the path, unknown fields are handled as the client asks. */
function accept(
  request: ApiRequest,
  resource: Resource,
  body: KubeObject,
  target: Target,
  warnings: string[],
): KubeObject {
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw badRequest('the body of the request is not an object');
  const wanted = apiVersion(resource);
  if (body.kind !== undefined && body.kind !== resource.kind)
    throw badRequest(
      `${body.kind} in version "${body.apiVersion}" cannot be handled as a ${resource.kind}: the kind does not match`,
    );
  if (body.apiVersion !== undefined && body.apiVersion !== wanted && body.apiVersion !== '')
    throw badRequest(
      `the API version in the data (${body.apiVersion}) does not match the expected API version (${wanted})`,
    );
  let object: KubeObject = structuredClone({
    ...body,
    apiVersion: wanted,
    kind: resource.kind,
    metadata: body.metadata ?? {},
  });
  const { namespace } = object.metadata;
  if (resource.namespaced) {
    if (namespace && namespace !== target.namespace)
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
    if (target.namespace) object.metadata.namespace = target.namespace;
  } else delete object.metadata.namespace;
  const schema = schemaOf(resource);
  if (schema) {
    // Built-in kinds are decoded into types, which fails before anything else is looked at; a patch is decoded when it is merged.
    const [wrong] = resource.custom ? [] : validate(object, schema).filter(isWrongType);
    if (wrong) throw undecodable(request, resource, target, wrong);
    const { object: known, unknown } = prune(object, schema);
    const mode = request.query.get('fieldValidation') ?? 'Ignore';
    if (unknown.length > 0 && mode !== 'Strict' && isApply(request))
      throw untyped(resource, target, `.${unknown[0]}: field not declared in schema`);
    if (unknown.length > 0 && mode === 'Strict')
      throw badRequest(
        `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: strict decoding error: ${unknown.map((path) => `unknown field "${path}"`).join(', ')}`,
      );
    if (mode === 'Warn') warnings.push(...unknown.map((path) => `unknown field "${path}"`));
    object = known;
  }
  return object;
}

function undecodable(request: ApiRequest, resource: Resource, target: Target, wrong: FieldError): StatusError {
  const { kind, group, version } = resource;
  if (request.method !== 'PATCH')
    return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${wrong.message}`);
  if (isApply(request)) return untyped(resource, target, wrong.message);
  return invalid(kind, group, target.name, [{ ...wrong, reason: 'FieldValueInvalid', field: 'patch' }]);
}

const isApply = (request: ApiRequest): boolean => String(request.headers['content-type']).includes('apply-patch');

/** What cannot be read as an object of its type cannot be applied; Kubernetes gives this no reason but the sentence. */
function untyped(resource: Resource, { namespace, name }: Target, why: string): StatusError {
  const place = namespace ? `${namespace}/${name}` : name;
  return new StatusError(
    500,
    '',
    `failed to create typed patch object (${place}; ${apiVersion(resource)}, Kind=${resource.kind}): ${why}`,
  );
}

const isWrongType = ({ reason }: FieldError): boolean => reason === 'FieldValueTypeInvalid';

function setManagers(object: KubeObject, managedFields: KubeObject['metadata']['managedFields']): void {
  if (managedFields?.length) object.metadata.managedFields = managedFields;
  else delete object.metadata.managedFields;
}

function setDefaults(resource: Resource, object: KubeObject): void {
  const schema = schemaOf(resource);
  dropNulls(object, resource.custom ? schema : undefined);
  dropEmptyMeta(object);
  if (!resource.custom) defaultBuiltin(object);
  else if (schema) applyDefaults(object, schema);
}

/** Lists and maps of metadata are left out when nothing is in them. */
function dropEmptyMeta({ metadata }: KubeObject): void {
  for (const name of ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const)
    if (metadata[name] && Object.keys(metadata[name]).length === 0) delete metadata[name];
}

const blocking: FieldError['reason'][] = [
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
  'FieldValueNotSupported',
];
const isBlocking = ({ reason }: FieldError): boolean => blocking.includes(reason);

const rulesWait: FieldError = {
  reason: 'FieldValueInvalid',
  field: '<nil>',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
};

/** Defaults of what admission has added, and all checks. */
async function finish(
  context: ServerContext,
  resource: Resource,
  object: KubeObject,
  old: KubeObject | undefined,
): Promise<void> {
  setDefaults(resource, object);
  if (!resource.custom && !old) prepareForCreate(object);
  const schema = schemaOf(resource);
  const errors: FieldError[] = schema ? validate(object, schema) : [];
  // Rules may rely on types and sizes: they are for objects that have those of their schema.
  if (resource.custom && schema && hasRules(schema.raw))
    errors.push(...(errors.some(isBlocking) ? [rulesWait] : await checkRules(object, old, schema)));
  if (errors.length === 0 && resource.plural === 'customresourcedefinitions')
    errors.push(...(await unreadableRules(object)));
  const known = new Set(errors.map(({ field, reason }) => `${field}\n${reason}`));
  const further = resource.custom ? validateMeta(object, old) : validateBuiltin(object, old);
  errors.push(...further.filter(({ field, reason }) => !known.has(`${field}\n${reason}`)));
  if (errors.length === 0 && resource.group === '' && resource.kind === 'Service')
    errors.push(...context.addresses.complete(object, old));
  if (errors.length > 0) throw invalid(resource.kind, resource.group, object.metadata.name ?? '', errors);
}

/** JSON null stands for "not set" in every typed field. Custom resources keep it where their schema allows it or says nothing. */
function dropNulls(value: any, custom: TypeSchema | undefined): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item, custom?.items());
    return;
  }
  for (const [name, child] of Object.entries(value)) {
    const schema = custom?.field(name);
    const mayBeNull = custom !== undefined && (schema === undefined || schema.raw.nullable === true);
    if (child === undefined || (child === null && !mayBeNull)) delete value[name];
    else if (custom === undefined || schema !== undefined) dropNulls(child, schema);
  }
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

function stripServerFields(object: KubeObject): void {
  for (const field of [
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'managedFields',
    'selfLink',
  ])
    delete (object.metadata as Record<string, unknown>)[field];
}

function keepServerFields(wanted: KubeObject, old: KubeObject): KubeObject {
  const {
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    managedFields,
  } = old.metadata;
  const metadata: Record<string, unknown> = { ...wanted.metadata };
  const kept = {
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    managedFields,
  };
  for (const [name, value] of Object.entries(kept)) {
    if (value === undefined) delete metadata[name];
    else metadata[name] = value;
  }
  return { ...wanted, metadata };
}

/** Kinds whose status is written through the status subresource only. */
function dropStatus(object: KubeObject, resource: Resource, old: KubeObject | undefined): void {
  if (!resource.subresources.has('status')) return;
  if (old?.['status'] !== undefined) object['status'] = old['status'];
  else delete object['status'];
}

/** The stored object with the status that is wanted: all else of the body is ignored. */
function withStatusOnly(object: KubeObject, old: KubeObject): KubeObject {
  const { status: _, ...rest } = old;
  return { ...rest, ...(object['status'] === undefined ? {} : { status: object['status'] }) };
}

/** Ephemeral containers are added by their own subresource, which changes nothing else. */
function withDebuggers(object: KubeObject, old: KubeObject, subresource: string | undefined): KubeObject {
  const [changed, kept] = subresource === 'ephemeralcontainers' ? [object, old] : [old, object];
  const { ephemeralContainers: _, ...spec } = kept['spec'];
  const added = changed['spec'].ephemeralContainers;
  return { ...kept, spec: { ...spec, ...(added ? { ephemeralContainers: added } : {}) } };
}

const withoutMeta = (object: KubeObject): unknown => ({ ...object, metadata: undefined, status: undefined });

/** Kinds without a spec have no generation, except webhook configurations. */
function hasGeneration(resource: Resource): boolean {
  if (resource.custom) return true;
  if (resource.group === 'admissionregistration.k8s.io') return true;
  return (
    ['apps', 'batch', 'policy', 'networking.k8s.io', 'apiextensions.k8s.io', 'discovery.k8s.io'].includes(
      resource.group,
    ) ||
    (resource.group === '' && ['pods', 'replicationcontrollers'].includes(resource.plural))
  );
}

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
