/** What makes an object whole, and what it must then hold: defaults, what its kind gives by itself, schema, rules. */
import type { KubeObject } from '../../kube/index.ts';
import { checkRules, hasRules, unreadableRules } from './cel/index.ts';
import type { ServerContext } from './context.ts';
import type { Resource } from './resources.ts';
import {
  applyDefaults,
  defaultBuiltin,
  type FieldError,
  prepareForCreate,
  schemaOf,
  type TypeSchema,
  validate,
  validateBuiltin,
} from './schema/index.ts';
import { validateMeta } from './schema/validate-builtin.ts';
import { invalid } from './status.ts';

/** In place, as decoding does it. */
export function setDefaults(resource: Resource, object: KubeObject): void {
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
export async function finish(
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
