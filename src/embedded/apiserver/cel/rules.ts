/** x-kubernetes-validations: the rules that a CustomResourceDefinition sets for its objects, each evaluated where it stands in the schema. */
import type { FieldError, TypeSchema } from '../schema/index.ts';
import { compile, reasonOf } from './environment.ts';
import { toCel } from './values.ts';

interface Rule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: FieldError['reason'];
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

const withRules = new WeakMap<object, boolean>();

/** Whether a schema has rules anywhere below; most have none, and then there is nothing to load. */
export function hasRules(raw: any): boolean {
  if (raw === null || typeof raw !== 'object') return false;
  const known = withRules.get(raw);
  if (known !== undefined) return known;
  const found =
    (!Array.isArray(raw) && raw['x-kubernetes-validations']?.length > 0) ||
    Object.values(raw).some((child) => hasRules(child));
  withRules.set(raw, found);
  return found;
}

/** All rules that an object breaks. Rules that name oldSelf are for updates only, and where the old value can be told. */
export async function checkRules(value: unknown, old: unknown, schema: TypeSchema): Promise<FieldError[]> {
  const errors: FieldError[] = [];
  await walk(value, old, schema, '', errors);
  return errors;
}

async function walk(
  value: unknown,
  old: unknown,
  schema: TypeSchema | undefined,
  field: string,
  errors: FieldError[],
): Promise<void> {
  if (value === null || value === undefined || !schema || !hasRules(schema.raw)) return;
  for (const rule of (schema.raw['x-kubernetes-validations'] ?? []) as Rule[]) {
    const error = await broken(rule, value, old, schema, field);
    if (error) errors.push(error);
  }
  if (Array.isArray(value)) {
    const items = schema.items();
    const before = oldItems(old, schema);
    for (const [index, item] of value.entries()) await walk(item, before(item), items, `${field}[${index}]`, errors);
    return;
  }
  if (typeof value !== 'object') return;
  const isMap = !schema.raw.properties;
  for (const [name, child] of Object.entries(value)) {
    const path = isMap ? `${field}[${name}]` : field === '' ? name : `${field}.${name}`;
    await walk(child, (old as any)?.[name], schema.field(name), path, errors);
  }
}

/** Items of lists can be told apart by their keys only; in other lists nobody knows which was which. */
function oldItems(old: unknown, schema: TypeSchema): (item: unknown) => unknown {
  if (!Array.isArray(old) || schema.listType !== 'map') return () => undefined;
  const byKey = new Map(old.map((item) => [JSON.stringify(schema.itemKey(item)), item]));
  return (item) => byKey.get(JSON.stringify(schema.itemKey(item)));
}

async function broken(
  rule: Rule,
  value: unknown,
  old: unknown,
  schema: TypeSchema,
  field: string,
): Promise<FieldError | undefined> {
  const isTransition = /\boldSelf\b/.test(rule.rule);
  if (isTransition && old === undefined && !rule.optionalOldSelf) return undefined;
  const variables: Record<string, unknown> = { self: toCel(value, schema) };
  const { Optional } = await import('@marcbachmann/cel-js');
  if (rule.optionalOldSelf)
    variables['oldSelf'] = old === undefined ? Optional.none() : Optional.of(toCel(old, schema));
  else if (old !== undefined) variables['oldSelf'] = toCel(old, schema);
  const at = `${field}${rule.fieldPath ?? ''}`;
  const invalid = (detail: string): FieldError => ({
    reason: rule.reason ?? 'FieldValueInvalid',
    field: (field === '' ? at.replace(/^\./, '') : at) || '<nil>',
    message: `${titles[rule.reason ?? ''] ?? 'Invalid value'}${rule.reason && rule.reason !== 'FieldValueInvalid' ? '' : `: ${JSON.stringify(schema.type ?? 'object')}`}: ${detail}`,
  });
  try {
    if ((await compile(rule.rule))(variables) === true) return undefined;
  } catch (error) {
    return invalid(`rule evaluation error: ${reasonOf(error)}: evaluating rule: ${rule.rule}`);
  }
  return invalid(await messageOf(rule, variables));
}

const titles: Record<string, string> = {
  FieldValueRequired: 'Required value',
  FieldValueForbidden: 'Forbidden',
  FieldValueDuplicate: 'Duplicate value',
};

async function messageOf(rule: Rule, variables: Record<string, unknown>): Promise<string> {
  if (rule.messageExpression) {
    try {
      const message = (await compile(rule.messageExpression))(variables);
      if (typeof message === 'string' && message.trim() !== '' && !message.includes('\n')) return message;
    } catch {} // the fixed message stands in for one that cannot be made
  }
  return rule.message?.trim() || `failed rule: ${rule.rule.trim().replace(/\s+/g, ' ')}`;
}
