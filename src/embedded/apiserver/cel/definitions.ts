/** A definition whose rules cannot be read is refused, not found out by the first object. */
import type { KubeObject } from '../../../kube/index.ts';
import { type FieldError, invalidValue } from '../schema/index.ts';
import { compile, reasonOf } from './environment.ts';
import { hasRules } from './rules.ts';

export async function unreadableRules(definition: KubeObject): Promise<FieldError[]> {
  const errors: FieldError[] = [];
  for (const [index, version] of (definition['spec'].versions ?? []).entries())
    await walk(version.schema?.openAPIV3Schema, `spec.versions[${index}].schema.openAPIV3Schema`, errors);
  return errors;
}

async function walk(raw: any, field: string, errors: FieldError[]): Promise<void> {
  if (!hasRules(raw)) return;
  for (const [index, one] of (raw['x-kubernetes-validations'] ?? []).entries())
    for (const name of ['rule', 'messageExpression'])
      if (one[name] !== undefined)
        await compile(one[name]).catch((error) => {
          const at = `${field}.x-kubernetes-validations[${index}].${name}`;
          errors.push(invalidValue(at, one[name], `compilation failed: ${reasonOf(error)}`));
        });
  for (const [name, child] of Object.entries(raw.properties ?? {}))
    await walk(child, `${field}.properties[${name}]`, errors);
  if (raw.items) await walk(raw.items, `${field}.items`, errors);
  if (typeof raw.additionalProperties === 'object')
    await walk(raw.additionalProperties, `${field}.additionalProperties`, errors);
}
