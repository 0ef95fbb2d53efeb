/** Rules of CustomResourceDefinitions: one stored version, and schemas that are structural. */
import { type FieldError, invalidValue, notSupported, required } from './validate.ts';

export function validateDefinition(object: any): FieldError[] {
  const { spec } = object;
  const errors: FieldError[] = [];
  const expected = `${spec.names?.plural}.${spec.group}`;
  if (object.metadata.name !== expected)
    errors.push(invalidValue('metadata.name', object.metadata.name, `must be spec.names.plural+"."+spec.group`));
  const approval = 'api-approved.kubernetes.io';
  if (/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group) && !object.metadata.annotations?.[approval])
    errors.push(
      required(`metadata.annotations[${approval}]`, `protected groups must have approval annotation "${approval}"`),
    );
  if ((spec.versions ?? []).filter((version: any) => version.storage).length !== 1)
    errors.push(invalidValue('spec.versions', '', 'must have exactly one version marked as storage version'));
  if (spec.scope !== 'Namespaced' && spec.scope !== 'Cluster')
    errors.push(notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']));
  (spec.versions ?? []).forEach((version: any, index: number) => {
    const field = `spec.versions[${index}].schema.openAPIV3Schema`;
    const schema = version.schema?.openAPIV3Schema;
    if (!schema) errors.push(required(field, 'schemas are required'));
    else checkStructure(schema, field, errors);
  });
  return errors;
}

/** Each place that values can have says its type, unless it is an integer or a string or keeps what it does not know. */
function checkStructure(schema: any, field: string, errors: FieldError[]): void {
  if (schema === null || typeof schema !== 'object') return;
  const needsType = !schema['x-kubernetes-int-or-string'] && !schema['x-kubernetes-preserve-unknown-fields'];
  if (!schema.type && needsType)
    errors.push(required(`${field}.type`, 'must not be empty for specified object fields'));
  if (schema.type === 'array' && !schema.items) errors.push(required(`${field}.items`, 'must be specified'));
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    checkStructure(child, `${field}.properties[${name}]`, errors);
  if (schema.items) checkStructure(schema.items, `${field}.items`, errors);
  if (typeof schema.additionalProperties === 'object')
    checkStructure(schema.additionalProperties, `${field}.additionalProperties`, errors);
  if (schema['x-kubernetes-list-type'] === 'map')
    for (const key of schema['x-kubernetes-list-map-keys'] ?? [])
      if (schema.items?.properties?.[key] === undefined)
        errors.push(invalidValue(`${field}.x-kubernetes-list-map-keys`, key, 'must name a property of the items'));
}
