/** Completion of keys and values by the schema of the object's kind. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { placeOf, type Schema, schemaAt } from './schema-path.ts';

export function completeBy(schema: Schema) {
  return (context: CompletionContext): CompletionResult | null => {
    const text = context.state.doc.toString();
    const place = placeOf(text.slice(0, context.pos), text.slice(context.pos));
    const word = context.matchBefore(/[\w.-]*/);
    if (!word || (word.from === word.to && !context.explicit)) return null;
    const options =
      place.key === undefined
        ? keysOf(schemaAt(schema, place.path), place.siblings)
        : valuesOf(schemaAt(schema, [...place.path, place.key]));
    return options.length > 0 ? { from: word.from, options, validFor: /^[\w.-]*$/ } : null;
  };
}

/** The keys that may still be written, those that must be first. */
export function keysOf(schema: Schema | undefined, present: string[]): Completion[] {
  return Object.entries(schema?.properties ?? {})
    .filter(([key]) => !present.includes(key))
    .map(([key, property]): Completion => {
      const required = schema?.required?.includes(key) ?? false;
      return {
        label: key,
        type: 'property',
        detail: `${typeOf(property)}${required ? ', required' : ''}`,
        apply: `${key}:${property.type === 'object' || property.type === 'array' ? '' : ' '}`,
        boost: required ? 1 : 0,
        ...(property.description ? { info: property.description } : {}),
      };
    });
}

export function valuesOf(schema: Schema | undefined): Completion[] {
  if (schema?.type === 'boolean') return ['true', 'false'].map((label) => ({ label, type: 'constant' }));
  return (schema?.enum ?? []).filter((value) => typeof value === 'string').map((label) => ({ label, type: 'enum' }));
}

function typeOf(schema: Schema): string {
  if (schema.enum) return 'one of a list';
  return schema.type === 'array' ? `list of ${schema.items?.type ?? 'values'}` : (schema.type ?? 'value');
}
