import type { Resource } from '../resources.ts';
import { builtinSchema, crdSchema } from './builtin.ts';
import type { TypeSchema } from './type-schema.ts';

/** The schema of a resource's version: of its definition, or the one built in. */
export function schemaOf(resource: Resource): TypeSchema | undefined {
  const custom = resource.custom?.version.schema?.openAPIV3Schema;
  return custom ? crdSchema(custom) : builtinSchema(resource.group, resource.version, resource.kind);
}
