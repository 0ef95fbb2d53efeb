/** Schemas of built-in kinds, from the generated OpenAPI document, which is read when the first of them is needed. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { TypeSchema } from './type-schema.ts';

let byKind: Map<string, TypeSchema> | undefined;

function load(): Map<string, TypeSchema> {
  const file = new URL('../generated/openapi-v2.json.gz', import.meta.url);
  const { definitions } = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as {
    definitions: Record<string, any>;
  };
  // A number is a quantity too.
  definitions['io.k8s.apimachinery.pkg.api.resource.Quantity'] = { format: 'quantity' };
  const known = new Map<string, TypeSchema>();
  const resolve = (reference: string): TypeSchema | undefined => {
    const name = reference.replace(/^#\/definitions\//, '');
    if (!definitions[name]) return undefined;
    const schema = known.get(name) ?? new TypeSchema(definitions[name], resolve);
    known.set(name, schema);
    return schema;
  };
  const kinds = new Map<string, TypeSchema>();
  for (const [name, definition] of Object.entries(definitions))
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? [])
      if (!kind.endsWith('Options') || !kinds.has(`${group}/${version}/${kind}`))
        kinds.set(`${group}/${version}/${kind}`, resolve(name)!);
  return kinds;
}

export function builtinSchema(group: string, version: string, kind: string): TypeSchema | undefined {
  byKind ??= load();
  return byKind.get(`${group}/${version}/${kind}`);
}

/** ObjectMeta, which CustomResourceDefinitions leave out of their schemas. */
export function objectMetaSchema(): TypeSchema {
  return builtinSchema('', 'v1', 'ConfigMap')!.field('metadata')!;
}

const customSchemas = new WeakMap<object, TypeSchema>();

/** The schema of one version of a CustomResourceDefinition, with the fields that every object has. */
export function crdSchema(openAPIV3Schema: any): TypeSchema {
  const known = customSchemas.get(openAPIV3Schema);
  if (known) return known;
  const meta = objectMetaSchema();
  const properties = {
    ...openAPIV3Schema.properties,
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { $ref: 'metadata' },
  };
  const schema = new TypeSchema({ ...openAPIV3Schema, type: 'object', properties }, (reference) =>
    reference === 'metadata' ? meta : undefined,
  );
  customSchemas.set(openAPIV3Schema, schema);
  return schema;
}
