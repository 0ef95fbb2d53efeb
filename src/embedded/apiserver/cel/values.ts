/** Objects as CEL sees them: whole numbers are integers, times and durations are what their format says, odd names are escaped. */
import type { TypeSchema } from '../schema/index.ts';

const reserved = new Set([
  'true',
  'false',
  'null',
  'in',
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
  'var',
  'void',
  'while',
]);

/** The name by which a property is reached in an expression; undefined for one that cannot be. */
export function escapeName(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`;
  const escaped = name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined;
}

/** @param schema says what numbers and strings stand for; without it they are taken as they look */
export function toCel(value: unknown, schema?: TypeSchema): unknown {
  if (typeof value === 'number') {
    const isWhole =
      schema?.type === undefined || schema.isIntOrString ? Number.isInteger(value) : schema.type === 'integer';
    return isWhole ? BigInt(value) : value;
  }
  if (typeof value === 'string') return fromText(value, schema);
  if (Array.isArray(value)) {
    const items = schema?.items();
    return value.map((item) => toCel(item, items));
  }
  if (value === null || typeof value !== 'object') return value;
  const properties = schema?.raw.properties;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, child]) => {
      if (child === null || child === undefined) return [];
      // Keys of maps are data, and stay as they are.
      const shown = properties && Object.hasOwn(properties, name) ? escapeName(name) : name;
      return shown === undefined ? [] : [[shown, toCel(child, schema?.field(name))]];
    }),
  );
}

function fromText(value: string, schema: TypeSchema | undefined): unknown {
  const format = schema?.raw.format;
  if (format === 'date-time' || format === 'date') {
    const date = new Date(value);
    return Number.isNaN(date.getTime()) ? value : date;
  }
  return format === 'byte' ? new Uint8Array(Buffer.from(value, 'base64')) : value;
}
