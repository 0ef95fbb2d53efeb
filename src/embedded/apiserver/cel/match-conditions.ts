/** matchConditions: what must hold of a request before a webhook or a policy is asked about it. */
import type { KubeObject } from '../../../kube/index.ts';
import { compile, reasonOf } from './environment.ts';
import { toCel } from './values.ts';

export interface RequestVariables {
  object: KubeObject | undefined;
  oldObject: KubeObject | undefined;
  /** The AdmissionReview's request, without the objects. */
  request: Record<string, unknown>;
}

/** The variables as expressions see them; what is absent is null. */
export const celVariables = ({ object, oldObject, request }: RequestVariables): Record<string, unknown> => ({
  object: object ? toCel(object) : null,
  oldObject: oldObject ? toCel(oldObject) : null,
  request: toCel(request),
});

/**
 * One condition that is false decides, whatever else fails.
 * @throws Error naming the condition that cannot be evaluated
 */
export async function meetsConditions(
  conditions: { name: string; expression: string }[],
  variables: RequestVariables,
): Promise<boolean> {
  const values = celVariables(variables);
  let failure: Error | undefined;
  for (const { name, expression } of conditions) {
    try {
      if ((await compile(expression))(values) !== true) return false;
    } catch (error) {
      failure ??= new Error(`matchCondition ${JSON.stringify(name)}: ${reasonOf(error)}`);
    }
  }
  if (failure) throw failure;
  return true;
}
