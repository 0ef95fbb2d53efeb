/** Turns zod's issues into sentences for people. */
import type { z } from 'zod';
import { meshJsonSchema } from './json-schema.ts';
import { nearest } from './nearest.ts';
import type { Finding, Path } from './problem.ts';
import { type MeshFile, meshFileSchema } from './schema.ts';

/** The valid file, or everything that is wrong with its shape. */
export function checkShape(value: unknown): { file: MeshFile } | { findings: Finding[] } {
  const result = meshFileSchema.safeParse(value);
  if (result.success) return { file: result.data };
  return { findings: result.error.issues.flatMap((issue) => findingsOf(issue, [], value)) };
}

type Issue = z.core.$ZodIssue;

function findingsOf(issue: Issue, parent: Path, root: unknown): Finding[] {
  const path: Path = [...parent, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  const value = valueAt(root, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key));
    case 'invalid_type':
      return [value === undefined ? missing(path) : wrongType(path, value, issue.expected)];
    case 'invalid_value':
      return [value === undefined ? missing(path) : wrongChoice(path, value, issue.values.map(String))];
    case 'invalid_union': {
      // Both forms were tried. An object was meant as the last form, whose own mistakes say most.
      const branch = isObject(value) ? issue.errors.at(-1) : undefined;
      if (branch) return branch.flatMap((inner) => findingsOf(inner, path, root));
      const choices = issue.errors
        .flat()
        .flatMap((one) => (one.code === 'invalid_value' ? one.values.map(String) : []));
      return [wrongChoice(path, value, choices, exampleAt(path))];
    }
    case 'too_small':
    case 'too_big':
      return [outOfBounds(path, value, issue)];
    case 'custom': {
      const meant = issue.params?.['meant'] as string | undefined;
      return [{ path, message: issue.message, fix: writeInstead(meant ?? exampleAt(path)) }];
    }
    default:
      return [{ path, message: `${show(value)} is not possible here`, fix: writeInstead(exampleAt(path)) }];
  }
}

function unknownKey(path: Path, key: string): Finding {
  const known = Object.keys(schemaAt(path)?.['properties'] ?? {});
  const near = nearest(key, known);
  return {
    path: [...path, key],
    atKey: true,
    message: `there is no key "${key}" here`,
    fix: near ? `did you mean ${near}?` : `known keys: ${known.join(', ')}`,
  };
}

function missing(path: Path): Finding {
  const example = exampleAt(path);
  const key = String(path.at(-1) ?? '');
  return { path, message: `${key || 'the content'} is missing`, fix: example && `write ${key}: ${example}` };
}

const typeNames: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of keys to values',
};

function wrongType(path: Path, value: unknown, expected: string): Finding {
  const example = exampleAt(path);
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  const needed = typeNames[expected] ?? expected;
  return {
    path,
    message: value === null ? `there is no value, and ${needed} is needed` : `${show(value)} is not ${needed}`,
    fix: writeInstead(example ?? (expected === 'string' && scalar ? `"${value}"` : undefined)),
  };
}

function wrongChoice(path: Path, value: unknown, choices: string[], alternative?: string): Finding {
  const near = nearest(String(value), choices);
  const all = [...choices, ...(alternative && !choices.includes(alternative) ? [alternative] : [])];
  return {
    path,
    message: `${show(value)} is not ${choices.length === 1 ? 'known here' : 'one of the choices'}`,
    fix: near ? `did you mean ${near}?` : `write ${all.join(' or ')}`,
  };
}

function outOfBounds(path: Path, value: unknown, issue: Issue & { code: 'too_small' | 'too_big' }): Finding {
  const least = issue.code === 'too_small';
  const bound = String(least ? issue.minimum : issue.maximum);
  const side = least ? 'least' : 'most';
  if (issue.origin === 'string')
    return { path, message: 'an empty text is not possible here', fix: writeInstead(exampleAt(path)) };
  if (issue.origin === 'array') {
    const length = Array.isArray(value) ? value.length : 0;
    return {
      path,
      atKey: true,
      message: `the list has ${length} entries, and at ${side} ${bound} are possible`,
      fix: undefined,
    };
  }
  return { path, message: `${show(value)} is not possible`, fix: `write ${bound} or ${least ? 'more' : 'less'}` };
}

const writeInstead = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : `write ${text}`;

function show(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`;
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'a mapping';
  return String(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** The JSON Schema of a place in the file. */
function schemaAt(path: Path): Record<string, any> | undefined {
  let schema: Record<string, any> | undefined = meshJsonSchema();
  for (const step of path) {
    const form: Record<string, any> | undefined = schema?.['anyOf']?.at(-1) ?? schema;
    schema =
      typeof step === 'number' ? form?.['items'] : (form?.['properties']?.[step] ?? form?.['additionalProperties']);
    if (typeof schema !== 'object') return undefined;
  }
  return schema?.['anyOf']?.at(-1) ?? schema;
}

function exampleAt(path: Path): string | undefined {
  const schema = schemaAt(path);
  const example = schema?.['examples']?.[0];
  if (example !== undefined) return typeof example === 'string' ? example : JSON.stringify(example);
  if (schema?.['type'] === 'boolean') return 'true or false';
  return undefined;
}
