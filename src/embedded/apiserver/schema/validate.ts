/** Checks objects against their schema; removes what the schema does not know; fills in the schema's defaults. */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { canonicalQuantity, isQuantity } from './quantity.ts';
import type { TypeSchema } from './type-schema.ts';

export interface FieldError {
  reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueForbidden'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueNotFound'
    | 'FieldValueTypeInvalid';
  field: string;
  message: string;
}

export const required = (field: string, detail = ''): FieldError => ({
  reason: 'FieldValueRequired',
  field,
  message: detail ? `Required value: ${detail}` : 'Required value',
});
export const invalidValue = (field: string, value: unknown, detail: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
});
export const forbidden = (field: string, detail: string): FieldError => ({
  reason: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${detail}`,
});
export const duplicate = (field: string, value: unknown): FieldError => ({
  reason: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${JSON.stringify(value)}`,
});
export const notSupported = (field: string, value: unknown, supported: readonly unknown[]): FieldError => ({
  reason: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => JSON.stringify(one)).join(', ')}`,
});
const wrongType = (field: string, value: unknown, wanted: string): FieldError => ({
  reason: 'FieldValueTypeInvalid',
  field,
  message: `Invalid value: ${JSON.stringify(typeOf(value))}: ${field} in body must be of type ${wanted}: ${JSON.stringify(typeOf(value))}`,
});

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** Structural validation. Null stands for "not set", as in Kubernetes' own decoding. */
export function validate(value: unknown, schema: TypeSchema, field = ''): FieldError[] {
  const errors: FieldError[] = [];
  check(value, schema, field, errors);
  return errors;
}

function check(value: unknown, schema: TypeSchema, field: string, errors: FieldError[]): void {
  if (value === null || value === undefined || errors.length > 50) return;
  const { raw } = schema;
  if (schema.isIntOrString) {
    if (typeof value !== 'string' && !Number.isInteger(value)) errors.push(wrongType(field, value, 'integer,string'));
    return;
  }
  if (schema.isQuantity) {
    if (!isQuantity(value)) errors.push(wrongType(field, value, 'quantity'));
    return;
  }
  const actual = typeOf(value);
  if (raw.type && actual !== raw.type && !(raw.type === 'number' && actual === 'integer')) {
    errors.push(wrongType(field, value, raw.type));
    return;
  }
  if (raw.enum && !raw.enum.includes(value)) errors.push(notSupported(field, value, raw.enum));
  if (typeof value === 'string') checkString(value, raw, field, errors);
  else if (typeof value === 'number') checkNumber(value, raw, field, errors);
  else if (Array.isArray(value)) checkList(value, schema, field, errors);
  else if (typeof value === 'object') checkObject(value as Record<string, unknown>, schema, field, errors);
  checkAlternatives(value, raw, field, errors);
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function checkString(value: string, raw: any, field: string, errors: FieldError[]): void {
  if (raw.format === 'byte' && !base64.test(value.replace(/[\r\n]/g, '')))
    errors.push({ reason: 'FieldValueTypeInvalid', field, message: `${field}: illegal base64 data` });
  if (raw.maxLength !== undefined && value.length > raw.maxLength)
    errors.push({
      reason: 'FieldValueTooLong',
      field,
      message: `Too long: may not be more than ${raw.maxLength} bytes`,
    });
  if (raw.minLength !== undefined && value.length < raw.minLength)
    errors.push(invalidValue(field, value, `${field} in body should be at least ${raw.minLength} chars long`));
  if (raw.pattern && !matchesPattern(raw.pattern, value))
    errors.push(invalidValue(field, value, `${field} in body should match '${raw.pattern}'`));
  const isOfFormat = formats[raw.format];
  if (isOfFormat && !isOfFormat(value))
    errors.push({
      reason: 'FieldValueTypeInvalid',
      field,
      message: `Invalid value: ${JSON.stringify(value)}: ${field} in body must be of type ${raw.format}: ${JSON.stringify(value)}`,
    });
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Formats that Kubernetes checks; others it takes as a remark. */
const formats: Record<string, (value: string) => boolean> = {
  'date-time': (value) => rfc3339.test(value) && !Number.isNaN(Date.parse(value)),
  date: (value) => /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)),
  ipv4: (value) => isIPv4(value),
  ipv6: (value) => isIPv6(value),
  cidr: (value) => {
    const [address = '', bits = ''] = value.split('/');
    return /^\d+$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128) && isIP(address) !== 0;
  },
  uuid: (value) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(value),
};

function matchesPattern(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true; // RE2 syntax that JavaScript lacks: not judged
  }
}

function checkNumber(value: number, raw: any, field: string, errors: FieldError[]): void {
  if (raw.minimum !== undefined && (raw.exclusiveMinimum ? value <= raw.minimum : value < raw.minimum))
    errors.push(invalidValue(field, value, `${field} in body should be greater than or equal to ${raw.minimum}`));
  if (raw.maximum !== undefined && (raw.exclusiveMaximum ? value >= raw.maximum : value > raw.maximum))
    errors.push(invalidValue(field, value, `${field} in body should be less than or equal to ${raw.maximum}`));
}

function checkList(value: unknown[], schema: TypeSchema, field: string, errors: FieldError[]): void {
  const { raw } = schema;
  if (raw.minItems !== undefined && value.length < raw.minItems)
    errors.push(invalidValue(field, value.length, `${field} in body should have at least ${raw.minItems} items`));
  if (raw.maxItems !== undefined && value.length > raw.maxItems)
    errors.push({
      reason: 'FieldValueTooMany',
      field,
      message: `Too many: ${value.length}: must have at most ${raw.maxItems} items`,
    });
  const items = schema.items();
  if (!items) return;
  value.forEach((item, index) => {
    check(item, items, `${field}[${index}]`, errors);
  });
  if (schema.listType === 'set')
    value.forEach((item, index) => {
      const first = value.findIndex((other) => JSON.stringify(other) === JSON.stringify(item));
      if (first < index) errors.push(duplicate(`${field}[${index}]`, item));
    });
  if (schema.listType === 'map') {
    const seen = new Set<string>();
    value.forEach((item, index) => {
      const key = JSON.stringify(schema.itemKey(item));
      if (seen.has(key)) errors.push(duplicate(`${field}[${index}]`, schema.itemKey(item)));
      seen.add(key);
    });
  }
}

function checkObject(value: Record<string, unknown>, schema: TypeSchema, field: string, errors: FieldError[]): void {
  const at = (name: string) => (field === '' ? name : `${field}.${name}`);
  for (const name of schema.raw.required ?? [])
    if (value[name] === undefined || value[name] === null) errors.push(required(at(name)));
  for (const [name, child] of Object.entries(value)) {
    const childSchema = schema.field(name);
    if (childSchema) check(child, childSchema, at(name), errors);
  }
}

/** oneOf, anyOf, allOf and not, as structural schemas use them: on required fields and simple values. */
function checkAlternatives(value: unknown, raw: any, field: string, errors: FieldError[]): void {
  const holds = (alternative: any): boolean => fits(value, alternative);
  if (raw.oneOf && raw.oneOf.filter(holds).length !== 1)
    errors.push(invalidValue(field, '', `${field || '<nil>'} must validate one and only one schema (oneOf)`));
  if (raw.anyOf && !raw.anyOf.some(holds))
    errors.push(invalidValue(field, '', `${field || '<nil>'} must validate at least one schema (anyOf)`));
  if (raw.allOf && !raw.allOf.every(holds))
    errors.push(invalidValue(field, '', `${field || '<nil>'} must validate all the schemas (allOf)`));
  if (raw.not && holds(raw.not))
    errors.push(invalidValue(field, '', `${field || '<nil>'} must not validate the schema (not)`));
}

function fits(value: unknown, schema: any): boolean {
  if (schema.not && fits(value, schema.not)) return false;
  if (schema.anyOf && !schema.anyOf.some((one: any) => fits(value, one))) return false;
  if (schema.oneOf && schema.oneOf.filter((one: any) => fits(value, one)).length !== 1) return false;
  if (schema.allOf && !schema.allOf.every((one: any) => fits(value, one))) return false;
  if (schema.enum && !schema.enum.includes(value)) return false;
  if (schema.type && typeOf(value) !== schema.type && !(schema.type === 'number' && typeof value === 'number'))
    return false;
  if (typeof value === 'string') {
    if (schema.pattern && !matchesPattern(schema.pattern, value)) return false;
    if (schema.maxLength !== undefined && value.length > schema.maxLength) return false;
    if (schema.minLength !== undefined && value.length < schema.minLength) return false;
    if (schema.format === 'ipv4' && !/^\d+\.\d+\.\d+\.\d+$/.test(value)) return false;
  }
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const object = value as Record<string, unknown>;
    if ((schema.required ?? []).some((name: string) => object[name] === undefined)) return false;
    for (const [name, child] of Object.entries(schema.properties ?? {}))
      if (object[name] !== undefined && !fits(object[name], child)) return false;
  }
  return true;
}

/** A copy without the fields that the schema does not know, and the paths of those. Quantities get the one form that they are kept in. */
export function prune<T>(value: T, schema: TypeSchema): { object: T; unknown: string[] } {
  const unknown: string[] = [];
  return { object: pruned(value, schema, '', unknown) as T, unknown };
}

function pruned(value: unknown, schema: TypeSchema, field: string, unknown: string[]): unknown {
  if (Array.isArray(value)) {
    const items = schema.items();
    return items ? value.map((item, index) => pruned(item, items, `${field}[${index}]`, unknown)) : value;
  }
  if (schema.isQuantity) return canonicalQuantity(value);
  if (value === null || typeof value !== 'object') return value;
  const kept: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(value)) {
    const childSchema = schema.field(name);
    const path = field === '' ? name : `${field}.${name}`;
    if (childSchema) kept[name] = pruned(child, childSchema, path, unknown);
    else if (schema.isOpen) kept[name] = child;
    else unknown.push(path);
  }
  return kept;
}

/** Fills in defaults of the schema, in place, also inside what is there. */
export function applyDefaults(value: unknown, schema: TypeSchema): void {
  if (Array.isArray(value)) {
    const items = schema.items();
    if (items) for (const item of value) applyDefaults(item, items);
    return;
  }
  if (value === null || typeof value !== 'object') return;
  const object = value as Record<string, unknown>;
  for (const [name, property] of Object.entries<any>(schema.raw.properties ?? {})) {
    if (object[name] === undefined && property.default !== undefined) object[name] = structuredClone(property.default);
    if (object[name] === null && property.default !== undefined && property.nullable !== true)
      object[name] = structuredClone(property.default);
  }
  for (const [name, child] of Object.entries(object)) {
    const childSchema = schema.field(name);
    if (childSchema) applyDefaults(child, childSchema);
  }
}
